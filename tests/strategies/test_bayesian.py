import json

import numpy as np
import pytest
from driving import Driver
from scipy.special import ndtri

from advisor.encoding import Encoder, sample
from advisor.strategies import bayesian
from advisor.strategies.bayesian import BayesianSearch
from advisor.strategies.targets import robust_targets
from advisor.surrogates import PastCosts, PastTrials, Prior, expected_log_seconds
from knowledge_base.space import SpaceDefinition

MIXED = SpaceDefinition.from_dict(
    {
        "name": "mixed",
        "hyperparameters": {
            "rate": {"type": "float", "low": 1e-4, "high": 1.0, "log": True},
            "layers": {"type": "int", "low": 1, "high": 4},
            "optimizer": {"type": "categorical", "choices": ["adam", "sgd"]},
            "momentum": {"type": "float", "low": 0.0, "high": 0.99},
        },
        "conditions": [{"child": "momentum", "parent": "optimizer", "type": "EQ", "value": "sgd"}],
    }
)
SMALL = SpaceDefinition.from_dict(
    {
        "name": "small",
        "hyperparameters": {
            "a": {"type": "int", "low": 1, "high": 4},
            "b": {"type": "categorical", "choices": ["x", "y", "z"]},
        },
    }
)


def loss(config, best=-2.0):
    penalty = 0.3 if config["optimizer"] == "sgd" else 0.0
    return (np.log10(config["rate"]) - best) ** 2 + 0.1 * config["layers"] + penalty


def past_tasks(n_tasks=5, n=50, noise=0.3):
    rng = np.random.default_rng(0)
    encoder, found = Encoder(MIXED), []
    for t in range(n_tasks):
        configs = sample(MIXED, n, seed=t)
        values = np.array([-loss(c, -2.0 + noise * rng.normal()) for c in configs])
        scores = ndtri((values.argsort().argsort() + 0.5) / n)
        known = np.ones(len(encoder.columns), dtype=bool)
        found.append(PastTrials(encoder.encode(configs), scores, known))
    return Prior.learn(found)


def search(space=MIXED, direction="minimize", seed=0, warm=(), past=None, **options):
    return Driver(BayesianSearch(space, direction, seed, **options), warm, past)


def run(strategy, trials, objective=loss):
    for _ in range(trials):
        config = strategy.ask()
        strategy.tell(config, objective(config))
    return [o.value for o in strategy.observations]


def key(config):
    return json.dumps(config, sort_keys=True)


def test_past_tasks_make_the_first_trials_good():
    informed = run(search(MIXED, past=past_tasks()), 3)
    alone = run(search(MIXED), 3)
    assert min(informed) < 0.25
    assert min(informed) < min(alone)


def test_search_goes_on_to_the_optimum():
    assert min(run(search(MIXED, past=past_tasks()), 15)) < 0.12
    assert min(run(search(MIXED), 25)) < 0.15


def test_maximising_is_minimising_the_negative():
    low = search(MIXED, "minimize", past=past_tasks())
    high = search(MIXED, "maximize", past=past_tasks())
    for _ in range(8):
        first, second = low.ask(), high.ask()
        assert first == second
        low.tell(first, loss(first))
        high.tell(second, -loss(second))


def test_nothing_is_asked_twice_until_all_was_tried():
    strategy = search(SMALL)
    run(strategy, 12, lambda c: abs(c["a"] - 2.2) + (c["b"] == "x"))
    assert len({key(o.config) for o in strategy.observations}) == 12
    assert SMALL.complete(strategy.ask())  # the space is used up: a repetition, no error


def test_workers_that_ask_before_others_tell_get_different_configurations():
    strategy = search(MIXED, past=past_tasks())
    run(strategy, 3)
    asked = [strategy.ask() for _ in range(6)]
    assert len({key(config) for config in asked}) == 6
    inputs = Encoder(MIXED).encode(asked)
    apart = np.sqrt(((inputs[:, None] - inputs) ** 2).sum(-1)) + np.eye(6)
    assert apart.min() > 1e-3
    assert apart.max() > 0.2


def test_candidates_limit_the_search():
    candidates = sample(MIXED, 30, seed=1)
    strategy = search(MIXED, past=past_tasks(), candidates=candidates)
    run(strategy, 30)
    told = {key(o.config) for o in strategy.observations}
    assert told == {key(config) for config in candidates}
    best = min(loss(config) for config in candidates)
    values = [o.value for o in strategy.observations]
    assert best in values[:8]


def test_failures_are_learned_from():
    strategy = search(MIXED)
    run(strategy, 25, lambda c: None if c["rate"] > 0.05 else loss(c))
    failed = [o.value is None for o in strategy.observations]
    assert sum(failed[12:]) <= 3
    assert min(o.value for o in strategy.observations if o.value is not None) < 0.2


def test_repeated_noisy_evaluations_are_no_obstacle():
    strategy = search(MIXED, past=past_tasks())
    config = strategy.ask()
    for value in (1.0, 1.4, 0.7):
        strategy.tell(config, value)
    assert key(strategy.ask()) != key(config)


