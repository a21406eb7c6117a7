"""Every family on tiny data: each passes the shared tests, and training teaches something."""

import functools

import numpy as np
import pandas as pd
import pytest
import torch
from modality_data import digits, series, table, texts, tiny
from torch import nn

from advisor.data import load_dataset, prepare
from advisor.models import FAMILIES, ModuleFamily, get_family
from advisor.testing.families import FamilyConformance
from advisor.testing.families import complete as complete_of
from advisor.testing.families import fit as fit_of
from knowledge_base.space import SpaceDefinition

tiny = functools.cache(tiny)


def complete(family, **changes):
    return complete_of(get_family(family), **changes)


def fit(family, data=None, epochs=1, **changes):
    return fit_of(get_family(family), tiny(family) if data is None else data, epochs, **changes)


@pytest.mark.parametrize("name", FAMILIES)
class TestBuiltIn(FamilyConformance):
    @pytest.fixture
    def family(self, name):
        return get_family(name)

    @pytest.fixture
    def data(self, name):
        return tiny(name)


class TestOwnNetwork(FamilyConformance):
    @pytest.fixture
    def family(self):
        rate = {"type": "float", "low": 1e-3, "high": 0.1, "log": True}
        bias = {"type": "categorical", "choices": ["yes", "no"]}
        both = {"learning_rate": rate, "bias": bias}
        space = SpaceDefinition.from_dict({"name": "linear", "hyperparameters": both})
        return ModuleFamily(lambda config, n, m: nn.Linear(n, m, config["bias"] == "yes"), space)

    @pytest.fixture
    def data(self):
        return tiny("mlp")


@pytest.mark.parametrize("normalisation", ["batch", "layer"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_last_batch_of_one_row(family, normalisation):
    data = prepare({"mlp": table, "cnn": digits, "rnn": texts, "forecaster": series}[family](56))
    if family != "forecaster":
        assert len(data.x_train) == 33
    outcome = fit(family, data, batch_size=16, normalisation=normalisation)
    assert outcome.state == "complete"


def test_reading_from_right_to_left_ends_with_the_first_word():
    """However much padding stands before it."""
    chosen = complete("rnn", bidirectional="yes", dropout=0.0)
    data = tiny("rnn").few()
    network = get_family("rnn").build(chosen, get_family("rnn").adapt(chosen, data)).eval()
    seen = []
    network.head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    words = torch.tensor([[5, 7, 9]])
    with torch.no_grad():
        network(words)
        network(torch.cat([torch.zeros(1, 6, dtype=torch.long), words], 1))
    short, long = (vector[0, -chosen["units"] :] for vector in seen)
    assert short.numpy() == pytest.approx(long.numpy(), abs=1e-6)


@pytest.mark.parametrize("shape", [(4, 4), (5, 7), (4, 40), (31, 9)])
@pytest.mark.parametrize("pooling", ["max", "average", "stride"])
def test_images_of_any_size_and_channels(shape, pooling):
    pixels = np.random.default_rng(0).random((30, *shape, 4))
    data = prepare(_noise(pixels))
    outcome = fit("cnn", data, conv_layers=4, pooling=pooling, kernel_size="7")
    assert outcome.state == "complete"


def _noise(pixels):
    from advisor.data.images import to_images

    return to_images(pixels, pd.Series(np.arange(len(pixels)) % 2), "noise", "test")


# Learning is real


def test_a_network_for_images_reads_digits():
    data = prepare(digits(600))
    outcome = fit("cnn", data, epochs=8, channels=12, learning_rate=5e-3, normalisation="batch")
    shares = np.bincount(data.y_test) / len(data.y_test)
    assert outcome.metrics["test_accuracy"] > 0.8 > 4 * shares.max()


def test_augmentation_changes_training_but_not_evaluation():
    data = tiny("cnn")
    plain, changed = (fit("cnn", data, epochs=2, augmentation=a) for a in (0.0, 1.0))
    assert plain.curve[0].train_loss != changed.curve[0].train_loss
    network = get_family("cnn").build(complete("cnn", augmentation=1.0, dropout=0.5), data).eval()
    x = torch.from_numpy(data.x_test)
    with torch.no_grad():
        assert torch.equal(network(x), network(x))
    assert (tiny("cnn").x_train == data.x_train).all()


@pytest.mark.parametrize("bidirectional", ["no", "yes"])
def test_a_network_for_texts_finds_the_telling_words(bidirectional):
    data = prepare(texts(240))
    outcome = fit("rnn", data, epochs=6, learning_rate=0.03, bidirectional=bidirectional)
    assert outcome.metrics["test_accuracy"] > 0.85


@pytest.mark.parametrize("differencing", ["first", "seasonal"])
def test_forecasts_of_a_season_are_better_than_naive_ones(differencing):
    """Better than repeating the last point; with seasonal differences than the last week, too."""
    data = prepare(series())
    outcome = fit("forecaster", data, epochs=20, learning_rate=0.02, window=14, n_layers=1,
                  scaling="series", differencing=differencing)  # fmt: skip
    (values,) = data.series
    origins = np.arange(320, 394)[:, None]
    after = origins + np.arange(7)
    last_point = np.abs(values[after] - values[origins - 1]).mean()
    last_week = np.abs(values[after] - values[after - 7]).mean()
    assert outcome.metrics["test_mae"] < last_point / 2
    if differencing == "seasonal":
        assert outcome.metrics["test_mae"] < last_week
        assert outcome.metrics["test_mase"] < 1


def test_embeddings_and_residual_blocks_learn_a_table():
    data = prepare(table(400))
    outcome = fit("mlp", data, epochs=20, learning_rate=0.01, units=32, n_layers=3,
                  block="residual", embedding="4")  # fmt: skip
    assert outcome.metrics["test_accuracy"] > 0.85


def test_waves_learn_what_goes_up_and_down():
    """A network without them takes far longer to follow four turns of one column."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.uniform(size=600), "z": rng.normal(size=600)})
    frame["y"] = np.sin(2 * np.pi * 4 * frame["x"])
    data = prepare(load_dataset(frame, "y"))
    errors = [
        fit("mlp", data, epochs=15, learning_rate=0.01, units=32, dropout=0.0, numeric=numeric)
        .metrics["test_rmse"]
        for numeric in ("plain", "periodic")
    ]  # fmt: skip
    assert errors[1] < 0.5 * errors[0]
