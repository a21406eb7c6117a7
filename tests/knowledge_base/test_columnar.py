"""Trials from frames and back."""

import numpy as np
import pandas as pd
import pytest

from knowledge_base import KnowledgeBase, SpaceDefinition, StudyRecord, TaskRecord, UserError
from knowledge_base.identity import digest, trial_ids

SPACE = SpaceDefinition.from_dict(
    {
        "name": "odd",
        "hyperparameters": [
            {"name": "C", "type": "uniform_float", "lower": 0.0, "upper": 1.0},
            {"name": "c", "type": "uniform_int", "lower": 1, "upper": 9},
            {"name": 'it\'s "it"', "type": "categorical", "choices": ["a", "b'\"c"]},
            {"name": "flag", "type": "categorical", "choices": [True, False]},
            {"name": "mixed", "type": "categorical", "choices": [1, "x", 2.5]},
            {"name": "only", "type": "uniform_float", "lower": 0.0, "upper": 1.0},
        ],
        "conditions": [{"type": "EQ", "child": "only", "parent": "flag", "value": True}],
    }
)
TASK = TaskRecord("odd task", "accuracy", "maximize", "odd")
STUDY = StudyRecord("study-1", TASK.task_id, SPACE.space_id, name="one")
FRAME = pd.DataFrame(
    {
        "C": [0.25, 0.5, 1.0],
        "c": [1, 2, 9],
        'it\'s "it"': ["a", "b'\"c", "a"],
        "flag": [True, False, True],
        "mixed": [1, "x", 2.5],
        "only": [0.1, np.nan, 0.3],
        "value": [0.5, 0.6, 0.7],
    }
)


@pytest.fixture
def kb(tmp_path):
    return KnowledgeBase(tmp_path / "kb.duckdb", seed=False)


def add(kb, frame=FRAME):
    return kb.add_trials(frame, task=TASK, space=SPACE, study=STUDY)


def test_a_frame_comes_back_as_it_was(kb):
    assert add(kb).added == 3
    found = kb.trials(configs=True)
    assert found["config.C"].tolist() == [0.25, 0.5, 1.0]
    assert found["config.c"].tolist() == [1, 2, 9]
    assert found['config.it\'s "it"'].tolist() == ["a", "b'\"c", "a"]
    assert found["config.flag"].tolist() == [True, False, True]
    assert found["config.mixed"].tolist() == ["1", "x", "2.5"]
    assert found["config.only"].isna().tolist() == [False, True, False]
    assert found["value"].tolist() == [0.5, 0.6, 0.7]


def test_the_same_frame_again_adds_nothing(kb):
    add(kb)
    report = add(kb)
    assert (report.added, report.duplicates) == (0, 3)
    assert len(kb.trials()) == 3


def test_one_row_outside_the_space_stops_the_frame(kb):
    with pytest.raises(UserError, match=r"Row 1 .*c = 10"):
        add(kb, FRAME.assign(c=[1, 10, 2]))
    with pytest.raises(UserError, match="flag"):
        add(kb, FRAME.assign(flag=[True, 1, False]))
    assert not kb.path.exists()


def test_a_frame_without_values_is_refused(kb):
    with pytest.raises(UserError, match="'value'"):
        add(kb, FRAME.drop(columns="value"))


def test_truth_values_are_no_numbers(kb):
    with pytest.raises(UserError, match="c = True"):
        add(kb, FRAME.assign(c=[True, 2, 3]))
    with pytest.raises(UserError, match="c = True"):
        add(kb, FRAME.assign(c=[True, True, True]))


def test_identities_of_many_trials_are_those_of_one():
    assert trial_ids("s", [0, 7]) == [digest("trial", "s", 0), digest("trial", "s", 7)]
