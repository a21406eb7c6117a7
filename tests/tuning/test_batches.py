"""Strategies that do not learn: several trials at once, and nothing lost or asked twice."""

import pytest

from advisor.data import load_dataset, prepare
from advisor.models import get_family
from advisor.strategies import STRATEGIES, Observation, get_strategy
from advisor.training.objective import FamilyObjective, Objective
from advisor.training.outcome import Outcome
from advisor.tuning.runner import run
from advisor.tuning.tuner import Tuner
from knowledge_base import SpaceDefinition
from knowledge_base.records import EpochRecord
from knowledge_base.space import restricted

SPACE = SpaceDefinition.from_dict(
    {"name": "line", "hyperparameters": {"x": {"type": "float", "low": -1, "high": 1}}}
)


def tuner(space=SPACE, strategy="random", **options):
    return Tuner.create(space, name="t", strategy=strategy, seed=3, **options)


class Pairs(Objective):
    """Trains in groups of two; of each, the second ends first."""

    at_once = 6

    def __init__(self, fail=lambda config: False):
        self.fail, self.alone = fail, 0

    def evaluate(self, config, report):
        self.alone += 1
        if self.fail(config):
            raise ValueError("no luck")
        report(EpochRecord(1, val_metric=config["x"]))
        return Outcome("complete", value=config["x"])

    def groups_of(self, configs):
        return [list(range(first, min(first + 2, len(configs)))) for first in range(0, 6, 2)]

    def evaluate_many(self, configs, reports):
        for place in reversed(range(len(configs))):
            if self.fail(configs[place]):
                raise ValueError("no luck")
            yield place, Outcome("complete", value=configs[place]["x"])


def xs(tuner):
    return [trial.config["x"] for trial in tuner.trials]


def sequence(n, **options):
    plain = tuner(**options)
    return [plain.ask()["x"] for _ in range(n)]


def test_only_strategies_that_do_not_learn_are_asked_ahead():
    ahead = {name for name in STRATEGIES if not get_strategy(name).adaptive}
    assert ahead == {"random", "sobol", "grid"}
    learning = tuner(strategy="bayesian")
    objective = Pairs()
    run(learning, objective, 3)
    assert objective.alone == 3


def test_each_trial_of_a_batch_is_told_when_it_ends():
    done, seen = tuner(), []
    run(done, Pairs(), 6, on_trial=lambda trial, tuner: seen.append(len(tuner.trials)))
    asked = sequence(6)
    assert xs(done) == [asked[place] for place in (1, 0, 3, 2, 5, 4)]
    assert seen == [1, 2, 3, 4, 5, 6]
    assert [trial.number for trial in done.trials] == list(range(6))


@pytest.mark.parametrize("strategy", ["random", "sobol", "grid"])
def test_a_search_cut_off_within_a_batch_goes_on_with_what_is_missing(strategy, tmp_path):
    def interrupt(trial, tuner):
        if len(tuner.trials) == 3:
            raise KeyboardInterrupt

    cut = tuner(strategy=strategy, directory=tmp_path / "study")
    with pytest.raises(KeyboardInterrupt):
        run(cut, Pairs(), 9, on_trial=interrupt)
    cut.close()
    resumed = Tuner.resume(tmp_path / "study")
    assert len(resumed.trials) == 3
    run(resumed, Pairs(), 9)
    assert sorted(xs(resumed)) == sorted(sequence(9, strategy=strategy))
    goes_on = tuner(strategy=strategy)  # Going on in the same process asks the same.
    with pytest.raises(KeyboardInterrupt):
        run(goes_on, Pairs(), 9, on_trial=interrupt)
    run(goes_on, Pairs(), 9)
    assert sorted(xs(goes_on)) == sorted(xs(resumed))


def test_when_a_group_fails_its_trials_are_run_one_by_one():
    bad = sequence(2)[0]
    done, objective = tuner(), Pairs(fail=lambda config: config["x"] == bad)
    run(done, objective, 6)
    assert [trial.state for trial in done.trials] == ["complete", "failed", *["complete"] * 4]
    assert objective.alone == 1
    assert "no luck" in done.trials[1].error


def test_no_group_begins_when_the_time_is_over():
    done = tuner()
    run(done, Pairs(), 6, timeout=0.0)
    assert done.trials == []


@pytest.fixture(scope="module")
def objective():
    return FamilyObjective(
        get_family("mlp"), prepare(load_dataset("sklearn:wine"), 0), "log_loss", 0, max_epochs=3
    )


def narrow():
    return restricted(get_family("mlp").space(), ["learning_rate", "weight_decay"], {"units": "16"})


