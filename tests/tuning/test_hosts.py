"""A tuner in a host: a study of several processes, trials elsewhere, pickles, stopped trials."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from test_search import SPACE, parabola

import advisor
from advisor.training.outcome import NoNumber
from advisor.tuning.tuner import Tuner
from knowledge_base import KnowledgeBase, UserError
from knowledge_base.states import TrialState

WORKER = """
import json, sys
from advisor import KnowledgeBase, SpaceDefinition, Tuner
space = SpaceDefinition.from_dict(json.loads(sys.argv[2]))
kb = KnowledgeBase(sys.argv[1], seed=False)
tuner = Tuner.create(space, kb=kb, study_id="sweep", trial_id=sys.argv[3], seed=int(sys.argv[3]))
config = tuner.ask()
tuner.tell(config, float(len(tuner.trials)))
print(tuner.study.record.study_id, len(tuner.trials))
"""


@pytest.fixture
def kb(tmp_path):
    return KnowledgeBase(tmp_path / "kb.duckdb", seed=False)


def shared(kb, **options):
    return Tuner.create(SPACE, kb=kb, name="t", study_id="sweep", **options)


def test_processes_that_name_one_study_tell_trials_of_one(kb):
    space = SPACE.to_json()
    told = []
    for number in "12":
        args = [sys.executable, "-c", WORKER, str(kb.path), space, number]
        told.append(subprocess.run(args, check=True, capture_output=True, text=True).stdout.split())
    assert told[0][0] == told[1][0]
    assert [line[1] for line in told] == ["1", "2"]  # The second had heard of the first.
    assert len(kb.studies()) == 1
    assert sorted(kb.trials()["value"]) == [0.0, 1.0]
    assert kb.verify() == []


def test_trials_of_others_are_heard_while_the_study_runs(kb):
    one, other = shared(kb, trial_id=1), shared(kb, trial_id=2)
    config = one.ask()
    one.tell(config, advisor.Outcome.stopped([0.5, 0.25]))
    other.ask()
    (heard,) = other.trials
    assert (heard.config, heard.value, heard.state) == (config, 0.25, TrialState.STOPPED)
    assert [epoch.val_metric for epoch in heard.curve] == [0.5, 0.25]
    assert heard == one.trials[0]
    assert other.next_number == 1


def test_alike_trials_of_two_processes_are_two_and_one_told_again_is_one(kb):
    one, other = shared(kb, trial_id=1), shared(kb, trial_id=2)
    config = SPACE.default()
    one.tell(config, 0.5)
    other.tell(config, 0.75)
    again = shared(kb, trial_id=1)
    assert again.tell(config, 0.5).value == 0.5
    assert again.tell({**config, "x": 0.5}, 0.25).value == 0.25  # A worker's next trial.
    assert sorted(kb.trials()["value"]) == [0.25, 0.5, 0.75]


def test_a_host_names_the_trial_that_it_tells(kb):
    tuner = shared(kb)
    first = tuner.tell(SPACE.default(), 0.5, trial_id="a1b2_00001")
    assert tuner.tell(SPACE.default(), 0.7, trial_id="a1b2_00001") is first
    tuner.tell(SPACE.default(), 0.7, trial_id="a1b2_00002")
    assert sorted(kb.trials()["value"]) == [0.5, 0.7]


def test_other_names_tasks_and_spaces_are_other_studies(kb):
    same = shared(kb).study.record.study_id
    assert shared(None).study.record.study_id == same
    others = [
        Tuner.create(SPACE, name="t", study_id="another"),
        Tuner.create(SPACE, name="u", study_id="sweep"),
        Tuner.create(SPACE, name="t"),
    ]
    ids = {tuner.study.record.study_id for tuner in others}
    assert len(ids | {same}) == 4


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"trial_id": 1}, "give `study_id`"),
        ({"study_id": " "}, "is to be a text"),
        ({"study_id": 3}, "is to be a text"),
        ({"study_id": "s", "directory": "d"}, "Give one of them"),
    ],
)
def test_identities_that_cannot_be_meant_are_refused(options, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=says):
        Tuner.create(SPACE, **options)


def test_what_runs_elsewhere_is_not_asked_for_until_it_is_withdrawn():
    alone = Tuner.create(SPACE)
    first = alone.ask()
    tuner = Tuner.create(SPACE)
    tuner.pending([first])
    assert tuner.ask() != first
    for config in list(tuner.strategy.active)[1:]:
        tuner.withdraw(config)
    tuner.pending([])  # Its process died.
    assert tuner.ask() == first


def test_what_ran_elsewhere_and_is_told_here_runs_no_more():
    tuner = Tuner.create(SPACE)
    config = {"x": 0.5, "kind": "a"}
    tuner.pending([config])
    tuner.tell(config, 0.5)
    assert tuner.strategy.active == []


def test_spaces_tuners_and_outcomes_can_be_pickled(kb):
    tuner = Tuner.create(SPACE, kb=kb)
    for _ in range(7):
        config = tuner.ask()
        tuner.tell(config, parabola(config))
    copy = pickle.loads(pickle.dumps(tuner))
    assert copy.study.space.space_id == SPACE.space_id
    assert copy.ask() == tuner.ask()
    with pytest.raises(TypeError):
        copy.study.space.hyperparameters["y"] = None
    outcome = advisor.Outcome.stopped([np.float32(0.5)], duration=2)
    assert pickle.loads(pickle.dumps(outcome)) == outcome
    query = advisor.Query(task_id="t")
    assert pickle.loads(pickle.dumps(query)) == query


def test_a_tuner_with_a_folder_is_not_pickled(tmp_path):
    with (
        Tuner.create(SPACE, directory=tmp_path / "s") as tuner,
        pytest.raises(UserError, match="resume"),
    ):
        pickle.dumps(tuner)


def test_a_stopped_trial_is_never_the_best_but_teaches():
    tuner = Tuner.create(SPACE, direction="maximize")
    tuner.tell({"x": 0.5, "kind": "a"}, advisor.Outcome.stopped([0.99]))
    tuner.tell({"x": 0.1, "kind": "a"}, 0.5)
    assert tuner.best.value == 0.5
    first = tuner.strategy.observations[0]
    assert (first.value, first.finished, first.curve) == (0.99, False, (0.99,))


def test_a_stopped_trial_has_numbers():
    assert advisor.Outcome.stopped([0.5, float("nan")]).state == TrialState.DIVERGED
    with pytest.raises(ValueError, match="failed"):
        advisor.Outcome.stopped([])
    with pytest.raises(NoNumber):
        advisor.Outcome.stopped(["0.5"])
