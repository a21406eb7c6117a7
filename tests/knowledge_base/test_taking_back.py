"""Quarantine, lift, drop and the log: hidden from every answer, reversible, never lost."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from kb_examples import DATASET, SPACE, TASK, make_bundle, numbers_of, trial

from knowledge_base import (
    Bundle,
    DatasetRecord,
    KnowledgeBase,
    KnowledgeBaseError,
    StudyRecord,
    TaskRecord,
    UserError,
)
from knowledge_base.importers.adding import contribute
from knowledge_base.importers.base import ImportOptions
from knowledge_base.importers.knowledge_base_file import KnowledgeBaseImporter
from knowledge_base.migration import MIGRATIONS
from knowledge_base.schema import CURATION, SCHEMA_VERSION, TABLES

BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
OTHER_DATA = DatasetRecord("dataset-b", "beer", n_rows=10)
OTHER = TaskRecord("beer", "accuracy", "maximize", "svm", dataset_id="dataset-b", target="kind")


def of(contributor, study_id, numbers=range(3), task=TASK, data=DATASET, at=BEFORE):
    record = StudyRecord(
        study_id, task.task_id, SPACE.space_id, study_id, "random", contributor=contributor,
        created_at=at,
    )  # fmt: skip
    trials = [trial(number, study_id) for number in numbers]
    features = {(data.dataset_id, task.target, 1): {"n_rows": 1.0}}
    return Bundle.from_records([data, task, SPACE, record, *trials], features)


@pytest.fixture(autouse=True)
def alice(monkeypatch):
    monkeypatch.setenv("ADVISOR_CONTRIBUTOR", "alice")


@pytest.fixture
def both(kb):
    """Trials of alice on one task, and of bob on it and on another one that is his alone."""
    kb.add(of("alice", "study-a"))
    kb.add(of("bob", "study-b", range(5)))
    kb.add(of("bob", "study-c", range(2), OTHER, OTHER_DATA, BEFORE + timedelta(days=3)))
    assert kb.fold()
    return kb


def answers(kb):
    """Everything that a knowledge base says, by the name of the question."""
    frames = {
        "datasets": kb.datasets(), "metafeatures": kb.metafeatures(), "tasks": kb.tasks(),
        "studies": kb.studies(), "trials": kb.trials(), "curves": kb.curves(),
        "outcomes": kb.outcomes(), "spaces": kb.spaces(), "digests": kb.task_digests(),
        "bundle": {name: kb.bundle(("user",))[name].num_rows for name in TABLES},
        "info": {k: v for k, v in kb.info().items() if k in (*TABLES, "states")},
    }  # fmt: skip
    return {
        name: sorted(map(repr, found.to_dict("records"))) if hasattr(found, "to_dict") else found
        for name, found in frames.items()
    }


@pytest.mark.slow
def test_what_a_contributor_sent_is_in_no_answer_and_comes_back_as_it_was(both, path, tmp_path):
    alone = KnowledgeBase(tmp_path / "alone.duckdb", seed=False)
    alone.add(of("alice", "study-a"))
    before, without = answers(both), answers(alone)
    done = both.quarantine(contributor="bob", reason="values above 1")
    assert (done.studies, done.trials, done.stored) == (2, 7, True)
    for kb in (both, KnowledgeBase(path, seed=False)):
        assert answers(kb) == without
        assert kb.verify() == []
    both.export(tmp_path / "export")
    assert set(Bundle.read(tmp_path / "export")["studies"]["contributor"].to_pylist()) == {"alice"}
    assert both.lift(contributor="bob").trials == 7
    assert answers(both) == before
    assert answers(KnowledgeBase(path, seed=False)) == before


def test_a_study_and_a_time_are_hidden_alone(both):
    both.quarantine(study="study-b")
    assert set(both.studies()["study_id"]) == {"study-a", "study-c"}
    both.lift(study="study-b")
    both.quarantine(since="2026-01-03")
    assert set(both.studies()["study_id"]) == {"study-a", "study-b"}
    assert set(both.tasks()["name"]) == {"wine"}
    both.quarantine(contributor="bob", since=BEFORE)
    assert set(both.studies()["study_id"]) == {"study-a"}
    both.lift(since="2026-01-03")
    assert set(both.studies()["study_id"]) == {"study-a"}


def test_what_is_hidden_is_still_known_when_it_comes_again(both):
    both.quarantine(contributor="bob")
    report = both.add(of("bob", "study-b", range(6)))
    assert (report.added, report.duplicates) == (1, 5)
    assert numbers_of(both, "study-b") == []  # Also the trial that came later.
    both.lift(contributor="bob")
    assert numbers_of(both, "study-b") == list(range(6))


def test_criteria_that_fit_nothing_are_refused(both):
    with pytest.raises(UserError, match="Did you mean 'bob'"):
        both.quarantine(contributor="bobb")
    with pytest.raises(UserError, match="No studies begin"):
        both.quarantine(study="study-z-unknown")
    with pytest.raises(UserError, match="Nothing was contributed since 2027"):
        both.quarantine(since="2027-01-01")
    with pytest.raises(UserError, match="give a date such as"):
        both.quarantine(since="yesterday")
    with pytest.raises(UserError, match="`contributor`, `study` or `since`"):
        both.quarantine()
    with pytest.raises(UserError, match="no such quarantine"):
        both.lift(contributor="bob")
    assert both.log()["action"].tolist() == ["contribution"] * 3


def test_the_shipped_trials_are_never_hidden(path, seed_path):
    kb = KnowledgeBase(path, seed_path=seed_path)
    kb.add(of("bob", "study-b"))
    kb.quarantine(since="2000-01-01")
    assert set(kb.studies()["study_id"]) == {"study-seed"}
    assert set(kb.tasks()["name"]) == {"wine"}
    with pytest.raises(UserError, match="ships with the package"):
        kb.quarantine(study="study-seed")


HOLD = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def held(both, path):
    """Another process that has the database, until its standard input is closed."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout.readline() == b"held\n"
    yield holder
    holder.kill()
    holder.communicate()


