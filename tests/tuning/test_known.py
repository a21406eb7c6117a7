"""The same search started again trains nothing that is in the store."""

import pytest

from advisor import Advisor
from advisor.models import get_family
from advisor.problem import problem_of
from advisor.settings import Settings
from advisor.tuning.search import start
from knowledge_base import KnowledgeBase


@pytest.fixture
def advisor(tmp_path):
    return Advisor(KnowledgeBase(tmp_path / "kb.duckdb", seed=False))


@pytest.mark.parametrize("strategy", ["random", "sobol", "bayesian"])
def test_the_same_search_again_asks_for_other_things(advisor, strategy):
    given = {"data": "sklearn:iris", "strategy": strategy, "trials": 3}
    first, second = advisor.tune(**given), advisor.tune(**given)
    tried = [dict(trial.config) for trial in first.tuner.trials]
    assert first.known == []
    whole = [trial for trial in first.tuner.trials if trial.state == "complete"]
    assert [item["config"] for item in second.known] == [dict(t.config) for t in whole]
    assert [item["value"] for item in second.known] == [t.value for t in whole]
    assert not any(dict(trial.config) in tried for trial in second.tuner.trials)
    assert len(second.tuner.trials) == 3


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
