"""What the luck of folds does to values, to targets and to a Bayesian search."""

import numpy as np
import pytest
from driving import Driver

from advisor.encoding import sample
from advisor.strategies import bayesian
from advisor.strategies.bayesian import BayesianSearch
from advisor.strategies.noise import known_noise
from advisor.strategies.targets import robust_targets, target_noise
from knowledge_base.space import SpaceDefinition

SPACE = SpaceDefinition.from_dict(
    {
        "name": "line",
        "hyperparameters": {name: {"type": "float", "low": 0.0, "high": 1.0} for name in "xy"},
    }
)
DIFFICULTY = np.array([0.0, 5.0, -3.0, 2.0])


def table(count, luck, seed=0, difficulty=DIFFICULTY):
    """Return folds of random configurations, shape (count, 4)."""
    rng = np.random.default_rng(seed)
    reached = rng.normal(size=(count, 1))
    return reached + difficulty + luck * rng.normal(size=(count, len(difficulty)))


def told(folds):
    return [dict(enumerate(row.tolist(), start=1)) for row in folds]


def test_the_noise_is_the_luck_of_folds_without_their_difficulty():
    folds = table(200, luck=0.3)
    noise = known_noise(folds.mean(1), told(folds))
    assert np.median(noise) == pytest.approx(0.3 / 2, rel=0.1)
    errors = folds.std(1, ddof=1) / 2
    assert np.median(errors) > 1.4  # the standard error of a trial's folds is all difficulty


@pytest.mark.parametrize("count", [3, 6, 12])
def test_few_configurations_tell_it_without_bias(count):
    found = []
    for seed in range(300):
        folds = table(count, luck=1.0, seed=seed)
        found.append(np.median(known_noise(folds.mean(1), told(folds))))
    assert np.mean(found) == pytest.approx(0.5, rel=0.15)


def test_a_single_fold_is_twice_as_uncertain_as_four_and_so_is_a_value_alone():
    folds = table(50, luck=0.3)
    values = np.append(folds.mean(1), [0.1, 0.2, np.nan])
    noise = known_noise(values, [*told(folds), {1: 0.4}, {}, {}])
    assert noise[50] == noise[51] == pytest.approx(2 * np.median(noise[:50]), rel=0.05)
    assert noise[52] == 0


def test_a_configuration_that_diverges_is_less_certain_and_says_nothing_of_others():
    folds = table(20, luck=0.3)
    calm = known_noise(folds.mean(1), told(folds))
    folds[7, 2] -= 1000
    wild = known_noise(folds.mean(1), told(folds))
    assert wild[7] > 50 * calm[7]
    assert np.delete(wild, 7) == pytest.approx(np.delete(calm, 7), rel=0.15)


def test_one_configurations_own_folds_are_hardly_believed():
    folds = table(300, luck=1.0)
    noise = known_noise(folds.mean(1), told(folds))
    assert noise.std() < 0.5 * (folds - DIFFICULTY).std(1, ddof=1).std() / 2


def test_too_little_tells_nothing():
    folds = table(2, luck=0.3)
    assert known_noise(folds.mean(1), told(folds)) is None
    assert known_noise(np.array([1.0, 2.0, 3.0, 4.0]), [{}] * 4) is None
    assert known_noise(np.array([1.0, 2.0, 3.0]), [{1: 1.0}, {1: 2.0}, {1: 3.0}]) is None
    assert known_noise(np.zeros(0), []) is None


def test_what_a_users_function_calls_folds_must_have_the_value_as_its_mean():
    folds = table(6, luck=0.3)
    assert known_noise(folds.mean(1) + 0.1, told(folds)) is None
    folds[0, 0] = np.inf
    assert known_noise(np.append(np.inf, folds[1:].mean(1)), told(folds)) is not None


def test_folds_that_are_all_the_same_have_no_noise():
    folds = np.tile(np.arange(5.0)[:, None], (1, 4))
    assert known_noise(folds.mean(1), told(folds)).tolist() == [0.0] * 5


