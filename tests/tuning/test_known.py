"""The same search started again trains nothing that is in the store."""

import pytest

from advisor import Advisor
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
