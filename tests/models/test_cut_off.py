"""What the time cuts off counts with what it reached, in every family, and so do folds."""

from dataclasses import replace

import numpy as np
import pytest
from modality_data import TINY

from advisor.data import prepare
from advisor.models import FAMILIES, get_family
from advisor.training.objective import FamilyObjective
from advisor.training.report import StopTrial
from knowledge_base.records import TIME_OVER, fold_values

METRICS = {"mlp": "accuracy", "cnn": "accuracy", "rnn": "accuracy", "forecaster": "mase"}


class Clock:
    """A report that ends the trial when it was asked so often."""

    def __init__(self, asks, left=None):
        self.asks, self.left = asks, left

    def __call__(self, epoch):
        self.check_time()

    def check_time(self):
        self.asks -= 1
        if self.asks < 0:
            raise StopTrial(TIME_OVER)


class Running(Clock):
    """One that says how much time is left, too."""

    def seconds_left(self):
        return self.left


def objective(name, folds=1):
    data = TINY[name]()
    first, *others = [prepare(data, 0, fold) for fold in range(folds)]
    return FamilyObjective(
        get_family(name), first, METRICS[name], 0, more_folds=others, keep=True
    )  # fmt: skip


def config(name, **more):
    return {**get_family(name).default(), "batch_size": 8, "epochs": 3, **more}


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_a_first_epoch_that_is_cut_off_counts(name):
    found = objective(name).evaluate(config(name), Clock(0))
    assert (found.state, found.error, found.curve) == ("stopped", TIME_OVER, ())
    assert np.isfinite(found.value)
    assert found.value == pytest.approx(found.metrics[f"val_{METRICS[name]}"])
    (network,) = found.fitted
    assert np.isfinite(network.prediction).all()
    assert len(network.tested)


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_later_epochs_that_are_cut_off_count_with_the_best_before(name):
    trained, free = objective(name), Clock(10**6)
    whole = trained.evaluate(config(name), free)
    cut = trained.evaluate(config(name), Clock(10**6 - free.asks - 2))
    assert cut.state == "stopped"
    assert len(cut.curve) == 2
    assert [e.val_metric for e in cut.curve] == [e.val_metric for e in whole.curve[:2]]
    choose = min if METRICS[name] == "mase" else max
    assert cut.value == choose(e.val_metric for e in cut.curve)


@pytest.mark.parametrize("left", [0.0, 1e-9])
def test_a_training_ends_while_there_is_time_to_judge_it(left):
    found = objective("mlp").evaluate(config("mlp"), Running(10**6, left))
    assert (found.state, found.error, found.curve) == ("stopped", TIME_OVER, ())
    assert np.isfinite(found.value)
    found = objective("mlp").evaluate(config("mlp"), Running(10**6, 1e9))
    assert found.state == "complete"


def test_folds_trained_together_count_together():
    found = objective("mlp", 3).evaluate(config("mlp"), Clock(0))
    assert found.state == "stopped"
    values = fold_values(found.metrics)
    assert sorted(values) == [1, 2, 3]
    assert found.value == pytest.approx(np.mean(list(values.values())))
    assert [network.fold for network in found.fitted] == [0, 1, 2]


def test_a_first_fold_that_is_cut_off_counts_alone():
    found = objective("cnn", 3).evaluate(config("cnn"), Clock(0))
    assert found.state == "stopped"
    assert fold_values(found.metrics) == {1: found.value}
    assert [network.fold for network in found.fitted] == [0]


def test_folds_that_ended_before_the_time_count():
    trained, free = objective("cnn", 3), Clock(10**6)
    whole = trained.evaluate(config("cnn"), free)
    asks = 10**6 - free.asks
    first = fold_values(whole.metrics)[1]
    cut = objective("cnn", 3).evaluate(config("cnn"), Clock(asks // 2))
    assert cut.state == "complete"
    assert fold_values(cut.metrics) == {1: pytest.approx(first)}
    assert cut.value == pytest.approx(first)
    assert [network.fold for network in cut.fitted] == [0]


def test_only_the_value_of_a_first_fold_is_made_comparable():
    trained = objective("cnn", 2)
    for values in ([0.9, 0.5], [0.8, 0.6], [0.7, 0.5]):
        trained._race.tell(values)
    cut = trained.evaluate(config("cnn"), Clock(0))
    assert cut.state == "stopped"
    assert cut.value == pytest.approx(fold_values(cut.metrics)[1] - trained._race.offset)


def test_what_is_cut_off_in_the_same_place_is_the_same():
    found = objective("mlp").evaluate(config("mlp"), Clock(0))
    assert replace(found, duration=None) == replace(
        objective("mlp").evaluate(config("mlp"), Clock(0)), duration=None
    )
