"""Nothing is stored that `verify` would then reject, whichever way it comes."""

import pytest
from kb_examples import DATASET, SPACE, TASK, make_bundle, study, trial

from advisor.training.outcome import Outcome
from knowledge_base import (
    Bundle,
    ContributionError,
    EpochRecord,
    KnowledgeBase,
    KnowledgeBaseError,
    verification,
)
from knowledge_base.importers import IMPORTERS, ImportOptions, find_importer
from knowledge_base.importers.adding import contribute
from knowledge_base.records import TaskRecord, TrialRecord
from knowledge_base.schema import TABLES


def spoilt(table, **changes):
    """A bundle in which the last row of a table says something else."""
    bundle = make_bundle(range(3))
    rows = bundle[table].to_pylist()
    rows[-1] |= changes
    changed = type(bundle[table]).from_pylist(rows, schema=TABLES[table])
    return Bundle({**{name: bundle[name] for name in TABLES}, table: changed})


@pytest.mark.parametrize(("table", "changes", "says"), [
    ("trials", {"state": "odd"}, "row 3 of 'trials': its state is none of"),
    ("trials", {"value": None}, "complete without a finite value"),
    ("trials", {"value": float("inf")}, "complete without a finite value"),
    ("trials", {"config": "no"}, "configuration is no JSON object"),
    ("trials", {"config": "[]"}, "configuration is no JSON object"),
    ("trials", {"metrics": ""}, "metrics are no JSON object"),
    ("trials", {"labels": "{}"}, "labels are no JSON list"),
    ("trials", {"duration": -1.0}, "duration is negative"),
    ("trials", {"duration": float("nan")}, "not finite"),
    ("trials", {"number": -1}, "are negative"),
    ("curves", {"epoch": -1}, "a negative epoch"),
    ("tasks", {"direction": "sideways"}, "its direction is none of"),
    ("tasks", {"target": "other"}, "not what its identity says"),
    ("spaces", {"definition": "{}"}, "row 1 of 'spaces'"),
    ("studies", {"versions": "none"}, "versions are no JSON"),
    ("datasets", {"n_rows": -1}, "its size is negative"),
    ("metafeatures", {"value": float("inf")}, "it is infinite"),
])  # fmt: skip
@pytest.mark.parametrize("way", ["add", "append", "many"])
def test_rows_that_are_not_right_are_refused(kb, table, changes, says, way, monkeypatch):
    if way == "many":  # Then SQL is asked, which must say the same.
        monkeypatch.setattr(verification, "FEW", 0)
        way = "add"
    with pytest.raises(KnowledgeBaseError, match=says):
        getattr(kb, way)(spoilt(table, **changes))
    assert not kb.path.with_name(kb.path.name + ".journal").exists()
    kb.append(make_bundle(range(2)))
    with pytest.raises(KnowledgeBaseError, match=says):
        getattr(kb, way)(spoilt(table, **changes))
    assert kb.verify() == []
    assert len(kb.trials()) == 2


def test_epochs_may_be_counted_from_zero_as_own_functions_may_report_them(kb, tmp_path):
    counted = trial(0, curve=(EpochRecord(0, val_loss=0.5), EpochRecord(1, val_loss=0.25)))
    kb.append(Bundle.from_records([DATASET, TASK, SPACE, study(), counted]))
    assert kb.verify() == []
    kb.export(tmp_path / "out")
    other = KnowledgeBase(tmp_path / "other.duckdb", seed=False)
    found = find_importer(str(tmp_path / "out"), "knowledge_base")
    report = contribute(other, found.read(str(tmp_path / "out"), ImportOptions()))
    assert (report.accepted, report.rejected) == (1, ())
    assert other.curves()["epoch"].tolist() == [0, 1]


@pytest.mark.parametrize("wrong", [
    {"state": "complete"}, {"state": "complete", "value": float("nan")},
    {"state": "complete", "value": 1.0, "duration": -1.0},
    {"state": "failed", "epochs": -1}, {"state": "failed", "n_params": -1},
])  # fmt: skip
def test_outcomes_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match=r"complete with a finite value|which it cannot be"):
        Outcome(**wrong)


@pytest.mark.parametrize("name", ["optuna", "study", "knowledge_base", "table"])
@pytest.mark.parametrize("direction", ["max", "MINIMIZE", "", "sideways", 1])
def test_no_importer_takes_a_direction_that_does_not_exist(name, direction, tmp_path):
    assert name in IMPORTERS
    with pytest.raises(ContributionError, match=r"minimize or maximize, not"):
        find_importer(str(tmp_path), name).read(str(tmp_path), ImportOptions(direction=direction))


def test_records_of_a_task_that_cannot_be_are_refused(kb):
    task = TaskRecord("t", "loss", "sideways", "svm")
    odd = TrialRecord("study-1", 0, {}, "complete", 1.0)
    with pytest.raises(KnowledgeBaseError, match="its direction is none of"):
        kb.add(Bundle.from_records([task, SPACE, study(), odd]))
