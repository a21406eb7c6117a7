"""Files that somebody else made read nothing, change nothing and stop nothing."""

import re
import shutil
import time
from dataclasses import replace

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kb_examples import DATASET, SPACE, TASK, content, make_bundle, numbers_of, study, trial
from kb_strangers import VIEW, changed, made, shipped, swapped, written

from knowledge_base import Bundle, KnowledgeBase, KnowledgeBaseError, TaskRecord, UserError
from knowledge_base.identity import digest
from knowledge_base.importers import ImportOptions, find_importer
from knowledge_base.importers.adding import contribute
from knowledge_base.schema import TABLES
from knowledge_base.shipped import SEED
from knowledge_base.studies import StudyDirectory


def take(kb, source, importer="knowledge_base"):
    found = find_importer(str(source), importer)
    return contribute(kb, found.read(str(source), ImportOptions()))


HOSTILE = {
    "a view over a file": (VIEW, "studies is a view, not a table"),
    "a view over a list of files": (
        ("CREATE VIEW more AS SELECT * FROM glob('{folder}/*')",),
        "more is a view, not a table",
    ),
    "an endless view": (
        (
            "DROP TABLE curves",
            "CREATE VIEW curves AS SELECT a.range::VARCHAR AS trial_id, 1::BIGINT AS epoch, "
            "0.0 AS train_loss, 0.0 AS val_loss, 0.0 AS train_metric, 0.0 AS val_metric, "
            "0.0 AS learning_rate, 0.0 AS gradient_norm, 0.0 AS gradient_max, "
            "0.0 AS gradient_ratio, 0.0 AS dead_units, 0.0 AS loss_spread "
            "FROM range(10000000) a, range(10000000) b",
        ),
        "curves is a view",
    ),
    "a column that is computed": (
        (
            "DROP TABLE tasks",
            "CREATE TABLE tasks (task_id VARCHAR NOT NULL, dataset_id VARCHAR, name VARCHAR NOT "
            "NULL, target VARCHAR, metric VARCHAR NOT NULL, direction VARCHAR AS ('minimize'), "
            "family VARCHAR NOT NULL)",
        ),
        "tasks has a column 'direction' of another kind",
    ),
    "a default": (
        ("ALTER TABLE trials ALTER COLUMN origin SET DEFAULT 'x'",),
        "trials has a column 'origin' of another kind",
    ),
    "a type of its own": (
        (
            "CREATE TYPE mood AS ENUM ('complete')",
            "ALTER TABLE trials ALTER COLUMN error TYPE mood",
        ),
        "trials has a column 'error' of another kind",
    ),
    "an index": (("CREATE INDEX i ON trials (trial_id)",), "trials has an index"),
    "another table": (("CREATE TABLE more (x INT)",), "it has a table more"),
    "another schema": (
        ("CREATE SCHEMA other", "CREATE TABLE other.trials (x INT)"),
        "it has a table trials",
    ),
    "a column too few": (("ALTER TABLE trials DROP COLUMN error",), "trials has no column 'error'"),
    "a column too many": (("ALTER TABLE trials ADD COLUMN mood VARCHAR",), "'mood'"),
    "a table too few": (("DROP TABLE metafeatures",), "it has no table metafeatures"),
    "a version below the first": (("UPDATE meta SET value = '-5'",), "its version is '-5'"),
    "two versions": (("INSERT INTO meta VALUES ('schema_version', '1')",), "not a knowledge base"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_database_with_anything_but_our_tables_is_refused_in_one_line(kind, path, tmp_path):
    private = tmp_path / "private.txt"
    private.write_text("a private line")
    statements, says = HOSTILE[kind]
    evil = made(
        tmp_path / "evil.duckdb",
        *(s.format(private=private, folder=tmp_path) for s in statements),
    )
    before = content(tmp_path)
    kb, own = KnowledgeBase(path, seed=False), KnowledgeBase(evil)
    begun = time.monotonic()
    for use in (
        lambda: take(kb, evil),
        own.info,
        own.trials,
        lambda: own.add(make_bundle(range(9))),
    ):
        with pytest.raises(KnowledgeBaseError, match=says) as caught:
            use()
        assert "\n" not in str(caught.value)
    assert time.monotonic() - begun < 10
    assert content(tmp_path) == before


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("CREATE MACRO now() AS 'then'", "it has a macro now"),
        ("CREATE MACRO rows() AS TABLE SELECT 1", "it has a macro rows"),
        ("CREATE SEQUENCE counter", "it has a sequence counter"),
        ("CREATE TYPE mood AS ENUM ('glad')", "it has a type mood"),
    ],
)
def test_programs_that_nothing_uses_are_refused_of_strangers(statement, says, path, tmp_path):
    evil = made(tmp_path / "evil.duckdb", statement)
    with pytest.raises(KnowledgeBaseError, match=says):
        take(KnowledgeBase(path, seed=False), evil)
    assert not path.exists()


