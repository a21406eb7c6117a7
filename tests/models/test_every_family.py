"""Every family on tiny data: each choice builds and trains, and training teaches something."""

import functools

import numpy as np
import pytest
import torch
from modality_data import digits, series, table, texts, tiny

from advisor.data import prepare
from advisor.encoding import sobol
from advisor.metrics import default_metric
from advisor.models import FAMILIES, get_family
from advisor.training import train

tiny = functools.cache(tiny)

CHOICES = [
    (family, h.name, choice)
    for family in FAMILIES
    for h in get_family(family).space().hyperparameters.values()
    for choice in h.choices or ()
]
SMALL = {"units": 16, "n_layers": 2, "channels": 4, "window": 8, "embedding_size": 8,
         "sequence_length": 16, "batch_size": 16}  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def complete(family, **changes):
    space = get_family(family).space()
    known = {n: v for n, v in {**SMALL, **changes}.items() if n in space.hyperparameters}
    start = {"momentum": 0.9, **get_family(family).default()}
    return space.complete({**start, **known})


def fit(family, data=None, epochs=1, **changes):
    data = tiny(family) if data is None else data
    metric = default_metric(data.kind).name
    config = complete(family, **changes)
    return train(get_family(family), config, data, metric=metric, seed=0, max_epochs=epochs)


@pytest.mark.parametrize(("family", "name", "choice"), CHOICES)
def test_every_choice_trains(family, name, choice):
    outcome = fit(family, **{name: choice})
    assert (outcome.state, outcome.epochs, outcome.error) == ("complete", 1, None)
    assert np.isfinite(outcome.value)
    assert {f"test_{default_metric(tiny(family).kind).name}"} <= set(outcome.metrics)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("end", ["low", "high"])
def test_the_corners_of_the_space_train(family, end):
    """Wide layers are left out at the high end: they only take time."""
    space = get_family(family).space().hyperparameters.values()
    ends = {h.name: getattr(h, end) for h in space if not h.choices}
    slow = {"units": 64, "channels": 8, "learning_rate": 0.1} if end == "high" else {}
    known = {name: value for name, value in slow.items() if name in ends}
    outcome = fit(family, **{**ends, **known, "normalisation": "batch", "optimizer": "sgd"})
    assert outcome.state in ("complete", "diverged")
    assert end == "high" or outcome.state == "complete"


@pytest.mark.parametrize("family", FAMILIES)
def test_random_configurations_of_the_whole_space_can_be_built(family):
    data = tiny(family).few()
    for config in sobol(get_family(family).space(), 16, seed=1):
        adapted = get_family(family).adapt(config, data)
        network = get_family(family).build(config, adapted).eval()
        with torch.no_grad():
            outputs = network(torch.from_numpy(adapted.x_train))
        assert outputs.shape == (2, data.n_outputs)
        assert torch.isfinite(outputs).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_are_judged_alone_whatever_their_batch(family):
    """In evaluation no row may depend on those beside it, nor on how much padding they need."""
    chosen = complete(family, normalisation="batch", dropout=0.5, bidirectional="yes")
    adapted = get_family(family).adapt(chosen, tiny(family))
    network = get_family(family).build(chosen, adapted).eval()
    x = torch.from_numpy(adapted.x_train)
    with torch.no_grad():
        together = network(x)
        alone = torch.cat([network(row) for row in x.split(1)])
    assert together.numpy() == pytest.approx(alone.numpy(), abs=1e-4)


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
    import pandas as pd

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
