"""Networks trained together come out as those trained one by one."""

import dataclasses
import time

import numpy as np
import pytest
import torch

from advisor.data import PreparedData
from advisor.models import MLP, get_family
from advisor.training import StopTrial, train
from advisor.training.together import BOUNDS, groups_of, train_together

NUMBERS = ("train_loss", "val_loss", "train_metric", "val_metric", "learning_rate",
           "gradient_norm", "gradient_max", "loss_spread")  # fmt: skip

DIFFERENT = [
    {"learning_rate": 0.01, "dropout": 0.1, "weight_decay": 1e-2, "epochs": 7},
    {"learning_rate": 0.002, "dropout": 0.5, "schedule": "cosine", "epochs": 6, "patience": 3},
    {"optimizer": "sgd", "momentum": 0.9, "gradient_clipping": "0.1", "epochs": 6},
    {"optimizer": "sgd", "momentum": 0.0, "learning_rate": 0.05, "schedule": "step", "epochs": 5},
    {"initialisation": "xavier", "gradient_clipping": "1", "learning_rate": 1e-5, "patience": 3},
]
"""What may differ within a stack."""


@pytest.fixture
def double():
    """Train in double precision, in which differences by rounding stay tiny."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def in_double(data):
    wide = {
        name: getattr(data, name).astype(np.float64)
        for name in ("x_train", "x_valid", "x_test", "y_train", "y_valid", "y_test")
        if getattr(data, name).dtype.kind == "f"
    }
    return dataclasses.replace(data, **wide)


def alone(family, configs, data, seeds, metric, **more):
    return [
        train(family, config, data, metric=metric, seed=seed, device="cpu", **more)
        for config, seed in zip(configs, seeds, strict=True)
    ]


def same(one, other, tolerance):
    """Assert that two outcomes differ by rounding only."""
    assert (one.state, one.epochs, one.error) == (other.state, other.epochs, other.error)
    assert one.n_params == other.n_params
    assert one.value == pytest.approx(other.value, rel=tolerance)
    assert one.metrics.keys() == other.metrics.keys()
    for name, value in one.metrics.items():
        assert value == pytest.approx(other.metrics[name], rel=tolerance, abs=tolerance)
    for name in NUMBERS:
        curves = [[getattr(epoch, name) for epoch in run.curve] for run in (one, other)]
        assert None not in curves[0]
        assert curves[0] == pytest.approx(curves[1], rel=tolerance, abs=tolerance), name


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("numbers", {"normalisation": "none", "activation": "tanh"}),
        ("classes", {"normalisation": "batch", "block": "residual", "n_layers": 3}),
        ("numbers", {"normalisation": "layer", "activation": "gelu", "n_layers": 1}),
        ("numbers", {"numeric": "periodic", "activation": "gelu", "n_layers": 1}),
    ],
    ids=["plain", "batch, residual", "layer", "periodic"],
)
def test_outcomes_are_those_of_the_plain_loop(family, config, kind, shape, double, request):
    """Seeds, dropout masks, optimisers, clipping, schedules, epochs and patience differ."""
    data = in_double(request.getfixturevalue(kind))
    metric = "log_loss" if kind == "classes" else "rmse"
    configs = [config(units=16, batch_size=32, **shape, **own) for own in DIFFERENT]
    seeds = [3, 1, 4, 1, 5]
    assert groups_of(family, configs, data, "cpu") == [[0, 1, 2, 3, 4]]
    found = train_together(family, configs, data, metric=metric, seeds=seeds, device="cpu")
    for one, other in zip(found, alone(family, configs, data, seeds, metric), strict=True):
        same(one, other, 1e-7)
    assert len({one.epochs for one in found}) > 1, "networks should leave the stack one by one"


@pytest.mark.parametrize("numeric", ["plain", "periodic"])
def test_embeddings_are_stacked_too(family, config, double, numeric):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 6, 200)
    x = np.column_stack([np.eye(6)[codes], rng.normal(size=200)])
    y = (codes % 2).astype(np.int64)
    data = PreparedData(
        x[:100], y[:100], x[100:150], y[100:150], x[150:], y[150:],
        "classification", 7, 2, categories=((0, 6),),
    )  # fmt: skip
    given = {"embedding": "4", "units": 16, "epochs": 5, "numeric": numeric}
    configs = [config(**given, learning_rate=rate) for rate in (0.01, 0.001)]
    assert groups_of(family, configs, data, "cpu") == [[0, 1]]
    found = train_together(family, configs, data, metric="accuracy", seeds=0, device="cpu")
    for one, other in zip(found, alone(family, configs, data, [0, 0], "accuracy"), strict=True):
        same(one, other, 1e-9)


def test_in_single_precision_the_first_epoch_is_the_same_up_to_rounding(family, config, classes):
    configs = [config(dropout=0.4, learning_rate=rate) for rate in (0.01, 0.001)]
    options = {"metric": "accuracy", "max_epochs": 1}
    found = train_together(family, configs, classes, seeds=2, device="cpu", **options)
    for one, other in zip(found, alone(family, configs, classes, [2, 2], **options), strict=True):
        same(one, other, 1e-4)


def test_the_same_call_gives_the_same_curves_and_leaves_the_random_state(family, config, classes):
    configs = [config(dropout=0.3, epochs=5, learning_rate=rate) for rate in (0.01, 0.001)]
    torch.manual_seed(7)
    runs = [
        train_together(family, configs, classes, metric="accuracy", seeds=0, device="cpu")
        for _ in range(2)
    ]
    after = torch.rand(3)
    torch.manual_seed(7)
    assert torch.equal(after, torch.rand(3))
    assert [one.curve for one in runs[0]] == [one.curve for one in runs[1]]


def test_one_that_diverges_ends_alone(family, config, numbers):
    wild = config(learning_rate=1.0, optimizer="sgd", momentum=0.99, epochs=8)
    calm = [config(epochs=8, learning_rate=0.01, dropout=rate) for rate in (0.1, 0.2)]
    configs = [calm[0], wild, calm[1]]
    found = train_together(family, configs, numbers, metric="rmse", seeds=0, device="cpu")
    plain = alone(family, configs, numbers, [0, 0, 0], "rmse")
    assert [one.state for one in found] == ["complete", "diverged", "complete"]
    assert (found[1].epochs, found[1].value) == (plain[1].epochs, None)
    assert "epoch" in found[1].error
    for one, other in zip(found, plain, strict=True):
        assert one.curve[0].train_loss == pytest.approx(other.curve[0].train_loss, rel=1e-4)


def test_a_report_stops_its_own_training_only(family, config, classes):
    seen = []

    def stop(epoch):
        seen.append(epoch)
        if epoch.epoch == 2:
            raise StopTrial("enough")

    configs = [config(epochs=5), config(epochs=5, learning_rate=0.01)]
    found = train_together(
        family, configs, classes, metric="accuracy", seeds=0, reports=[stop, None], device="cpu"
    )
    assert [(one.state, one.epochs, one.error) for one in found] == [
        ("stopped", 2, "enough"), ("complete", 5, None),
    ]  # fmt: skip
    assert tuple(seen) == found[0].curve
    assert "test_accuracy" in found[0].metrics


def test_other_errors_of_a_report_are_raised(family, config, classes):
    def report(epoch):
        raise OSError("disk full")

    configs = [config(), config(learning_rate=0.01)]
    with pytest.raises(OSError, match="disk full"):
        train_together(
            family, configs, classes, metric="accuracy", seeds=0, reports=[report] * 2, device="cpu"
        )


def test_shapes_are_told_apart_and_large_networks_train_alone(family, config, classes):
    base = {"units": 16, "batch_size": 32}
    configs = [
        config(**base),
        config(**base, n_layers=3),
        config(**base, weight_decay=1e-3),
        config(units=16, batch_size=64),
        config(**base, n_layers=3, learning_rate=0.1),
        config(units=512, n_layers=4),
        config(units=512, n_layers=4),
        config(**base, activation="tanh"),
        config(**base, numeric="periodic"),
        config(**base, numeric="periodic", dropout=0.5),
    ]
    found = groups_of(family, configs, classes, "cpu")
    assert found == [[0, 2], [1, 4], [3], [5], [6], [7], [8, 9]]


def test_groups_stay_small_enough_for_caches(family, config, classes):
    size = sum(p.numel() for p in family.build(config(units=256), classes).parameters())
    assert size < BOUNDS["cpu"].worthwhile
    groups = groups_of(family, [config(units=256)] * 40, classes, "cpu")
    assert sorted(place for group in groups for place in group) == list(range(40))
    assert all(1 < len(group) <= BOUNDS["cpu"].largest // size for group in groups)


def test_durations_are_shares_of_the_time_of_the_call(family, config, classes):
    configs = [config(epochs=epochs, patience=20) for epochs in (5, 10, 20)]
    started = time.monotonic()
    found = train_together(family, configs, classes, metric="accuracy", seeds=0, device="cpu")
    assert sum(one.duration for one in found) <= time.monotonic() - started
    assert 0 < found[0].duration < found[2].duration


def test_what_cannot_be_stacked_trains_alone(config, classes):
    class Odd(MLP):
        def build(self, config, data):
            return torch.nn.Sequential(super().build(config, data), torch.nn.Softplus())

    configs = [config(epochs=5), config(epochs=5, learning_rate=0.01)]
    assert groups_of(Odd(), configs, classes, "cpu") == [[0], [1]]
    found = train_together(Odd(), configs, classes, metric="accuracy", seeds=0, device="cpu")
    plain = alone(Odd(), configs, classes, [0, 0], "accuracy")
    assert [one.curve for one in found] == [one.curve for one in plain]
    assert not any(get_family(name).stackable for name in ("cnn", "rnn", "forecaster"))