def test_a_quarantine_while_another_process_has_the_database_holds_at_once(both, path, held):
    done = both.quarantine(contributor="bob")
    assert (done.trials, done.stored) == (None, False)
    both.append(of("bob", "study-d"))  # It waits in the journal, which is read without the lock.
    both.append(of("carol", "study-e"))
    assert set(KnowledgeBase(path, seed=False).studies()["study_id"]) == {"study-e"}
    held.communicate()
    kb = KnowledgeBase(path, seed=False)
    assert set(kb.studies()["study_id"]) == {"study-a", "study-e"}
    assert kb.fold()
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute("SELECT contributor, lifted_at FROM quarantine").fetchall()
    assert rows == [("bob", None)]
    assert kb.fold()
    assert set(KnowledgeBase(path, seed=False).studies()["study_id"]) == {"study-a", "study-e"}


def test_a_quarantine_in_the_database_holds_for_the_journal_while_another_has_it(both, path):
    both.quarantine(contributor="bob")
    both.append(of("bob", "study-d"))
    both.append(of("carol", "study-e"))
    with duckdb.connect(str(path)):
        assert set(KnowledgeBase(path, seed=False).studies()["study_id"]) == {"study-e"}


def test_what_cannot_be_done_without_the_database_says_so(both, path, held):
    for change in (lambda: both.quarantine(study="study-b"), lambda: both.drop(everything=True)):
        with pytest.raises(KnowledgeBaseError, match="in use by another program; nothing was"):
            change()
    held.communicate()
    assert len(KnowledgeBase(path, seed=False).trials()) == 10


def test_ones_own_is_dropped_from_the_database_and_the_journal(both, path):
    both.append(of("alice", "study-a", range(9)))
    both.append(of("alice", "study-f", task=OTHER, data=OTHER_DATA))
    assert both.drop(study="study-a", dry_run=True).trials == 9
    assert len(both.trials()) == 19
    done = both.drop(study="study-a", reason="a wrong split")
    assert (done.studies, done.trials) == (1, 9)
    for kb in (both, KnowledgeBase(path, seed=False)):
        assert kb.fold()
        assert set(kb.studies()["study_id"]) == {"study-b", "study-c", "study-f"}
        assert kb.verify() == []
    assert both.drop(everything=True).trials == 3
    assert set(both.studies()["contributor"]) == {"bob"}
    row = both.log().iloc[1]
    assert (row["action"], row["who"], row["study_id"]) == ("drop", "alice", "study-a")
    assert row["detail"] == "a wrong split"


def test_what_nothing_else_is_about_goes_with_the_last_study(kb):
    kb.add(of("alice", "study-a"))
    kb.add(of("alice", "study-b", task=OTHER, data=OTHER_DATA))
    kb.drop(study="study-b")
    assert kb.datasets()["name"].tolist() == ["wine"]
    assert kb.tasks()["name"].tolist() == ["wine"]
    assert set(kb.metafeatures()["dataset_id"]) == {"dataset-a"}
    kb.drop(everything=True)
    assert all(kb.bundle()[name].num_rows == 0 for name in TABLES)


