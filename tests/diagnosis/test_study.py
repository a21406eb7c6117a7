"""Diagnosis of real trials: planted ones, a whole study, and the command."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from advisor.cli import main
from advisor.data import load_dataset, prepare
from advisor.diagnosis import diagnose_study
from advisor.models import get_family
from advisor.strategies import make_strategy
from advisor.training import Outcome, train
from advisor.tuning.study import Study
from advisor.tuning.tuner import Tuner
from knowledge_base import KnowledgeBase, UserError
from knowledge_base.records import EpochRecord, StudyRecord, TaskRecord
from knowledge_base.studies import StudyDirectory

FAMILY = get_family("mlp")
GOOD = {"learning_rate": 3e-3, "batch_size": 16, "epochs": 20, "schedule": "cosine"}
LOW = {"learning_rate": 1e-5, "epochs": 10, "patience": 10}
HIGH = {"learning_rate": 1.0, "optimizer": "sgd", "momentum": 0.99, "n_layers": 5}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Return a study of three trials on wine: a good one, one too slow, and one too fast."""
    dataset = load_dataset("sklearn:wine")
    data, record = prepare(dataset, 0), dataset.record()
    task = TaskRecord("wine", "accuracy", "maximize", "mlp", record.dataset_id, "target")
    study = StudyRecord("s" * 8, task.task_id, FAMILY.space().space_id, "wine-1", "bayesian", 0)
    folder = tmp_path_factory.mktemp("kb") / "studies" / "wine-1"
    kept = StudyDirectory.create(
        folder, study=study, task=task, space=FAMILY.space(), dataset=record
    )
    kb = KnowledgeBase(folder.parents[1] / "kb.duckdb", seed=False)
    strategy = make_strategy("bayesian", FAMILY.space(), task.direction)
    tuner = Tuner(Study(study, task, FAMILY.space(), record, {}, kept, kb), strategy)
    for changes in (GOOD, LOW, HIGH):
        config = FAMILY.space().complete({"momentum": 0.9, **FAMILY.default(), **changes})
        tuner.tell(config, train(FAMILY, config, data, metric="accuracy", seed=0, device="cpu"))
    return folder, kb, tuner


def test_trials_are_labelled_when_told_and_in_the_store(study):
    _, kb, tuner = study
    good, slow, fast = (trial.labels for trial in tuner.trials)
    assert good == ()
    assert slow == ("plateau",)
    assert {"diverging", "exploding_gradients"} & set(fast)
    stored = kb.trials().sort_values("number")["labels"]
    assert [tuple(json.loads(text)) for text in stored] == [good, slow, fast]


def test_a_study_is_diagnosed_as_it_was_labelled(study):
    folder, kb, tuner = study
    found = diagnose_study("wine-1", kb=kb)
    assert [d.labels for d in found.diagnoses] == [t.labels for t in tuner.trials]
    assert (found.best, found.healthy) == (0, 1)
    assert found.counts["plateau"] == 1
    assert diagnose_study(folder, trial=1).diagnoses == found.diagnoses[1:2]


def test_a_resumed_study_hears_the_same_remedies(study):
    folder, _, tuner = study
    again = Tuner.resume(folder)
    assert again.trials == tuner.trials
    inputs = np.random.default_rng(0).random((50, len(again.strategy._encoder.columns)))
    values = again.strategy.goodness()
    bonus = again.strategy._leaning.bonus(values, inputs)
    assert np.abs(bonus).max() > 0
    assert np.array_equal(bonus, tuner.strategy._leaning.bonus(values, inputs))


def run(*arguments, code=0):
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    assert result.exit_code == code, result.output
    return result


def test_the_command_names_evidence_and_remedies(study):
    folder, kb, _ = study
    text = run("diagnose", "wine-1", "--kb", kb.path).output
    assert "plateau (learning rate too low): the validation loss fell" in text
    assert "try learning_rate: a larger learning rate" in text
    assert "Study wine-1: 3 trials, 1 without a finding" in text
    plain = json.loads(run("diagnose", folder, "--trial", 1, "--format", "json").stdout)
    assert [trial["labels"] for trial in plain["trials"]] == [["plateau"]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["wine-2"], "There is no study 'wine-2' in"),
        (["wine-1", "--trial", 9], "has no trial 9; it has the trials 0 to 2"),
    ],
)
def test_unknown_studies_and_trials_are_one_line(study, arguments, message):
    _, kb, _ = study
    result = run("diagnose", *arguments, "--kb", kb.path, code=2)
    assert message in result.output
    assert len(result.output.splitlines()) == 1
    with pytest.raises(UserError):
        diagnose_study("wine-2", kb=kb)


def test_trials_without_curves_have_no_labels(study):
    _, _, tuner = study
    plain = Tuner.create(tuner.study.space, name="plain", direction="maximize")
    assert plain.tell(plain.ask(), 0.5).labels is None
    lost = plain.tell(plain.ask(), float("nan"))
    assert lost.labels == ("diverging",)
    curve = (EpochRecord(1, val_metric=0.1), EpochRecord(2, val_metric=0.2))
    assert plain.tell(plain.ask(), Outcome("complete", 0.2, curve=curve)).labels == ()
