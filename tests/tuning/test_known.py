"""The same search started again trains nothing that is in the store."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from advisor import Advisor
from advisor.cli import main
from advisor.models import get_family
from advisor.problem import problem_of
from advisor.settings import Settings
from advisor.tuning.known import _as_asked, observations
from advisor.tuning.search import start
from knowledge_base import KnowledgeBase, SpaceDefinition
from knowledge_base.records import fold_values

EPOCHS = 3
"""Trials of most searches here; those that say nothing of it train theirs to the end."""


@pytest.fixture
def advisor(tmp_path):
    return Advisor(KnowledgeBase(tmp_path / "kb.duckdb", seed=False))


@pytest.mark.parametrize("strategy", ["random", "sobol", "bayesian"])
def test_the_same_search_again_asks_for_other_things(advisor, strategy):
    given = {"data": "sklearn:iris", "strategy": strategy, "trials": 3, "max_epochs": EPOCHS}
    first, second = advisor.tune(**given), advisor.tune(**given)
    tried = [dict(trial.config) for trial in first.tuner.trials]
    assert first.known == []
    whole = [trial for trial in first.tuner.trials if trial.state == "complete"]
    assert [item["config"] for item in second.known] == [dict(t.config) for t in whole]
    assert [item["value"] for item in second.known] == [t.value for t in whole]
    assert not any(dict(trial.config) in tried for trial in second.tuner.trials)
    assert len(second.tuner.trials) == 3


def test_what_is_known_keeps_its_folds(advisor):
    given = {"data": "sklearn:iris", "strategy": "bayesian", "trials": 3, "folds": 2,
             "max_epochs": EPOCHS}  # fmt: skip
    first, second = advisor.tune(**given), advisor.search(**given, name="again")
    before = [fold_values(trial.metrics) for trial in first.tuner.trials]
    assert [len(folds) for folds in before] == [2] * 3
    resumed = advisor.search(**given, name="again", resume=True)
    for search in (second, resumed):
        assert [dict(o.folds) for o in search.tuner.strategy.observations] == before
    assert resumed.tuner.ask() == second.tuner.ask()


def test_what_earlier_versions_knew_of_trials_has_no_folds():
    known = [{"config": {"x": 1}, "value": 0.5, "seconds": None}]
    assert [dict(each.folds) for each in observations(known)] == [{}]


def test_another_seed_fewer_epochs_and_a_cold_search_know_nothing(advisor):
    given = {"data": "sklearn:iris", "strategy": "random", "trials": 1}
    advisor.tune(**given)
    assert len(advisor.search(**given).known) == 1
    assert advisor.search(**given, seed=1).known == []
    assert advisor.search(**given, max_epochs=2).known == []
    assert advisor.search(**given, n_warm=0).known == []


def test_a_resumed_search_knows_what_it_knew(advisor):
    given = {"data": "sklearn:iris", "strategy": "random", "trials": 1}
    advisor.tune(**given)
    begun = advisor.search(**given, name="again")
    resumed = advisor.search(**given, name="again", resume=True)
    assert resumed.known == begun.known
    assert resumed.tuner.ask() == begun.tuner.ask()


def stored(kb):
    return len(kb.trials())


@pytest.mark.parametrize("strategy", ["random", "sobol", "bayesian", "evolution", "grid"])
def test_a_cold_search_again_is_the_same_and_trains_nothing(advisor, strategy, monkeypatch):
    given = {"data": "sklearn:iris", "strategy": strategy, "trials": 4, "n_warm": 0,
             "max_epochs": EPOCHS}  # fmt: skip
    first = advisor.tune(**given)
    before = stored(advisor.kb)
    monkeypatch.setattr("advisor.training.train", refuse)
    monkeypatch.setattr("advisor.training.together.train_group", refuse)
    second = advisor.tune(**given, name="again")

    def told(search):
        return [(dict(t.config), t.value, t.metrics, t.epochs, t.labels, len(t.curve))
                for t in search.tuner.trials]  # fmt: skip

    assert [t.taken for t in first.tuner.trials] == [False] * 4
    assert [t.taken for t in second.tuner.trials] == [True] * 4
    assert told(first) == told(second)
    assert second.known == []
    assert stored(advisor.kb) == before
    resumed = advisor.search(name="again", resume=True)
    assert told(resumed) == told(first)
    assert stored(advisor.kb) == before


def refuse(*_, **__):
    raise AssertionError("it was trained again")


def test_a_longer_cold_search_trains_only_what_is_new(advisor):
    given = {"data": "sklearn:iris", "strategy": "random", "n_warm": 0, "max_epochs": EPOCHS}
    advisor.tune(**given, trials=2)
    longer = advisor.tune(**given, trials=4)
    assert [t.taken for t in longer.tuner.trials] == [True, True, False, False]
    assert stored(advisor.kb) == 4
    other = advisor.tune(**given, trials=1, seed=1)
    assert not other.tuner.trials[0].taken


@pytest.mark.parametrize("strategy", ["halving", "hyperband"])
def test_strategies_that_end_trials_train_all_of_a_cold_search(advisor, strategy):
    given = {"data": "sklearn:iris", "strategy": strategy, "trials": 1, "n_warm": 0,
             "max_epochs": EPOCHS}  # fmt: skip
    advisor.tune(**given)
    assert not advisor.tune(**given).tuner.trials[0].taken


def test_a_search_by_gradient_begins_again(advisor):
    given = {"data": "sklearn:iris", "strategy": "gradient", "only": ["learning_rate"],
             "trials": 2, "max_epochs": 2}  # fmt: skip
    advisor.tune(**given)
    assert len(advisor.tune(**given).tuner.trials) == 2


def test_a_comparison_from_a_cold_start_trains_all(advisor):
    given = {"strategies": ["random"], "trials": 2, "max_epochs": 2}
    first = advisor.compare("sklearn:iris", **given)
    first.contribute()
    second = advisor.compare("sklearn:iris", **given)
    (study,) = second.plan.studies
    assert not any(trial.taken for trial in second.study(study).trials())


def test_what_was_cut_at_the_same_epoch_is_known(advisor):
    given = {"data": "sklearn:iris", "strategy": "random", "trials": 3}
    done = advisor.tune(**given, max_epochs=2)
    cut = [t for t in done.tuner.trials if t.state == "complete" and t.epochs == 2]
    assert len(cut) == 3
    patient = [t for t in cut if 2 - t.metrics["best_epoch"] < t.config["patience"]]
    known = advisor.search(**given, max_epochs=2).known
    assert [item["config"] for item in known][: len(patient)] == [dict(t.config) for t in patient]
    assert advisor.search(**given, max_epochs=3).known == []
    assert advisor.search(**given).known == []


@pytest.mark.parametrize(("most", "config", "epochs", "best", "same"), [
    (None, {"epochs": 9, "patience": 4}, 9, 7, True),
    (None, {"epochs": 9, "patience": 4}, 6, 2, True),
    (None, {"epochs": 9, "patience": 4}, 5, 4, False),
    (9, {"epochs": 9, "patience": 4}, 9, 7, True),
    (12, {"epochs": 9, "patience": 4}, 9, 7, True),
    (12, {"epochs": 9, "patience": 4}, 5, 4, False),
    (5, {"epochs": 9, "patience": 4}, 5, 4, True),
    (5, {"epochs": 9, "patience": 4}, 9, 8, False),
    (7, {"epochs": 9, "patience": 4, "schedule": "constant"}, 6, 2, True),
    (7, {"epochs": 9, "patience": 4, "schedule": "cosine"}, 6, 2, False),
    (7, {"epochs": 9, "patience": 4, "warmup_epochs": 3}, 6, 2, False),
    (5, {"epochs": 9, "patience": 4}, 6, 2, False),
])  # fmt: skip
def test_which_fidelity_is_the_same(advisor, most, config, epochs, best, same):
    problem = advisor.problem("sklearn:iris")
    row = {"config": json.dumps(config), "epochs": epochs,
           "metrics": json.dumps({"best_epoch": best})}  # fmt: skip
    assert _as_asked(problem, Settings(data="sklearn:iris", max_epochs=most, folds=1), row) is same


@pytest.mark.parametrize("all_rows", [True, False])
def test_a_search_that_holds_out_nothing_has_other_splits(advisor, all_rows):
    given = {"data": "sklearn:iris", "strategy": "random", "trials": 1, "folds": 1}
    advisor.tune(**given, all_rows=all_rows)
    assert len(advisor.search(**given, all_rows=all_rows).known) == 1
    assert advisor.search(**given, all_rows=not all_rows).known == []


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("known_net.yaml").write_text(
        "{name: known-net, hyperparameters: {learning_rate: {type: float, low: 0.001, high: 0.1}}}"
    )
    Path("known_net.py").write_text(
        "import torch\n"
        "def build(config, n_inputs, n_outputs):\n    return torch.nn.Linear(n_inputs, n_outputs)\n"
        "def train(config, report):\n    return config['learning_rate']\n"
    )
    return {"space": "known_net.yaml", "strategy": "random", "trials": 2}


def test_an_own_network_is_known_while_its_code_is_the_same(advisor, own):
    own |= {"data": "sklearn:iris", "module": "known_net.py:build", "max_epochs": 1}
    done = advisor.tune(**own)
    again = advisor.search(**own)
    assert [i["config"] for i in again.known] == [dict(t.config) for t in done.tuner.trials]
    cold = {**own, "n_warm": 0}
    advisor.tune(**cold)
    assert all(trial.taken for trial in advisor.tune(**cold).tuner.trials)
    with Path("known_net.py").open("a") as file:
        file.write("# changed\n")
    assert advisor.search(**own).known == []
    assert not any(trial.taken for trial in advisor.tune(**cold).tuner.trials)


def test_an_own_function_is_not_asked_for_the_same_again(advisor, own):
    own |= {"objective": "known_net.py:train", "direction": "minimize"}
    done = advisor.tune(**own)
    again = advisor.tune(**own)
    before = [dict(trial.config) for trial in done.tuner.trials]
    assert [item["config"] for item in again.known] == before
    assert not [t for t in again.tuner.trials if dict(t.config) in before]
    cold = advisor.tune(**own, n_warm=0)  # It may be random: a cold search trains it.
    assert not any(trial.taken for trial in cold.tuner.trials)
    with Path("known_net.py").open("a") as file:
        file.write("# changed\n")
    assert advisor.search(**own).known == []


def test_an_object_from_python_leaves_no_digest_and_is_not_known(advisor, own):
    own |= {"objective": lambda config, report: config["learning_rate"], "direction": "minimize"}
    own["space"] = SpaceDefinition.read("known_net.yaml")
    advisor.tune(**own)
    assert advisor.search(**own).known == []


def test_what_was_taken_is_said(tmp_path, monkeypatch):
    words = ["tune", "sklearn:iris", "--trials", "2", "--warm", "0", "--strategy", "random",
             "--max-epochs", "1", "--kb", str(tmp_path / "k.duckdb")]  # fmt: skip
    assert "Taken from" not in CliRunner().invoke(main, words).output
    assert "Taken from the store: 2 of these trials" in CliRunner().invoke(main, words).output


def in_version_3(advisor, **given):
    """Run a search as version 3 of the family would have run it."""
    settings = Settings(data="sklearn:iris", strategy="random", trials=2, n_warm=0, **given)
    problem = problem_of(settings).in_version(3, settings)
    search = start(settings, advisor.kb, "old", problem=problem)
    search.run()
    assert search.tuner.study.space.version == 3
    return [dict(trial.config) for trial in search.tuner.trials if trial.state == "complete"]


def test_trials_of_an_earlier_version_of_the_family_are_known(advisor):
    tried = in_version_3(advisor)
    assert tried
    found = advisor.search("sklearn:iris", strategy="random", trials=1).known
    assert [item["config"] for item in found] == [{**c, "numeric": "plain"} for c in tried]
    space = get_family("mlp").space()
    assert all(space.complete(item["config"]) == item["config"] for item in found)


@pytest.mark.parametrize("part", [{"only": ["numeric"]}, {"fix": {"numeric": "periodic"}}])
def test_not_where_what_came_later_is_searched_or_fixed(advisor, part):
    in_version_3(advisor)
    assert advisor.search("sklearn:iris", strategy="random", trials=1, **part).known == []


@pytest.mark.parametrize("part", [{}, {"only": ["learning_rate"], "fix": {"units": 32}}])
def test_a_study_of_an_earlier_version_goes_on_in_its_space(advisor, part):
    tried = in_version_3(advisor, **part)
    found = advisor.tune("sklearn:iris", name="old", resume=True, trials=3)
    configs = [dict(trial.config) for trial in found.tuner.trials]
    assert configs[: len(tried)] == tried
    assert len(configs) == 3
    assert not any("numeric" in config for config in configs)
    (space,) = advisor.kb.trials()["space_id"].unique()
    assert space == found.tuner.study.space.space_id