def test_what_others_contributed_cannot_be_dropped(both):
    with pytest.raises(UserError, match=r"study-b is of 'bob', not of 'alice'"):
        both.drop(study="study-b")
    with pytest.raises(UserError, match="Say what to drop"):
        both.drop()
    assert len(both.trials()) == 10


def test_contributors_are_listed_with_what_is_hidden(both):
    both.quarantine(study="study-b")
    found = both.contributors().set_index("name")
    assert found.loc["alice", ["trials", "tasks", "studies"]].tolist() == [3, 1, 1]
    assert found.loc["bob", ["trials", "tasks", "studies"]].tolist() == [7, 2, 2]
    assert found["quarantined"].to_dict() == {"alice": "no", "bob": "partly"}
    both.quarantine(contributor="bob")
    assert both.contributors().set_index("name").loc["bob", "quarantined"] == "yes"


def test_an_import_is_logged_and_its_time_counts(kb, tmp_path):
    kb.add(of("alice", "study-a"))
    of("bob", "study-b", at=BEFORE - timedelta(days=900)).export(tmp_path / "bobs")
    source = KnowledgeBaseImporter().read(str(tmp_path / "bobs"), ImportOptions())
    contribute(kb, source)
    row = kb.log().iloc[0]
    assert (row["action"], row["who"], row["contributor"]) == ("import", "alice", "bob")
    assert row["trials"] == 3
    kb.quarantine(since=datetime.now(UTC) - timedelta(hours=1))
    assert set(kb.studies()["study_id"]) == {"study-a"}


def test_a_store_of_the_second_version_is_read_and_taken_back_from(path):
    with duckdb.connect(str(path)) as connection:
        for name in ("0001_initial.sql", "0002_signals.sql"):
            connection.execute((MIGRATIONS / name).read_text())
        connection.execute("INSERT INTO meta VALUES ('schema_version', '2')")
        bundle = of("alice", "study-a").merge(of("bob", "study-b"))
        for table in TABLES:
            connection.register("rows", bundle[table])
            connection.execute(f"INSERT INTO {table} SELECT DISTINCT * FROM rows")
    before = path.read_bytes()
    kb = KnowledgeBase(path, seed=False, foreign=True)
    assert len(kb.trials()) == 6
    assert kb.log()["action"].tolist() == ["contribution"] * 2
    assert path.read_bytes() == before
    kb.quarantine(contributor="bob")
    assert len(kb.trials()) == 3
    assert kb.info()["schema_version"] == SCHEMA_VERSION == 3


def test_the_tables_are_as_they_are_described(both, path):
    with duckdb.connect(str(path), read_only=True) as connection:
        for table, schema in CURATION.items():
            rows = connection.execute(f"DESCRIBE {table}").fetchall()
            assert [(row[0], row[2] == "YES") for row in rows] == [
                (field.name, field.nullable) for field in schema
            ]


def test_a_note_that_cannot_be_read_is_told_and_kept(both, path):
    folder = path.with_name(path.name + ".curation")
    folder.mkdir(exist_ok=True)
    wrong = folder / "00000000000000000001-1-a.json"
    wrong.write_text('{"quarantine": [{"contributor": "bob"}]}')
    assert len(both.trials()) == 10
    assert any("a.json cannot be read" in line for line in both.warnings)
    both.quarantine(contributor="bob")
    assert len(both.trials()) == 3
    assert wrong.exists()


def test_nothing_changes_what_is_read_only(both, path):
    kb = KnowledgeBase(path, seed=False, read_only=True)
    for change in (kb.quarantine, kb.lift):
        with pytest.raises(KnowledgeBaseError, match="read only"):
            change(contributor="bob")
    with pytest.raises(KnowledgeBaseError, match="read only"):
        kb.drop(everything=True)


def test_the_quarantine_of_another_knowledge_base_is_not_imported(both, path, tmp_path):
    both.quarantine(contributor="bob")
    mine = KnowledgeBase(tmp_path / "mine.duckdb", seed=False)
    mine.add(make_bundle(range(2), "study-mine"))
    contribute(mine, KnowledgeBaseImporter().read(str(path), ImportOptions()))
    assert set(mine.studies()["study_id"]) == {"study-mine", "study-a"}
    assert mine.quarantines().empty
