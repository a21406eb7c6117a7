"""Bayesian searches that pause trials by their curves."""

import json

import numpy as np
import pytest

from advisor.curves import LAST, PastCurves, TaskCurves, rung_epochs
from advisor.encoding import Encoder, sample
from advisor.strategies import Exhausted, Observation, make_strategy
from advisor.strategies.bayesian import BayesianSearch
from advisor.strategies.spending import Spending
from advisor.surrogates import PastTrials, Prior
from knowledge_base.space import SpaceDefinition

EPOCHS = 50
SPACE = SpaceDefinition.from_dict(
    {
        "name": "curves",
        "hyperparameters": {
            "rate": {"type": "float", "low": 0.0, "high": 1.0},
            "width": {"type": "float", "low": 0.0, "high": 1.0},
        },
    }
)
KNOWN = np.ones(2, dtype=bool)


def end(config, best=(0.3, 0.6)):
    return 0.9 - (config["rate"] - best[0]) ** 2 - (config["width"] - best[1]) ** 2


def curve(config, epochs=EPOCHS, best=(0.3, 0.6), level=0.2):
    """The lower its rate the slower it learns, on all tasks."""
    shares = np.arange(1, EPOCHS + 1) / EPOCHS
    way = 1 - np.exp(-(4 + 16 * config["rate"]) * shares)
    values = level + (end(config, best) - level) * way / way[-1]
    return tuple(values[:epochs].tolist())


def past_curves(count=8):
    tasks = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        best = np.array([0.3, 0.6]) + 0.08 * rng.normal(size=2)
        configs = sample(SPACE, 40, seed=seed)
        whole = np.array([curve(c, best=best, level=0.1 + 0.3 * rng.random()) for c in configs])
        whole = whole + 0.003 * rng.normal(size=whole.shape)
        values = np.maximum.accumulate(whole, 1)[:, rung_epochs(EPOCHS) - 1]
        tasks.append(TaskCurves(Encoder(SPACE).encode(configs), values, KNOWN))
    return tasks


@pytest.fixture(scope="module")
def prior():
    tasks = past_curves()
    learned = Prior.learn([PastTrials(t.inputs, 5 * (t.values[:, LAST] - 0.5), KNOWN)
                           for t in tasks])  # fmt: skip
    curves = PastCurves.learn(tasks, epochs=EPOCHS).to_arrays()
    return Prior(learned.models, learned.weights, 0.9, curves=curves)


def search_with(prior, **options):
    search = BayesianSearch(SPACE, "maximize", 1, **options)
    search.start_from([], prior)
    return search


def at(config, epochs):
    finished = epochs == EPOCHS
    values = curve(config, epochs)
    return Observation(config, max(values), float(epochs), values, finished=finished)


GOOD, POOR = {"rate": 0.35, "width": 0.6}, {"rate": 0.9, "width": 0.05}
FAIR = {"rate": 0.5, "width": 0.5}


def test_a_poor_trial_is_put_aside_and_a_good_one_goes_on(prior):
    search = search_with(prior)
    search.update([at(FAIR, EPOCHS)], [POOR])
    assert search.should_pause(POOR, curve(POOR, 4), 4.0)
    search = search_with(prior)
    search.update([at(FAIR, EPOCHS)], [GOOD], [at(POOR, 4)])
    assert not search.should_pause(GOOD, curve(GOOD, 8), 8.0)


def test_it_is_only_asked_at_rungs(prior):
    search = search_with(prior)
    search.update([at(FAIR, EPOCHS)], [POOR])
    asked = [epochs for epochs in range(1, EPOCHS + 1)
             if search.should_pause(POOR, curve(POOR, epochs), float(epochs))]  # fmt: skip
    assert set(asked) <= set(rung_epochs(EPOCHS)[:-1].tolist())
    assert asked


