"""Configurations that race in heats come out as those that race one by one."""

import pytest
from conftest import make_data

from advisor.training.folds import train_folds
from advisor.training.heats import train_heat
from advisor.training.race import Race
from advisor.training.report import StopTrial, as_report
from advisor.training.terms import Terms
from knowledge_base.records import FOLD, STANDARD_ERROR
from knowledge_base.states import TrialState

TERMS = Terms("rmse", None, None, "cpu")
GOOD = (0.01, 0.02, 0.008)
BAD = 1e-5


@pytest.fixture
def folds():
    return [make_data("regression", n=60, seed=seed) for seed in range(3)]


@pytest.fixture
def configs(config):
    return [config(units=16, epochs=6, batch_size=32, learning_rate=rate) for rate in (*GOOD, BAD)]


def heat(family, configs, folds, race, reports=None):
    reports = reports or [as_report(None) for _ in configs]
    return dict(train_heat(family, configs, folds, 3, TERMS, reports, race))


def knowing():
    """Return a race in which a good configuration is known, and the luck of a fold is small."""
    race = Race("minimize")
    for value in (0.50, 0.51, 0.52):
        race.tell([value, value + 0.01, value - 0.01])
    return race


def test_a_heat_gives_what_each_gives_alone(family, configs, folds):
    found = heat(family, configs, folds, Race("minimize"))
    alone = [
        train_folds(family, each, folds, 3, TERMS, as_report(None), Race("minimize"))
        for each in configs
    ]
    assert sorted(found) == [0, 1, 2, 3]
    for place, one in enumerate(alone):
        other = found[place]
        assert (other.state, other.epochs) == (one.state, one.epochs) == (TrialState.COMPLETE, 6)
        assert other.value == pytest.approx(one.value, rel=1e-3)
        for name in (*(f"{FOLD}{n}" for n in (1, 2, 3)), STANDARD_ERROR, "val_rmse"):
            assert other.metrics[name] == pytest.approx(one.metrics[name], rel=2e-2), name
        assert len(other.curve) == len(one.curve)


def test_who_is_far_behind_in_the_heat_is_spared_the_other_folds(family, configs, folds):
    race = Race("minimize")
    for value in (9.0, 9.01, 9.02):  # All of the heat beat what is known.
        race.tell([value, value + 0.01, value - 0.01])
    offset = race.offset
    found = heat(family, configs, folds, race)
    assert f"{FOLD}2" not in found[3].metrics, "the bad one"
    best = min(range(3), key=lambda place: found[place].metrics[f"{FOLD}1"])
    assert f"{FOLD}3" in found[best].metrics
    assert found[3].value == pytest.approx(found[3].metrics[f"{FOLD}1"] - offset)


def test_the_race_hears_of_those_that_have_all_folds(family, configs, folds):
    race = Race("minimize")
    assert race.open
    heat(family, configs, folds, race)
    assert not race.open


def test_more_configurations_than_folds_train_fold_by_fold(family, config, folds):
    rates = [0.002 * (1 + n) for n in range(5)]
    many = [config(units=16, epochs=5, batch_size=32, learning_rate=rate) for rate in rates]
    found = heat(family, many, folds, Race("minimize"))
    assert sorted(found) == list(range(5))
    assert all(f"{FOLD}3" in outcome.metrics for outcome in found.values())


class Ending:
    """Ends after some epochs of all."""

    seen = 0

    def __init__(self, epochs):
        self.epochs = epochs

    def __call__(self, epoch):
        Ending.seen += 1
        self.check_time()

    def check_time(self):
        if Ending.seen >= self.epochs:
            raise StopTrial("over")


def test_the_end_of_the_time_ends_all_and_what_was_reached_counts(family, configs, folds):
    Ending.seen = 0
    race = knowing()
    found = heat(family, configs, folds, race, [Ending(8) for _ in configs])
    assert sorted(found) == [0, 1, 2, 3]
    for outcome in found.values():
        assert (outcome.state, outcome.error) == (TrialState.STOPPED, "over")
        assert outcome.value is not None
        assert 1 <= outcome.epochs < 6
