"""Files that are no knowledge base, damaged or of another version: one line, nothing changed."""

import json
import sqlite3

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from kb_examples import DATASET, SPACE, TASK, content, make_bundle, numbers_of, study, trial

from advisor.cli import main
from knowledge_base import Bundle, EpochRecord, KnowledgeBase, KnowledgeBaseError
from knowledge_base.migration import MIGRATIONS, create, migrate
from knowledge_base.schema import SCHEMA_VERSION, TABLES
from knowledge_base.studies import StudyDirectory

LATER = ("labels", "gradient_max", "gradient_ratio", "dead_units", "loss_spread")
"""Columns of the second version."""


def text_file(path):
    path.write_text("a,b\n1,2\n")


def sqlite_file(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE meta (key TEXT, value TEXT)")


def other_duckdb(path):
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE flowers (x INTEGER)")


def newer_version(path):
    create(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")


def cut_short(path):
    kb = KnowledgeBase(path, seed=False)
    kb.add(make_bundle(range(600)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwritten(path):
    kb = KnowledgeBase(path, seed=False)
    kb.add(make_bundle(range(600)))
    body = bytearray(path.read_bytes())
    body[4096:] = b"\x5a" * (len(body) - 4096)
    path.write_bytes(bytes(body))


CASES = [
    (text_file, "not a knowledge base"),
    (sqlite_file, "not a knowledge base"),
    (other_duckdb, "not a knowledge base"),
    (newer_version, "upgrade Advisor"),
    (cut_short, "damaged or cut short"),
    (overwritten, "damaged or cut short"),
]


@pytest.mark.parametrize(("make", "says"), CASES, ids=lambda case: getattr(case, "__name__", ""))
def test_it_is_refused_in_one_line_and_left_as_it_is(path, make, says):
    make(path)
    before = content(path.parent)
    kb = KnowledgeBase(path, seed=False)
    for use in (kb.trials, kb.info, kb.verify, lambda: kb.add(make_bundle(range(1)))):
        with pytest.raises(KnowledgeBaseError, match=says) as caught:
            use()
        assert "\n" not in str(caught.value)
    for command in ("kb info", "kb verify", "kb trials", "recommend sklearn:iris"):
        result = CliRunner().invoke(main, [*command.split(), "--kb", str(path)])
        assert result.exit_code == 2, result.output
        assert says in result.output
        assert "Traceback" not in result.output
    assert content(path.parent) == before


@pytest.mark.parametrize("make", [text_file, sqlite_file, other_duckdb, newer_version])
def test_nothing_is_appended_to_what_is_no_knowledge_base(path, make):
    make(path)
    before = content(path.parent)
    with pytest.raises(KnowledgeBaseError):
        KnowledgeBase(path, seed=False).append(make_bundle(range(1)))
    assert content(path.parent) == before


def test_a_finished_trial_outlives_a_database_that_was_cut_short(path):
    cut_short(path)
    KnowledgeBase(path, seed=False).append(make_bundle(range(700, 701)))
    path.unlink()
    assert numbers_of(KnowledgeBase(path, seed=False)) == [700]


def test_a_folder_is_no_knowledge_base(tmp_path):
    with pytest.raises(KnowledgeBaseError, match="folder"):
        KnowledgeBase(tmp_path)


def test_a_damaged_segment_is_named_set_aside_and_hides_nothing_else(kb):
    kb.append(make_bundle(range(1)))
    kb.append(make_bundle(range(1, 2)))
    segment = kb._journal.path / kb._journal.segments()[0]
    body = (segment / "trials.parquet").read_bytes()
    (segment / "trials.parquet").write_bytes(body[: len(body) // 2])
    fresh = KnowledgeBase(kb.path, seed=False)
    assert numbers_of(fresh) == [1]
    assert any("damaged journal segment" in line for line in fresh.verify())
    assert fresh.fold()
    assert numbers_of(fresh) == [1]
    (kept,) = fresh._journal.damaged()
    assert (kept / "trials.parquet").read_bytes() == body[: len(body) // 2]


def test_a_damaged_shipped_file_is_named(path, seed_path):
    body = (seed_path / "trials.parquet").read_bytes()
    (seed_path / "trials.parquet").write_bytes(body[:100])
    with pytest.raises(KnowledgeBaseError, match=r"trials\.parquet"):
        KnowledgeBase(path, seed_path=seed_path).trials()


def test_a_write_ahead_log_of_rubbish_costs_nothing_that_was_stored(kb, path):
    kb.add(make_bundle(range(600)))
    (path.parent / (path.name + ".wal")).write_bytes(b"\x00\x01\x02 not a log")
    assert numbers_of(KnowledgeBase(path, seed=False)) == list(range(600))


def test_migrations_make_the_schema(path):
    create(path)
    with duckdb.connect(str(path), read_only=True) as connection:
        for table, schema in TABLES.items():
            rows = connection.execute(f"DESCRIBE {table}").fetchall()
            assert [row[0] for row in rows] == schema.names
        versions = connection.execute("SELECT value FROM meta").fetchall()
    assert (str(SCHEMA_VERSION),) in versions


def test_an_older_file_is_read_as_it_is_and_migrated_by_the_next_writer(path, tmp_path):
    kb = KnowledgeBase(path, seed=False)
    kb.add(make_bundle(range(600)))
    folder = tmp_path / "migrations"
    folder.mkdir()
    for file in MIGRATIONS.glob("*.sql"):
        (folder / file.name).write_text(file.read_text())
    (folder / "0099_more.sql").write_text("ALTER TABLE trials ADD COLUMN mood VARCHAR;")
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS db")
        assert migrate(connection, folder) == 99
        assert migrate(connection, folder) == 99
        rows = connection.execute("SELECT count(*), count(mood) FROM db.trials").fetchall()
    assert rows == [(600, 0)]


def test_trials_of_the_first_version_are_read_and_joined_by_labelled_ones(path, seed_path):
    """Neither the file nor the shipped layer has the columns that version 2 added."""
    _first_version(path, seed_path)
    before = path.read_bytes()
    kb = KnowledgeBase(path, seed_path=seed_path)
    assert kb.trials()["labels"].isna().all()
    assert set(kb.trials()["layer"]) == {"user", "seed"}
    assert kb.curves()["dead_units"].isna().all()
    assert kb.verify() == []
    assert path.read_bytes() == before
    curve = (EpochRecord(1, dead_units=0.5, gradient_ratio=0.1),)
    labelled = trial(7, labels=("overfitting",), curve=curve)
    kb.add(Bundle.from_records([DATASET, TASK, SPACE, study(), labelled]))
    assert kb.fold()
    trials = kb.trials().set_index("trial_id")
    assert json.loads(trials.loc[labelled.trial_id, "labels"]) == ["overfitting"]
    assert kb.curves(trial=labelled.trial_id)["dead_units"].tolist() == [0.5]
    assert kb.verify() == []


def _first_version(path, seed_path):
    """Make a database and a shipped layer as the first version did."""
    with duckdb.connect(str(path)) as connection:
        connection.execute((MIGRATIONS / "0001_initial.sql").read_text())
        connection.execute("INSERT INTO meta VALUES ('schema_version', '1')")
        for table, rows in {name: make_bundle(range(3))[name] for name in TABLES}.items():
            stored = rows.drop_columns([n for n in LATER if n in rows.column_names])
            connection.register("rows", stored)
            connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows")
    (seed_path / "checksums.json").unlink()
    for name in ("trials", "curves"):
        shipped = pq.read_table(seed_path / f"{name}.parquet")
        there = [column for column in LATER if column in shipped.column_names]
        pq.write_table(shipped.drop_columns(there), seed_path / f"{name}.parquet")


def test_labels_are_kept_in_a_study_directory(tmp_path):
    directory = StudyDirectory.create(tmp_path / "s", study=study(), task=TASK, space=SPACE)
    curve = (EpochRecord(1, dead_units=0.5),)
    told = [trial(0, labels=("plateau",), curve=curve), trial(1, labels=()), trial(2)]
    for one in told:
        directory.append(one)
    assert directory.trials() == told
    lines = (tmp_path / "s" / "trials.jsonl").read_text().splitlines()
    older = json.loads(lines[2])
    del older["labels"], older["digest"]  # as the first version wrote it
    (tmp_path / "s" / "trials.jsonl").write_text(json.dumps(older) + "\n")
    directory.format = 1  # Such a line is of a study that has no checksums.
    assert directory.trials() == [told[2]]


def test_a_migration_that_fails_changes_nothing(path, tmp_path):
    create(path)
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0098_half.sql").write_text(
        "ALTER TABLE trials ADD COLUMN mood VARCHAR; ALTER TABLE nowhere ADD COLUMN x VARCHAR;"
    )
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS db")
        with pytest.raises(duckdb.Error):
            migrate(connection, folder)
    kb = KnowledgeBase(path, seed=False)
    assert "mood" not in kb.trials().columns
    assert kb.info()["schema_version"] == SCHEMA_VERSION