def test_a_database_opens_no_file_but_its_own(path, tmp_path):
    """Even a query that names another file, or another database, is refused."""
    kb = KnowledgeBase(made(path))
    (tmp_path / "private.txt").write_text("a private line")
    made(tmp_path / "other.duckdb")
    for sql in (
        f"SELECT * FROM read_text('{tmp_path}/private.txt')",
        f"SELECT * FROM glob('{tmp_path}/*')",
        f"COPY trials TO '{tmp_path}/out.csv'",
        f"ATTACH '{tmp_path}/other.duckdb' AS other",
        "SET enable_external_access = true",
        "INSTALL httpfs",
    ):
        with pytest.raises((duckdb.Error, KnowledgeBaseError)):
            kb.query(sql)
    assert not (tmp_path / "out.csv").exists()
    assert len(kb.query("SELECT * FROM tasks")) > 100  # the shipped files are read


# What a bundle says about what is known -----------------------------------------------------


def test_rows_that_no_trial_refers_to_and_rows_of_what_is_known_change_nothing(tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb")
    before = {
        name: getattr(kb, name)() for name in ("tasks", "metafeatures", "datasets", "studies")
    }
    honest = make_bundle(range(3))
    merged = {
        "tasks": pa.concat_tables([honest["tasks"], swapped(shipped("tasks"))]),
        "studies": pa.concat_tables(
            [honest["studies"], changed(shipped("studies"), task_id=TASK.task_id)]
        ),
        "metafeatures": pa.concat_tables(
            [honest["metafeatures"], changed(shipped("metafeatures"), value=0.0),
             changed(shipped("metafeatures"), value=0.0, version=99)]
        ),
        "datasets": pa.concat_tables([honest["datasets"], changed(shipped("datasets"), name="x")]),
    }  # fmt: skip
    report = take(kb, written(tmp_path / "out", honest, **merged))
    assert (report.accepted, report.rejected) == (3, ())
    for name, frame in before.items():
        now = getattr(kb, name)()
        shown = now[now["layer"] == "seed"].reset_index(drop=True)
        pd.testing.assert_frame_equal(shown, frame, check_dtype=False)
    assert kb.verify() == []
    mine = KnowledgeBase(tmp_path / "kb.duckdb", seed=False).info()
    assert (mine["tasks"], mine["studies"], mine["datasets"]) == ({"user": 1},) * 3


@pytest.mark.parametrize("name", ["tasks", "metafeatures", "datasets", "studies", "trials"])
def test_a_row_in_a_file_of_ones_own_does_not_shadow_a_shipped_one(name, tmp_path):
    """The file may have been out of one's hands, or be a stranger's."""
    rows = {
        "tasks": lambda: swapped(shipped("tasks")),
        "metafeatures": lambda: changed(shipped("metafeatures"), value=0.0, version=99),
        "datasets": lambda: changed(shipped("datasets"), name="x"),
        "studies": lambda: changed(shipped("studies"), task_id=TASK.task_id),
        "trials": lambda: changed(
            pq.read_table(SEED / "trials" / "rnn.parquet").cast(TABLES["trials"]), value=0.0
        ),
    }[name]()
    path = tmp_path / "kb.duckdb"
    plain = KnowledgeBase(tmp_path / "none.duckdb")
    made(path)
    with duckdb.connect(str(path)) as connection:
        connection.register("rows", rows)
        connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM rows")
    columns = [column for column in TABLES[name].names if column != "name" or name != "trials"]
    sql = f"SELECT {', '.join(columns)} FROM {name} ORDER BY ALL"
    own = KnowledgeBase(path)
    before, now = plain.query(sql), own.query(sql)
    both = now.merge(before, how="left", indicator=True)
    assert (both["_merge"] == "both").sum() == len(before)
    assert len(now) - len(before) == {"trials": 3, "metafeatures": 2}.get(name, 1)


def test_a_task_that_is_not_what_its_identity_says_is_rejected(kb, tmp_path):
    honest = make_bundle(range(3))
    for number, changes in enumerate(
        ({"direction": "minimize"}, {"metric": "loss"}, {"family": "mlp"}, {"target": "x"})
    ):
        out = written(tmp_path / f"out{number}", honest, tasks=changed(honest["tasks"], **changes))
        report = take(kb, out)
        assert report.accepted == 0
        assert {item.reason.split(" is wrong: ")[1] for item in report.rejected} == {
            "it is not what its identity says"
        }
    assert not kb.path.exists()


def test_a_known_metric_has_the_direction_that_is_known(tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb")
    task = TaskRecord("x", "accuracy", "minimize", "mlp", DATASET.dataset_id, "class")
    other = replace(study(), task_id=task.task_id)
    Bundle.from_records([DATASET, task, SPACE, other, trial(0)]).export(tmp_path / "out")
    report = take(kb, tmp_path / "out")
    assert report.accepted == 0
    assert report.rejected[0].reason == (
        "its task is to minimize accuracy, which is known as one to maximize"
    )
    own = TaskRecord("x", "my own", "minimize", "mlp", DATASET.dataset_id, "class")
    for number, way in enumerate(("minimize", "maximize")):
        one = replace(own, direction=way)
        mine = replace(study(f"study-{way}"), task_id=one.task_id)
        Bundle.from_records([DATASET, one, SPACE, mine, trial(0, f"study-{way}")]).export(
            tmp_path / f"own{number}"
        )
    assert take(kb, tmp_path / "own0").accepted == 1
    assert "known as one to minimize" in take(kb, tmp_path / "own1").rejected[0].reason


def test_a_trial_of_mine_is_not_displaced(kb, tmp_path):
    kb.add(make_bundle(range(3)))
    honest = make_bundle(range(4))
    report = take(
        kb, written(tmp_path / "out", honest, trials=changed(honest["trials"], value=0.9))
    )
    assert (report.accepted, report.duplicates) == (1, 0)
    assert {item.reason for item in report.rejected} == {
        "another trial with this identity is stored, with another content"
    }
    assert kb.trials()["value"].tolist() == [0.0, 0.001, 0.002, 0.9]
    again = take(kb, written(tmp_path / "same", make_bundle(range(3))))
    assert (again.accepted, again.duplicates, again.rejected) == (0, 3, ())


def test_a_known_study_is_of_what_it_is_known_to_be_of(kb, tmp_path):
    kb.add(make_bundle(range(3)))
    task = replace(TASK, metric="f1_macro")
    other = replace(study(), task_id=task.task_id)
    Bundle.from_records([DATASET, task, SPACE, other, trial(7)]).export(tmp_path / "out")
    assert "another task" in take(kb, tmp_path / "out").rejected[0].reason
    assert numbers_of(kb) == [0, 1, 2]


def test_shipped_studies_get_no_more_trials(tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb")
    trials = pq.read_table(SEED / "trials" / "rnn.parquet").cast(TABLES["trials"]).slice(0, 2)
    tables = {name: shipped(name) for name in ("datasets", "spaces", "tasks", "studies")}
    identity = digest("trial", trials["study_id"][0].as_py(), 10_000)
    more = changed(trials, trial_id=identity, number=10_000, value=0.0).slice(0, 1)
    Bundle({**tables, "trials": pa.concat_tables([trials, more])}).export(tmp_path / "out")
    report = take(kb, tmp_path / "out")
    assert (report.accepted, report.duplicates) == (0, 2)
    assert report.rejected[0].reason == "its study ships with Advisor and has no such trial"


def test_the_answers_for_other_data_sets_are_what_they_were(tmp_path):
    from advisor import Advisor

    def answer():
        found = Advisor(tmp_path / "kb.duckdb").recommend("sklearn:iris", n=3)
        return [item.config for item in found.recommendations]

    before = answer()
    honest = make_bundle(range(3))
    tables = {
        "tasks": pa.concat_tables([honest["tasks"], swapped(shipped("tasks"))]),
        "metafeatures": pa.concat_tables(
            [honest["metafeatures"], changed(shipped("metafeatures"), value=0.0)]
        ),
    }
    report = take(
        KnowledgeBase(tmp_path / "kb.duckdb"), written(tmp_path / "out", honest, **tables)
    )
    assert report.accepted == 3
    assert answer() == before


# What is not right in itself -----------------------------------------------------------------

WRONG = {
    "state": ("sideways", "none of"),
    "value": (None, "no metric"),
    "config": ("[1]", "JSON object"),
    "metrics": ("{", "metrics are no JSON"),
    "labels": ("{}", "labels are no JSON list"),
    "duration": (-1.0, "duration is negative"),
    "number": (-1, "are negative"),
    "epochs": (-1, "are negative"),
    "trial_id": ("trial-x", ""),
}


@pytest.mark.parametrize("column", WRONG)
def test_one_wrong_row_is_rejected_with_its_reason_and_stops_no_other(column, kb, tmp_path):
    value, says = WRONG[column]
    honest = make_bundle(range(3))
    odd = changed(honest["trials"].slice(1, 1), **{column: value})
    trials = pa.concat_tables([honest["trials"].slice(0, 1), odd, honest["trials"].slice(2, 1)])
    studies = changed(honest["studies"], source="advisor tune")
    report = take(kb, written(tmp_path / "out", honest, trials=trials, studies=studies))
    assert report.accepted == 2
    assert says in report.rejected[0].reason
    assert kb.verify() == []


def test_text_that_is_no_utf8_is_rejected_before_it_is_stored(kb, tmp_path):
    honest = make_bundle(range(3))
    raw = pa.array([None, b"\xff\xfe", b"fine"], pa.binary())
    broken = pa.StringArray.from_buffers(3, raw.buffers()[1], raw.buffers()[2], raw.buffers()[0])
    place = honest["trials"].schema.get_field_index("error")
    trials = honest["trials"].set_column(place, "error", broken)
    trials = trials.cast(TABLES["trials"])
    report = take(kb, written(tmp_path / "out", honest, trials=trials))
    assert report.accepted == 2
    assert report.rejected[0].reason == "its error is no UTF-8 text"
    with pytest.raises(KnowledgeBaseError, match="UTF"):
        kb.append(Bundle({**{name: honest[name] for name in TABLES}, "trials": trials}))
    assert numbers_of(KnowledgeBase(kb.path, seed=False)) == [0, 2]
    assert kb.verify() == []


@pytest.mark.parametrize(
    ("table", "changes", "says"),
    [
        ("tasks", {"direction": "sideways"}, "its direction is none of"),
        ("studies", {"versions": "none"}, "versions are no JSON"),
        ("studies", {"machine": "[]"}, "machine are no JSON|machine is no JSON"),
        ("spaces", {"definition": "[" * 5000}, "nested"),
        ("spaces", {"definition": "{}"}, "its space"),
        ("spaces", {"name": "mlp"}, "not what its identity says"),
        ("curves", {"epoch": -1}, "a negative epoch"),
        ("datasets", {"n_rows": -1}, "its size is negative"),
        ("datasets", {"dataset_id": "other"}, "its data set dataset-a is missing"),
    ],
)
def test_trials_of_what_is_not_right_are_rejected(table, changes, says, kb, tmp_path):
    honest = make_bundle(range(2))
    out = written(tmp_path / "out", honest, **{table: changed(honest[table], **changes)})
    report = take(kb, out)
    assert report.accepted == 0
    assert len(report.rejected) == 2
    assert re.search(says, report.rejected[0].reason)
    assert not kb.path.exists()


def test_one_identity_twice_in_a_bundle(kb, tmp_path):
    honest = make_bundle(range(2))
    other = changed(honest["trials"].slice(0, 1), value=0.9)
    trials = pa.concat_tables([honest["trials"], honest["trials"], other])
    report = take(kb, written(tmp_path / "out", honest, trials=trials))
    assert (report.accepted, report.duplicates, len(report.rejected)) == (2, 2, 1)
    assert "same identity" in report.rejected[0].reason


@pytest.mark.parametrize(
    "line",
    [
        '{"study_id": "study-1", "number": 1, "config": {"C": NaN}, "state": "failed", '
        '"curve": [], "started_at": null}',
        '{"study_id": "study-1", "number": 1e400, "config": {}, "state": "failed", "curve": [], '
        '"started_at": null}',
        '{"study_id": "study-1", "number": 1, "config": [1], "state": "failed", "curve": [], '
        '"started_at": null}',
        '{"study_id": "study-1", "number": 9223372036854775808, "config": {}, "state": "failed", '
        '"curve": [], "started_at": null}',
        "[" * 100_000,
        "null",
        '{"curve": 5}',
    ],
)
def test_a_line_that_is_no_trial_is_told_and_left_out(line, kb, tmp_path):
    directory = StudyDirectory.create(
        tmp_path / "s", study=study(), task=TASK, space=SPACE, dataset=DATASET
    )
    directory.append(trial(0))
    with (tmp_path / "s" / "trials.jsonl").open("a") as file:
        file.write(line + "\n")
    directory.append(trial(2))
    report = take(kb, tmp_path / "s", "study")
    assert report.accepted == 2
    assert ["trials.jsonl:2 is damaged" in line for line in report.warnings] == [True]


def test_links_out_of_a_strangers_folder_are_not_followed(kb, tmp_path):
    private = tmp_path / "private"
    make_bundle(range(3)).export(private / "out")
    StudyDirectory.create(private / "s", study=study(), task=TASK, space=SPACE).append(trial(0))
    made(private / "a.duckdb")
    other = KnowledgeBase(private / "b.duckdb", seed=False)
    other.append(make_bundle(range(3)))
    evil = tmp_path / "evil"
    (evil / "out").mkdir(parents=True)
    for file in (private / "out").iterdir():
        (evil / "out" / file.name).symlink_to(file)
    (evil / "s").mkdir()
    for file in (private / "s").iterdir():
        (evil / "s" / file.name).symlink_to(file)
    shutil.copy(private / "a.duckdb", evil / "a.duckdb")
    (evil / "a.duckdb.journal").symlink_to(private / "b.duckdb.journal")
    shutil.copy(private / "a.duckdb", evil / "c.duckdb")
    (evil / "c.duckdb.wal").symlink_to(private / "a.duckdb")
    for source in ("out", "s", "a.duckdb", "c.duckdb"):
        importer = "study" if source == "s" else "knowledge_base"
        with pytest.raises(KnowledgeBaseError, match="is a link to another folder"):
            take(kb, evil / source, importer)
    (evil / "link.duckdb").symlink_to(private / "b.duckdb")  # which the user names himself
    assert take(kb, evil / "link.duckdb").accepted == 3


def test_a_frame_with_rows_that_are_no_trials_is_refused(kb):
    frame = pd.DataFrame(
        {"C": [1.0, 2.0], "kernel": "rbf", 'it\'s "odd"': True, "value": [0.1, 0.2]}
    )
    for changes, says in (
        ({"state": ["complete", "sideways"]}, "Row 1 .* its state is none of"),
        ({"duration": [1.0, -1.0]}, "Row 1 .* its duration is negative"),
    ):
        with pytest.raises(UserError, match=says):
            kb.add_trials(frame.assign(**changes), task=TASK, space=SPACE, study=study(),
                          dataset=DATASET)  # fmt: skip
    assert not kb.path.exists()