def test_noise_of_targets_is_the_deviation_times_the_slope():
    values = np.array([-9.0, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0])
    small = 1e-6
    noise = target_noise(values, np.full(7, small))
    for place in (0, 1, 2, 4, 5, 6):  # the median itself moves with the value there
        middle, unit = 0.5, 2.0  # quartiles -0.5 and 1.5
        standard = (np.array([values[place] - small, values[place] + small]) - middle) / unit
        moved = np.where(standard < 0, -np.log1p(np.maximum(-standard, 0)), standard)
        assert noise[place] == pytest.approx(np.diff(moved)[0] / 2, rel=1e-4)
    assert noise[4:] == pytest.approx(small / 2)
    assert np.all(np.diff(noise[:4]) > 0)  # the worse, the less a deviation moves


def test_noise_of_targets_is_bounded_and_finite():
    values = np.array([1.0, 0.9, np.nan, -1e9, 0.8, 0.95])
    noise = target_noise(values, np.array([1e9, 0.1, 0.0, 1e9, 1e12, 0.1]))
    targets = robust_targets(values)
    assert np.isfinite(noise).all()
    assert noise.max() == targets.max() - targets.min()
    assert noise[2] == 0
    assert np.isfinite(target_noise(np.array([0.5, 0.5]), np.array([0.1, 0.1]))).all()


def reached(config):
    return (config["x"] - 0.3) ** 2 + 0.3 * (config["y"] - 0.6) ** 2


def searched(count=12, whole=12, kind=BayesianSearch, luck=0.05, direction="minimize"):
    """Return a search that was told of random trials, `whole` of them with their folds."""
    driver = Driver(kind(SPACE, direction, 0))
    rng = np.random.default_rng(1)
    for place, config in enumerate(sample(SPACE, count, seed=2)):
        folds = reached(config) + DIFFICULTY + luck * rng.normal(size=4)
        folds = folds if direction == "minimize" else -folds
        more = {"folds": told(folds[None])[0]} if place < whole else {}
        driver.tell(config, float(folds.mean()), **more)
    return driver


class Unknowing(BayesianSearch):
    knows_noise = False


def test_nothing_changes_where_folds_tell_nothing():
    plain = searched(whole=0).ask(4)
    assert searched(whole=2).ask(4) == plain
    assert searched(kind=Unknowing).ask(4) == plain


def test_known_noise_changes_what_is_asked_and_does_so_each_time():
    questions = searched(luck=0.2).ask(4)
    assert questions != searched(luck=0.2, kind=Unknowing).ask(4)
    assert questions == searched(luck=0.2).ask(4)


def test_the_direction_makes_no_difference():
    assert searched(direction="maximize").ask(3) == searched().ask(3)


def test_of_the_best_of_noisy_values_less_is_believed():
    strategy = searched(count=25, whole=25, luck=0.6).strategy
    targets, believed = robust_targets(strategy.goodness()), strategy.believed()
    best = targets.argmax()
    assert believed[best] < targets[best] - 0.5
    truth = np.array([-reached(o.config) for o in strategy.observations])
    assert np.corrcoef(believed, truth)[0, 1] > np.corrcoef(targets, truth)[0, 1]


def test_neighbours_are_those_of_what_is_believed_best(monkeypatch):
    asked = []

    def refresh(pool, incumbents, *rest):
        asked.append([dict(config) for config in incumbents])
        return original(pool, incumbents, *rest)

    original = bayesian.CandidatePool.refresh
    monkeypatch.setattr(bayesian.CandidatePool, "refresh", refresh)
    driver = searched(count=20, whole=20, luck=0.6)
    driver.ask()
    strategy = driver.strategy
    strategy.active = []
    order = np.argsort(-strategy.believed(), kind="stable")[:3]
    by_value = np.argsort(-strategy.goodness(), kind="stable")[:3]
    assert asked[-1] != [dict(driver.observations[p].config) for p in by_value]
    assert asked[-1] == [dict(driver.observations[p].config) for p in order]


def test_without_a_value_nothing_is_believed():
    driver = Driver(BayesianSearch(SPACE, "minimize", 0))
    driver.tell(sample(SPACE, 1, seed=0)[0], None)
    with pytest.raises(ValueError, match="without a value"):
        driver.strategy.believed()
