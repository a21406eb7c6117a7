"""A search whose time is limited begins with configurations that leave time for others."""

from dataclasses import replace
from math import log

import numpy as np
import pytest

from advisor.meta import Query, learner_for
from advisor.meta.quickness import expected_seconds, quick_enough
from knowledge_base import Bundle, KnowledgeBase
from knowledge_base.records import StudyRecord, TaskRecord, TrialRecord
from knowledge_base.space import SpaceDefinition

SPACE = SpaceDefinition.from_dict(
    {"name": "s", "hyperparameters": {"x": {"type": "float", "low": 0, "high": 1}}},
    where="a test",
)
SLOW, QUICK = 40.0, 2.0


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
                        duration=SLOW if x < 0.5 else QUICK)
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
    seconds = expected_seconds(Past, weights, query)  # 1 s becomes 2, and 8 s become 4
    assert seconds[:2] == pytest.approx([8**0.5, 6.0], rel=1e-6)
    assert np.isnan(seconds[2])
    assert quick_enough(Past, weights, query, 1).tolist() == [0]
    assert quick_enough(Past, weights, query, 3).tolist() == [0, 1, 2]
    assert quick_enough(Past, weights, replace(query, seconds=None), 1).tolist() == [0, 1, 2]


def test_without_rows_the_seconds_are_those_of_the_past():
    seconds = expected_seconds(Past, np.array([1.0, 0.0]), Query(seconds=1.0))
    assert seconds[:2] == pytest.approx([1.0, 3.0], rel=1e-4)
