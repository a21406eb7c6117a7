"""A search whose time is limited begins with configurations that leave time for others."""

from dataclasses import replace
from math import log

import numpy as np
import pytest

from advisor.meta import Query, learner_for
from advisor.meta.durations import Durations, Speed
from advisor.meta.quickness import AMONG, PATIENCE, QUICK, Costs
from advisor.models import get_family
from knowledge_base import Bundle, KnowledgeBase
from knowledge_base.records import StudyRecord, TaskRecord, TrialRecord
from knowledge_base.space import SpaceDefinition

SPACE = SpaceDefinition.from_dict(
    {"name": "s", "hyperparameters": {"x": {"type": "float", "low": 0, "high": 1}}},
    where="a test",
)
SLOW, FAST = 40.0, 2.0


@pytest.fixture
def kb(tmp_path):
    """Return a store of three tasks: 0.2 is best and slow, 0.8 nearly as good and quick."""
    found = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    for number in range(3):
        task = TaskRecord(f"t{number}", "accuracy", "maximize", "s")
        study = StudyRecord(f"study-{number}", task.task_id, SPACE.space_id, "s", "random")
        points = np.random.default_rng(number).random(40).tolist()
        trials = [
            TrialRecord(study.study_id, place, {"x": x}, "complete",
                        max(0.95 - abs(x - 0.2), 0.93 - abs(x - 0.8)),
                        duration=SLOW if x < 0.5 else FAST)
            for place, x in enumerate(points)
        ]  # fmt: skip
        found.add(Bundle.from_records([task, SPACE, study, *trials]))
    return found


def points(found):
    return [item.config["x"] for item in found]


def test_what_takes_too_long_is_not_recommended_to_a_search_with_little_time(kb):
    learner = learner_for(kb, SPACE, "s")
    assert abs(learner.recommend(Query(), 1)[0].config["x"] - 0.2) < 0.1
    quick = learner.recommend(Query(seconds=10.0), 3)
    assert abs(quick[0].config["x"] - 0.8) < 0.1
    assert min(points(quick)) >= 0.5
    assert points(learner.recommend(Query(seconds=50.0), 3)) == points(
        learner.recommend(Query(), 3)
    )


def test_where_nothing_is_quick_enough_the_quickest_are_left(kb):
    found = learner_for(kb, SPACE, "s").recommend(Query(seconds=0.1), 3)
    assert len(found) == 3
    assert min(points(found)) >= 0.5


class Past:
    """Two candidates on a task of 1,000 rows and one of 4,000."""

    class Task:
        def __init__(self, rows):
            self.metafeatures = {"general.log_rows": log(rows)}

    keys = ("a", "b", "c")
    tasks = (Task(1000), Task(4000))
    seconds = np.array([[1.0, 3.0, np.nan], [8.0, np.nan, np.nan]])


def test_seconds_grow_with_the_rows_and_are_weighted():
    query = Query({"general.log_rows": log(2000)}, seconds=5.0)
    weights = np.array([0.5, 0.5])
    costs = Costs.of(Past, weights, query, {})
    seconds = costs.seconds  # 1 s becomes 2, and 8 s become 4
    assert seconds[:2] == pytest.approx([8**0.5, 6.0], rel=1e-6)
    assert np.isnan(seconds[2])
    assert costs.quick_enough(query, 1).tolist() == [0]
    assert costs.quick_enough(query, 3).tolist() == [0, 1, 2]
    assert costs.quick_enough(replace(query, seconds=None), 1).tolist() == [0, 1, 2]


def test_without_rows_the_seconds_are_those_of_the_past():
    seconds = Costs.of(Past, np.array([1.0, 0.0]), Query(seconds=1.0), {}).seconds
    assert seconds[:2] == pytest.approx([1.0, 3.0], rel=1e-4)


def test_one_of_the_first_three_is_quick_and_not_much_worse():
    costs = Costs(np.array([12.0, 10.0, 9.0, 3.0, 2.0, 8.0]), default=6.0)
    means = np.array([2.0, 1.9, 1.8, 1.4, 1.6, 1.0])
    assert costs.with_a_quick_one([0, 1, 2, 5], means) == [0, 1, 4, 2]
    assert costs.with_a_quick_one([0, 1, 3], means) == [0, 1, 3]  # there is one
    assert costs.with_a_quick_one([0, 1], means) == [0, 1]
    poor = np.array([2.0, 1.9, 1.8, 0.9, 0.9, 1.0])
    assert costs.with_a_quick_one([0, 1, 2], poor) == [0, 1, 2]  # none is good enough


def test_quick_is_beside_the_first_or_a_slower_default():
    costs = Costs(np.array([3.0, 2.0, 1.0, np.nan]), default=6.0)
    assert costs.is_quick(0).tolist() == [False, True, True, False]
    alone = Costs(np.array([3.0, 2.0, 1.0, np.nan]))
    assert alone.is_quick(0).tolist() == [False, False, True, False]
    assert not Costs(np.array([np.nan, 1.0])).is_quick(0).any()


def test_only_what_is_slow_must_be_better():
    costs = Costs(np.array([0.1, PATIENCE, 2 * PATIENCE, 8 * PATIENCE, np.nan]))
    worse = costs.slowness
    assert worse[[0, 1, 4]].tolist() == [0, 0, 0]
    assert worse[3] == pytest.approx(3 * worse[2])
    assert worse[2] > 0


def table_of(rows):
    return {"general.log_rows": log(rows), "general.log_features": log(10),
            "general.log_classes": log(3), "general.numeric_share": 1.0}  # fmt: skip


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    family = get_family("mlp")
    kb = KnowledgeBase(tmp_path_factory.mktemp("kb") / "kb.duckdb")
    return family, learner_for(kb, family.space(), "mlp")


@pytest.mark.parametrize("rows", [500, 20_000, 97_000])
def test_a_list_says_what_each_takes_here_and_has_a_quick_one(shipped, rows):
    family, learner = shipped
    durations = Durations(family, table_of(rows), Speed(2.0, 3.0, measured=True))
    found = learner.recommend(Query(table_of(rows), durations=durations), 5)
    expected = durations.of([item.config for item in found])
    assert [item.seconds for item in found] == pytest.approx(expected)
    assert {item.seconds_on for item in found} == {"this machine"}
    slowest = max(found[0].seconds, durations.of([family.default()])[0])
    assert [item.quick for item in found] == [item.seconds <= QUICK * slowest for item in found]
    assert any(item.quick for item in found[:AMONG])
    assert " on this machine" in found[0].takes


def test_the_more_rows_the_fewer_epochs_are_recommended(shipped):
    family, learner = shipped

    def first(rows):
        durations = Durations(family, table_of(rows))
        return learner.recommend(Query(table_of(rows), durations=durations), 1)[0]

    few, many = (Durations(family, table_of(97_000)).of([first(rows).config])[0]
                 for rows in (500, 97_000))  # fmt: skip
    assert many <= few
    assert first(500).seconds_on == "a machine like that of the past trials"


def test_what_no_law_knows_is_said_of_past_tasks(kb):
    found = learner_for(kb, SPACE, "s").recommend(Query(), 3)
    assert {item.seconds_on for item in found} == {"past tasks"}
    assert found[0].seconds == pytest.approx(SLOW)