def test_hostile_tasks_are_overruled():
    past = past_tasks()
    arrays = past.to_arrays()
    hostile = Prior.from_arrays({**arrays, "weights": -arrays["weights"]})
    assert min(run(search(MIXED, past=hostile), 25)) < 0.2


def stalled_search(past, told):
    """Return a search whose trials lie where the past sees the optimum, the first the best."""
    stalled = search(MIXED, past=past)
    for n in range(told):
        config = {"rate": 10 ** (-2 + 0.02 * n), "layers": 1, "optimizer": "adam"}
        stalled.tell(config, loss(config))
    return stalled


@pytest.mark.parametrize("told", [9, 10])
def test_a_past_that_leads_no_further_is_set_aside_now_and_then(monkeypatch, told):
    past = past_tasks(noise=0.0)
    question = stalled_search(past, told).ask()
    monkeypatch.setattr(bayesian, "STALLED", 1000)
    believing = stalled_search(past, told).ask()
    assert (question == believing) == (told != 9)
    assert abs(np.log10(believing["rate"]) + 2) < 0.5
    if told == 9:
        assert abs(np.log10(question["rate"]) + 2) > 0.5


def test_targets_are_finite_and_bad_ones_compressed():
    targets = robust_targets(np.array([1.0, 0.9, np.nan, -1e9, 0.8, 0.95]))
    assert np.isfinite(targets).all()
    assert targets.argmax() == 0
    assert targets.min() > -60
    assert targets[2] == targets.min() == targets[3]


@pytest.mark.parametrize("values", [[0.5], [0.5, 0.5], [0.5, 0.5, np.nan]])
def test_equal_targets_are_no_obstacle(values):
    assert np.isfinite(robust_targets(np.array(values))).all()


def test_per_second_prefers_what_is_quick():
    def run_with(per_second):
        strategy = search(MIXED, past=past_tasks(), per_second=per_second)
        for _ in range(14):
            config = strategy.ask()
            # Deep networks are a little better and take far longer.
            strategy.tell(config, loss(config) - 0.15 * config["layers"], 10.0 ** config["layers"])
        return [o.seconds for o in strategy.observations]

    assert sum(run_with(True)) < 0.7 * sum(run_with(False))


def test_past_durations_tell_what_is_quick_before_anything_was_tried():
    rng = np.random.default_rng(0)
    points = rng.random((60, 2))
    task = PastTrials(points, rng.normal(size=60), np.ones(2, dtype=bool))
    costs = PastCosts.learn([task], [np.exp(3 * points[:, 0])], np.ones(1), np.full(2, 0.7))
    candidates = rng.random((50, 2))
    expected = expected_log_seconds(costs, np.zeros((0, 2)), np.zeros(0), candidates)
    assert np.corrcoef(expected, candidates[:, 0])[0, 1] > 0.95
    again = PastCosts.from_arrays(costs.to_arrays())
    assert expected_log_seconds(again, points, np.full(60, np.nan), candidates) == pytest.approx(
        expected, abs=1e-3
    )


def test_told_durations_correct_past_ones():
    rng = np.random.default_rng(0)
    points = rng.random((40, 2))
    task = PastTrials(points, rng.normal(size=40), np.ones(2, dtype=bool))
    costs = PastCosts.learn([task], [np.exp(3 * points[:, 0])], np.ones(1), np.full(2, 0.7))
    tried = rng.random((25, 2))
    expected = expected_log_seconds(costs, tried, np.exp(-3 * tried[:, 0]), points)
    assert np.corrcoef(expected, points[:, 0])[0, 1] < -0.9


def test_without_durations_there_is_nothing_to_learn():
    task = PastTrials(np.zeros((6, 2)), np.zeros(6), np.ones(2, dtype=bool))
    assert PastCosts.learn([task], [np.full(6, np.nan)], np.ones(1), np.ones(2)) is None
    assert expected_log_seconds(None, np.zeros((0, 2)), np.zeros(0), np.zeros((3, 2))).tolist() == [0.0] * 3  # noqa: E501  # fmt: skip


def test_it_looks_among_what_was_best_on_past_tasks():
    """In twelve dimensions no even spread has a point near a narrow optimum."""
    names = [f"x{i}" for i in range(12)]
    wide = SpaceDefinition.from_dict(
        {"hyperparameters": {n: {"type": "float", "low": 0, "high": 1} for n in names}}
    )
    rng = np.random.default_rng(0)
    near = 0.7 + 0.02 * rng.normal(size=(20, 12))
    points = np.vstack([rng.random((60, 12)), near])
    scores = np.r_[-np.linalg.norm(points[:60] - 0.7, axis=1), np.full(20, 2.0)]
    past = Prior.learn([PastTrials(points, scores, np.ones(12, dtype=bool))] * 3)
    best = [json.dumps(dict(zip(names, row, strict=True))) for row in near.tolist()]
    known = Prior(past.models, past.weights, past.trust, configs=best)

    def first(given):
        asked = search(wide, "maximize", seed=0, past=given).ask()
        return np.linalg.norm([asked[name] - 0.7 for name in names])

    assert first(known) < 0.15
    assert first(past) > 0.3
    again = Prior.from_arrays(known.to_arrays())
    assert again.configs == known.configs