def test_a_family_is_trained_together_and_comes_out_as_one_by_one(objective):
    together, single = tuner(narrow(), n_warm=0), tuner(narrow(), n_warm=0)
    run(together, objective, 5)
    one = FamilyObjective(get_family("mlp"), objective._data, "log_loss", 0, max_epochs=3)
    one.at_once = 1
    run(single, one, 5)
    configs = [trial.config for trial in together.trials]
    assert len(single.trials) == len(together.trials) == 5
    for trial in single.trials:
        twin = together.trials[configs.index(trial.config)]
        assert twin.value == pytest.approx(trial.value, rel=1e-3)
        assert (twin.state, twin.epochs) == (trial.state, trial.epochs)


def test_the_time_limit_stops_and_keeps_all_that_are_running(objective, monkeypatch):
    from advisor.tuning import batches, runner

    clock = iter([False] * 39)  # the first epoch of two batches asks 32 times, the runner twice
    for module in (batches, runner):
        monkeypatch.setattr(module, "over", lambda deadline: next(clock, True))
    done = tuner(narrow())
    result = run(done, objective, 20, timeout=1000.0)
    assert result.reason == "timeout"
    assert done.best is not None  # Trials that the clock cut off count with what they reached.
    assert [trial.state for trial in done.trials] == ["stopped"] * 16
    assert [trial.epochs for trial in done.trials] == [1] * 16
    assert all(trial.value is not None for trial in done.trials)


def test_resumed_studies_ask_for_what_earlier_versions_asked():
    """One at a time, the n-th random configuration is drawn with the seed of step n."""
    from advisor.encoding import sample

    strategy = get_strategy("random")(SPACE, seed=3)
    strategy.start_from([{"x": 0.5}, {"x": 0.5}])
    found = []
    for _ in range(4):
        (config,) = strategy.suggest()
        strategy.update([Observation(config, 0.0)], [])
        found.append(config)
    assert found[0] == {"x": 0.5}
    expected = [sample(SPACE, 1, seed=strategy.step_seed(step))[0] for step in (1, 2, 3)]
    assert found[1:] == expected


WIDE = SpaceDefinition.from_dict(
    {
        "name": "wide",
        "hyperparameters": {n: {"type": "float", "low": -1, "high": 1} for n in ("x", "y", "z")},
    }
)


class Stacks(Objective):
    """Trains up to four of a shape in the time of one, which is known from its history."""

    shapeless = frozenset({"x", "y", "z"})

    def __init__(self, count=3, break_at=None):
        self.count, self.break_at = count, break_at
        self.groups = []

    def evaluate(self, config, report):
        self.groups.append(1)
        report(EpochRecord(1, val_metric=config["x"]))
        return Outcome("complete", value=config["x"], duration=1000.0)

    def companions(self, config):
        return self.count

    def groups_of(self, configs):
        return [list(range(len(configs)))]

    def evaluate_many(self, configs, reports):
        self.groups.append(len(configs))
        for place, config in enumerate(configs):
            if place == self.break_at:
                raise ValueError("no luck")
            yield place, Outcome("complete", value=config["x"], duration=1000.0)


def distinct(tuner):
    return len({tuple(sorted(trial.config.items())) for trial in tuner.trials})


def searched(objective, trials, timeout):
    """Search until as many trials are there; each says that it took longer than there is time."""
    searching = tuner(WIDE, strategy="bayesian")
    run(searching, objective, trials, timeout)
    return searching


def test_where_the_time_ends_a_search_what_has_companions_trains_with_them():
    objective = Stacks()
    done = searched(objective, 30, 600.0)
    assert sum(objective.groups) == len(done.trials) == 30
    assert objective.groups[:5] == [1] * 5, "too little is known"
    assert set(objective.groups) >= {1, 4}
    assert distinct(done) == 30, "none is tried twice"
    assert [trial.number for trial in done.trials] == list(range(30))
    assert done.strategy.active == []


def test_where_the_trials_end_it_each_learns_from_all_before():
    objective = Stacks()
    searched(objective, 10, None)
    assert objective.groups == [1] * 10


def test_companions_that_cannot_train_together_train_alone():
    objective = Stacks(break_at=1)
    done = searched(objective, 14, 600.0)
    assert max(objective.groups) > 1
    assert len(done.trials) == 14
    assert distinct(done) == 14
    assert done.strategy.active == []


def test_trained_alone_or_together_a_small_network_has_companions_and_a_large_one_none():
    family, data = get_family("mlp"), prepare(load_dataset("sklearn:iris"), seed=0)
    objective = FamilyObjective(family, data, "accuracy", 0)
    small = {**family.default(), "units": 32}
    assert objective.companions(small) == 7
    assert objective.companions({**small, "units": 512, "n_layers": 5}) == 0
    configs = [small, {**small, "learning_rate": 0.1, "optimizer": "sgd", "momentum": 0.5}]
    assert objective.groups_of(configs) == [[0, 1]]
    assert {"learning_rate", "optimizer", "momentum"} <= set(objective.shapeless)
