"""Records: states and directions as enumerations that are stored as their texts."""

import json
from dataclasses import asdict

import pandas as pd
import pytest
from kb_examples import SPACE, TASK, make_bundle, study, trial

from knowledge_base import (
    Bundle,
    Direction,
    KnowledgeBase,
    KnowledgeBaseError,
    TaskRecord,
    TrialState,
)
from knowledge_base.identity import canonical_json
from knowledge_base.journal import Journal
from knowledge_base.records import GRADIENT, SKIPPED, best_trial
from knowledge_base.schema import DIRECTIONS, TRIAL_STATES
from knowledge_base.studies import StudyDirectory


def test_the_texts_are_those_that_were_always_stored():
    assert list(map(str, TRIAL_STATES)) == ["complete", "failed", "diverged", "stopped"]
    assert list(map(str, DIRECTIONS)) == ["minimize", "maximize"]


@pytest.mark.parametrize("state", list(TrialState))
def test_a_state_is_the_same_as_its_text_everywhere(state):
    by_text, by_member = trial(0, state=str(state)), trial(0, state=state)
    assert by_text == by_member
    assert by_text.state is state
    assert f"{state}" == json.loads(json.dumps(state)) == json.loads(canonical_json(state))
    assert json.dumps(asdict(by_text)) == json.dumps({**asdict(by_text), "state": str(state)})
    assert Bundle.from_records([by_member])["trials"]["state"].to_pylist() == [str(state)]
    assert pd.Series([str(state), "other"]).isin(TRIAL_STATES).tolist() == [True, False]


def test_an_unknown_state_is_read_and_told(path, tmp_path):
    odd = trial(1, state="odd")
    assert odd.state == "odd"
    directory = StudyDirectory.create(tmp_path / "s", study=study(), task=TASK, space=SPACE)
    directory.append(odd)
    assert directory.trials() == [odd]
    kb = KnowledgeBase(path, seed=False)
    bundle = make_bundle(range(0)).merge(Bundle.from_records([odd]))
    with pytest.raises(KnowledgeBaseError, match="its state is none of"):
        kb.add(bundle)
    Journal(path).append(bundle)  # as an earlier version took it
    assert any("unknown state" in line for line in kb.verify())


def test_a_task_is_the_same_by_either_direction():
    tasks = [TaskRecord("a", "loss", way, "mlp") for way in ("minimize", Direction.MINIMIZE)]
    assert tasks[0].task_id == tasks[1].task_id


def test_a_skipped_trial_says_why():
    skipped = trial(0, state="failed", value=None, error=f"{SKIPPED}too large")
    assert (skipped.skipped, skipped.skip_reason) == (True, "too large")
    failed = trial(0, state="failed", value=None, error="too large")
    assert (failed.skipped, failed.skip_reason) == (False, "")
    assert not trial(0).skipped


def test_gradients_are_told_apart_from_other_metrics():
    metrics = {f"{GRADIENT}dropout": -0.5, "test_accuracy": 0.9}
    assert trial(0, metrics=metrics).gradients == {"dropout": -0.5}
    assert trial(0).gradients == {}


@pytest.mark.parametrize(("direction", "number"), [("minimize", 1), ("maximize", 3)])
def test_the_best_trial_is_the_first_complete_one_with_the_best_value(direction, number):
    values = [None, 0.1, 0.1, 0.9, 0.9]
    trials = [trial(i, value=value) for i, value in enumerate(values)]
    trials.append(trial(9, state="stopped", value=-1.0))
    trials.append(trial(10, state="stopped", value=2.0))
    best = best_trial(trials, direction)
    assert best is not None
    assert best.number == number
    assert best_trial([], direction) is None