def test_who_was_put_aside_for_another_is_not_taken_up_at_once(prior):
    search = search_with(prior)
    search.update([at(FAIR, EPOCHS)], [POOR])
    assert search.should_pause(POOR, curve(POOR, 4), 4.0)
    search.update([], [], [at(POOR, 4)])
    assert search.suggest() != [POOR]


def test_a_promising_paused_trial_is_taken_up(prior):
    search = search_with(prior)
    search.update([at(FAIR, EPOCHS)], [], [at(POOR, 4), at(GOOD, 32)])
    assert search.suggest() == [GOOD]
    assert [o.config for o in search.paused] == [POOR]


def test_without_stopping_nothing_is_put_aside(prior):
    search = search_with(prior, stopping=False)
    search.update([at(FAIR, EPOCHS)], [POOR])
    assert not any(search.should_pause(POOR, curve(POOR, n), float(n)) for n in range(1, 50))


def test_without_curves_of_the_past_nothing_is_put_aside(prior):
    search = search_with(Prior(prior.models, prior.weights, prior.trust))
    search.update([at(FAIR, EPOCHS)], [POOR])
    assert not any(search.should_pause(POOR, curve(POOR, n), float(n)) for n in range(1, 50))
    search = search_with(None)
    assert not search.should_pause(POOR, curve(POOR, 4), 4.0)


def test_where_none_may_begin_those_go_on_that_may_gain_something(prior):
    search = search_with(prior)
    search.update([at({"rate": 0.31, "width": 0.6}, EPOCHS)], [], [at(POOR, 32), at(GOOD, 16)])
    search.room = 0
    assert search.suggest() == [GOOD]
    search.update([at(GOOD, EPOCHS)], [], [at(POOR, 32)])
    search.room = 0
    with pytest.raises(Exhausted):
        search.suggest()


def test_a_resumed_search_asks_what_it_would_have_asked(prior):
    kept = Prior.from_arrays(prior.to_arrays())
    asked = []
    for known in (prior, kept):
        search = search_with(known)
        search.update([at(FAIR, EPOCHS)], [], [at(POOR, 4)])
        asked.append(search.suggest(2))
    assert asked[0] == asked[1]


def test_priors_of_older_studies_have_no_curves(prior):
    old = {name: a for name, a in prior.to_arrays().items() if not name.startswith("curves_")}
    assert Prior.from_arrays(old).curves is None
    other = {**prior.to_arrays(), "curves_shares": np.array([0.5, 1.0])}
    assert search_with(Prior.from_arrays(other)).suggest()


def test_a_part_of_the_space_is_searched_with_the_curves_of_the_whole(prior):
    part = prior.within(np.array([0]), np.array([0.0, 0.6]))
    narrow = SpaceDefinition.from_dict(
        {"name": "part", "hyperparameters": {"rate": {"type": "float", "low": 0.0, "high": 1.0}}}
    )
    search = BayesianSearch(narrow, "maximize", 1)
    search.start_from([], part)
    told = Observation({"rate": 0.5}, 0.8, 50.0, curve(FAIR))
    search.update([told], [], [])
    (config,) = search.suggest()
    assert set(config) == {"rate"}


def test_failed_trials_are_the_worst(prior):
    search = search_with(prior)
    failed = Observation(GOOD, None, 3.0, ())
    search.update([at(FAIR, EPOCHS), failed], [], [at(POOR, 4)])
    (config,) = search.suggest()
    assert config not in (GOOD, FAIR)


def test_warm_configurations_begin_in_their_turn(prior):
    search = BayesianSearch(SPACE, "maximize", 1)
    search.start_from([GOOD, FAIR], prior)
    assert search.suggest() == [GOOD]
    search.update([], [], [at(GOOD, 1)])
    assert search.suggest()[0] in (GOOD, FAIR)


