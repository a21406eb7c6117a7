"""Recommendations avoid what failed on similar data, and say why."""

import numpy as np
import pytest

from advisor.meta import Query, learner_for
from advisor.meta.risk import FAILURES, Risk, failures
from knowledge_base import Bundle, KnowledgeBase
from knowledge_base.records import StudyRecord, TaskRecord, TrialRecord
from knowledge_base.space import SpaceDefinition

SPACE = SpaceDefinition.from_dict(
    {"name": "s", "hyperparameters": {"x": {"type": "float", "low": 0, "high": 1}}},
    where="a test",
)


class Past:
    def __init__(self, points, failed):
        self.inputs = np.array(points)[:, None]
        self.failures = np.array(failed, dtype=np.uint8)


def risk(*tasks, weights=None):
    weights = np.full(len(tasks), 1 / len(tasks)) if weights is None else np.array(weights)
    return Risk(tasks, weights, np.array([0.1]))


def test_failures_near_by_count_and_others_hardly():
    found = risk(Past([0.1, 0.12, 0.14, 0.8, 0.85, 0.9], [2, 2, 2, 0, 0, 0]))
    near, far = found.probability(np.array([[0.12], [0.85]]))
    assert near > 0.7 > 0.3 > far
    assert found.text(np.array([0.12])) == "diverged on 3 of 3 similar trials"
    assert found.text(np.array([0.85])) is None
    penalty = found.penalty(np.array([[0.12], [0.85]]))
    assert penalty[0] > 0.5
    assert penalty[1] == 0


def test_tasks_count_by_their_weight():
    bad, fine = Past([0.1, 0.2], [2, 2]), Past([0.1, 0.2], [0, 0])
    heavy, light = (
        risk(bad, fine, weights=w).probability(np.array([[0.1]]))[0]
        for w in ([0.9, 0.1], [0.1, 0.9])
    )
    assert heavy == pytest.approx(0.9)
    assert light == pytest.approx(0.1)


def test_a_past_without_failures_costs_nothing():
    found = risk(Past([0.1, 0.9], [0, 0]))
    assert not found.penalty(np.array([[0.1], [0.5]])).any()


def test_labels_come_before_states_and_nonsense_is_nothing():
    labels = ['["dead_units"]', None, "no json", '{"a": 1}', '["overfitting"]', "[]"]
    states = ["complete", "diverged", "complete", "complete", "complete", "failed"]
    codes = [FAILURES.index("dead_units") + 1, FAILURES.index("diverging") + 1, 0, 0, 0, 1]
    assert failures(states, labels).tolist() == codes


def make(tmp_path, name, unlucky):
    """Return a store of three tasks: 0.2 is as good as can be, and so is 0.8 but for a little.

    Near 0.2 trials end with dead units if `unlucky`.
    """
    kb = KnowledgeBase(tmp_path / f"{name}.duckdb", seed=False)
    for number in range(3):
        task = TaskRecord(f"t{number}", "accuracy", "maximize", "s")
        study = StudyRecord(f"study-{number}", task.task_id, SPACE.space_id, "s", "random")
        points = np.random.default_rng(number).random(40)
        trials = []
        for place, x in enumerate(points.tolist()):
            value = max(0.95 - abs(x - 0.2), 0.93 - abs(x - 0.8))
            labels = ("dead_units",) if unlucky and abs(x - 0.2) < 0.15 else ()
            trials.append(TrialRecord(study.study_id, place, {"x": x}, "complete", value,
                                      labels=labels))  # fmt: skip
        kb.add(Bundle.from_records([task, SPACE, study, *trials]))
    return kb


def test_what_failed_on_past_tasks_is_avoided_though_its_score_is_good(tmp_path):
    (lucky,) = learner_for(make(tmp_path, "lucky", False), SPACE, "s").recommend(Query(), 1)
    assert abs(lucky.config["x"] - 0.2) < 0.1
    assert lucky.risk is None
    kb = make(tmp_path, "unlucky", True)
    first, *others = learner_for(kb, SPACE, "s").recommend(Query(), 6)
    assert abs(first.config["x"] - 0.8) < 0.1
    assert first.risk is None
    risky = [item for item in others if abs(item.config["x"] - 0.2) < 0.1]
    assert all("ended with dead units on" in item.risk for item in risky)
    assert first.to_dict()["risk"] is None