def test_what_takes_longer_is_worth_less(prior):
    spending = Spending.of(prior.curves, Encoder(SPACE), 1.0)
    quick, slow = at(GOOD, 8), at({"rate": 0.36, "width": 0.6}, 8)
    slow = Observation(slow.config, slow.value, 800.0, slow.curve, finished=False)
    none, no_bonus = np.zeros((0, 2)), np.zeros(0)
    worth = spending.weigh([at(FAIR, EPOCHS)], [quick, slow], none, no_bonus)
    assert worth.paused[0] > 20 * worth.paused[1]


def test_configured_epochs_are_those_of_the_configuration(prior):
    spending = Spending.of(prior.curves, Encoder(SPACE), 1.0)
    assert spending.epochs_of({"epochs": 12}) == 12
    assert spending.epochs_of({}) == EPOCHS
    assert [e for e in range(1, 13) if spending.is_at_rung({"epochs": 12}, e)] == [1, 2, 4, 8]


def test_the_same_search_by_name_can_do_without(prior):
    search = make_strategy("bayesian", SPACE, "maximize", prior=prior, stopping=False)
    search.update([at(FAIR, EPOCHS)], [POOR])
    assert not search.should_pause(POOR, curve(POOR, 4), 4.0)


def test_late_bloomers_are_kept(prior):
    """The best of them learns slowly: after a tenth of its epochs it is behind most others."""
    kept = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        configs = [
            {"rate": float(0.55 + 0.3 * rng.random()), "width": float(0.35 + 0.5 * rng.random())}
            for _ in range(7)
        ]
        bloomer = {"rate": float(0.12 + 0.1 * rng.random()), "width": 0.6}
        early = int(rung_epochs(EPOCHS)[2])
        assert sum(curve(c, early)[-1] > curve(bloomer, early)[-1] for c in configs) >= 4
        assert all(end(c) < end(bloomer) for c in configs)
        kept.append(trained_to_its_end([*configs, bloomer], bloomer, prior, 4 * EPOCHS))
    assert np.mean(kept) >= 0.9


def trained_to_its_end(configs, wanted, prior, budget):
    search = search_with(prior, candidates=configs)
    done, spent = {}, 0
    ended = []
    while spent < budget:
        paused = [at(json.loads(k), n) for k, n in done.items() if n < EPOCHS]
        search.update(ended, [], paused)
        ended = []
        (config,) = search.suggest()
        key, epochs = json.dumps(config), done.get(json.dumps(config), 0)
        rungs = [int(e) for e in rung_epochs(EPOCHS) if e > epochs]
        spent += rungs[0] - epochs
        done[key] = rungs[0]
        if rungs[0] == EPOCHS:
            if config == wanted:
                return True
            ended = [at(config, EPOCHS)]
    return False


def test_where_everything_was_begun_nothing_begins_again(prior):
    search = search_with(prior, candidates=[FAIR, POOR, GOOD])
    search.update([at(FAIR, EPOCHS)], [], [at(POOR, 4), at(GOOD, 8)])
    assert search.suggest() == [GOOD]
    search.update([at(GOOD, EPOCHS)], [POOR])
    assert not search.should_pause(POOR, curve(POOR, 8), 8.0) or search.suggest() != [GOOD]


def test_not_everything_is_left_for_what_is_new(prior):
    """Where all is slower than the past says, whatever is new promises more than what began."""
    corner = [{"rate": 0.9, "width": 0.01 * place} for place in range(24)]
    few = search_with(prior)
    few.update([at(FAIR, EPOCHS)], [], [at(config, 16) for config in corner[:6]])
    assert few.take_up() is None
    many = search_with(prior)
    many.update([at(FAIR, EPOCHS)], [], [at(config, 16) for config in corner])
    assert many.take_up() in corner
    others = [{"rate": 0.9, "width": 0.99 - 0.01 * place} for place in range(3)]
    ended = [at(FAIR, EPOCHS), *(at(config, EPOCHS) for config in others)]
    many = search_with(prior)
    many.update(ended, [], [at(config, 16) for config in corner])
    assert many.take_up() is None
