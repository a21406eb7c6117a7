"""One file of every kind that names, links to or hides something that is not its own.

Each function makes one in a folder and returns what a user would be asked to import, as keywords of
`Advisor.contribute`. `private` is a folder with files that none of them may reach.
"""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from kb_examples import DATASET, SPACE, TASK, make_bundle, study, trial
from kb_strangers import VIEW, changed, made, shipped, swapped, written

from advisor.encoding import sample
from advisor.models import get_family
from knowledge_base import (
    Bundle,
    DatasetRecord,
    KnowledgeBase,
    StudyRecord,
    TaskRecord,
    TrialRecord,
)
from knowledge_base.checksums import write_checksums
from knowledge_base.schema import TABLES
from knowledge_base.studies import StudyDirectory

Call: TypeAlias = dict[str, str]
MLP = get_family("mlp").space()
MINE = DatasetRecord("data-mine", "mine", n_rows=120, n_features=4, n_classes=3)
MY_TASK = TaskRecord("mine", "accuracy", "maximize", "mlp", MINE.dataset_id, "y")
MY_STUDY = StudyRecord("study-mine", MY_TASK.task_id, MLP.space_id, "mine", "random")
LINE = "a private line"
SUPER_JOURNAL = bytes.fromhex("d9d505f920a163d7")
"""What a journal of SQLite ends with that names another file."""


def my_trials(swap: bool = False) -> Bundle:
    """Return trials of mine, on data like those of iris; or the same with other values."""
    configs = sample(MLP, 30, seed=3)
    values = [min(0.9, max(0.1, config["learning_rate"] * 10)) for config in configs]
    trials = [
        TrialRecord(MY_STUDY.study_id, place, config, "complete", 1 - value if swap else value)
        for place, (config, value) in enumerate(zip(configs, values, strict=True))
    ]
    rows = shipped("metafeatures").to_pandas()
    like = rows[rows["dataset_id"] == rows["dataset_id"].iloc[0]]
    version = int(like["version"].max())
    like = like[like["version"] == version]
    values_of = dict(zip(like["name"], like["value"].astype(float), strict=True))
    return Bundle.from_records(
        [MINE, MY_TASK, MLP, MY_STUDY, *trials], {(MINE.dataset_id, "y", version): values_of}
    )


def make_private(folder: Path) -> Path:
    """Make files that are nobody's business, of every kind that is imported."""
    folder.mkdir()
    (folder / "line.txt").write_text(LINE)
    (folder / "line.csv").write_text(f"a,b\n{LINE},1\n")
    (folder / "code.py").write_text("raise SystemExit('code was run')\n")
    make_bundle(range(3)).export(folder / "out")
    made(folder / "kb.duckdb")
    StudyDirectory.create(folder / "s", study=study(), task=TASK, space=SPACE).append(trial(0))
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT '{LINE}' AS x) TO '{folder}/line.parquet'")
    return folder


def _database(*statements: str) -> Callable[[Path, Path], list[Call]]:
    def make(folder: Path, private: Path) -> list[Call]:
        ready = [statement.format(private=private) for statement in statements]
        return _kb(made(folder / "evil.duckdb", *ready))

    return make


def _kb(source: Path) -> list[Call]:
    return [{"source": str(source), "importer": "knowledge_base"}]


def _also(source: Path, **options: str) -> list[Call]:
    """Return what is tried with `kb import`, and with the importer that fits."""
    return [*_kb(source), {"source": str(source), **options}]


def linked_bundle(folder: Path, private: Path) -> list[Call]:
    """An export whose files are links."""
    (folder / "out").mkdir()
    for file in (private / "out").iterdir():
        (folder / "out" / file.name).symlink_to(file)
    return _kb(folder / "out")


def climbing_bundle(folder: Path, private: Path) -> list[Call]:
    """An export whose list of files has others."""
    out = written(folder / "out", make_bundle(range(3)))
    listed = json.loads((out / "checksums.json").read_text())
    for name in (f"{private}/line.txt", "../../private/line.txt", "/etc/passwd"):
        listed["blake2b"][name] = "0" * 32
    (out / "checksums.json").write_text(json.dumps(listed))
    return _kb(out)


def outer_columns(folder: Path, private: Path) -> list[Call]:
    """An export whose columns are said to lie in another file, as Parquet can."""
    out = written(folder / "out", make_bundle(range(3)))
    file = out / "trials.parquet"
    body, footer = file.read_bytes(), folder / "footer"
    metadata = pq.read_metadata(file)
    metadata.set_file_path("../../private/out/trials.parquet")
    metadata.write_metadata_file(str(footer))
    end = len(body) - 8 - int.from_bytes(body[-8:-4], "little")
    file.write_bytes(body[:end] + footer.read_bytes()[4:])
    footer.unlink()
    write_checksums(out, [path.name for path in out.glob("*.parquet")])
    return _kb(out)


def linked_journal(folder: Path, private: Path) -> list[Call]:
    """A database whose journal is a link."""
    evil = made(folder / "evil.duckdb")
    other = KnowledgeBase(private / "other.duckdb", seed=False)
    other.append(make_bundle(range(3)))
    (folder / "evil.duckdb.journal").rmdir()
    (folder / "evil.duckdb.journal").symlink_to(private / "other.duckdb.journal")
    return _kb(evil)


def linked_study(folder: Path, private: Path) -> list[Call]:
    """A study whose trials are a link."""
    made_study = StudyDirectory.create(folder / "s", study=study(), task=TASK, space=SPACE)
    (made_study.path / "trials.jsonl").unlink(missing_ok=True)
    (made_study.path / "trials.jsonl").symlink_to(private / "s" / "trials.jsonl")
    return _also(folder / "s", importer="study")


def climbing_study(folder: Path, private: Path) -> list[Call]:
    """A study that names files, as its name, its source, its data and its code."""
    named = replace(study("study-evil"), name="../../private/line.txt", source=f"{private}/s")
    settings = {
        "objective": f"{private}/code.py:build", "module": f"{private}/code.py:build",
        "data": f"{private}/line.csv", "source": f"file://{private}/line.csv",
    }  # fmt: skip
    dataset = replace(DATASET, source=f"{private}/line.csv")
    made_study = StudyDirectory.create(
        folder / "s", study=named, task=TASK, space=SPACE, dataset=dataset, settings=settings
    )
    made_study.append(trial(0, "study-evil", error=f"file://{private}/line.txt"))
    return _also(folder / "s", importer="study")


def optuna_names(folder: Path, private: Path) -> list[Call]:
    """A storage of Optuna with names that are paths, and a view and a trigger of its own."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    file = folder / "evil.db"
    made_study = optuna.create_study(storage=f"sqlite:///{file}", study_name=f"{private}/line.txt")
    choices = optuna.distributions.CategoricalDistribution([f"file://{private}/line.txt", "a"])
    for value in (0.1, 0.2):
        made_study.add_trial(optuna.create_trial(
            params={"../../private": "a"}, distributions={"../../private": choices}, value=value,
            user_attrs={"path": f"{private}/line.csv"},
        ))  # fmt: skip
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE VIEW more AS SELECT load_extension('x')")
        connection.execute("CREATE TRIGGER t AFTER INSERT ON trials BEGIN DELETE FROM trials; END")
    connection.close()
    return [*_kb(file), {"source": f"sqlite:///{file}", "importer": "optuna"}]


def optuna_link(folder: Path, private: Path) -> list[Call]:
    """A storage of Optuna beside which a link lies, where SQLite has its log."""
    calls = optuna_names(folder, private)
    (folder / "evil.db-wal").symlink_to(private / "line.txt")
    return calls


def optuna_journal(folder: Path, private: Path) -> list[Call]:
    """A storage of Optuna in the midst of a transaction, whose journal names another file.

    SQLite rolls the transaction back, and then opens and deletes what the journal names as that of
    a transaction over several databases.
    """
    calls = optuna_names(folder, private)
    file, aside = folder / "evil.db", folder / "aside.db"
    aside.write_bytes(file.read_bytes())
    connection = sqlite3.connect(aside, isolation_level=None)
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE bulk (x)")
    connection.executemany("INSERT INTO bulk VALUES (zeroblob(9000))", [()] * 50)
    connection.execute("UPDATE studies SET study_name = 'x'")
    connection.execute("UPDATE bulk SET x = zeroblob(9001)")
    journal = (folder / "aside.db-journal").read_bytes()
    file.write_bytes(aside.read_bytes())
    connection.close()
    aside.unlink()
    name = str(private / "line.txt").encode()
    numbers = (len(name), sum(name))
    end = b"".join(number.to_bytes(4, "big") for number in numbers) + SUPER_JOURNAL
    page = (0x40000000 // 4096 + 1).to_bytes(4, "big")
    (folder / "evil.db-journal").write_bytes(journal + page + name + end)
    return calls


def _space(folder: Path) -> str:
    file = folder / "space.json"
    file.write_text(SPACE.to_json())
    return str(file)


def csv_cells(folder: Path, private: Path) -> list[Call]:
    """A table whose cells are paths and addresses."""
    file = folder / "runs.csv"
    file.write_text(
        'C,degree,kernel,"it\'s ""odd""",accuracy,error,state\n'
        f"1,2,poly,True,0.5,file://{private}/line.txt,complete\n"
        f"1,,{private}/line.txt,True,0.5,,complete\n"
        f"../../private/line.txt,,rbf,True,0.5,,complete\n"
        f"2,,rbf,True,@{private}/line.txt,,complete\n"
    )
    return _also(file, space=_space(folder), metric="accuracy", importer="table")


def json_cells(folder: Path, private: Path) -> list[Call]:
    """JSON Lines whose cells are paths, addresses and references."""
    file = folder / "runs.jsonl"
    good = {"C": 1.0, "kernel": "rbf", 'it\'s "odd"': True, "accuracy": 0.5}
    rows = [
        {**good, "error": f"file://{private}/line.txt"},
        {**good, "kernel": f"file://{private}/line.txt"},
        {**good, "kernel": {"$ref": f"file://{private}/line.csv"}},
        {**good, "C": "../../private/line.txt"},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return _also(file, space=_space(folder), metric="accuracy", importer="table")


def swapped_directions(folder: Path, private: Path) -> list[Call]:
    """Three honest trials, and my tasks and the shipped ones the other way round."""
    honest = make_bundle(range(3), "study-swapped")
    tasks = [honest["tasks"], swapped(shipped("tasks")), swapped(my_trials()["tasks"])]
    return _kb(written(folder / "out", honest, tasks=pa.concat_tables(tasks)))


def zero_metafeatures(folder: Path, private: Path) -> list[Call]:
    """Three honest trials, and zeros as metafeatures of my data and of the shipped."""
    honest = make_bundle(range(3), "study-zeros")
    known = pa.concat_tables([shipped("metafeatures"), my_trials()["metafeatures"]])
    rows = [honest["metafeatures"]]
    rows += [changed(known, value=0.0, **more) for more in ({}, {"version": 99})]
    return _kb(written(folder / "out", honest, metafeatures=pa.concat_tables(rows)))


def my_identities(folder: Path, private: Path) -> list[Call]:
    """Trials with the identities of mine and other values."""
    return _kb(written(folder / "out", my_trials(swap=True)))


def my_identities_in_a_database(folder: Path, private: Path) -> list[Call]:
    """The same in a database, with rows of the shipped tasks turned round."""
    evil = KnowledgeBase(folder / "evil.duckdb", seed=False)
    evil.add(my_trials(swap=True))
    assert evil.fold(5)
    with duckdb.connect(str(evil.path)) as connection:
        connection.register("rows", swapped(shipped("tasks")))
        columns = ", ".join(TABLES["tasks"].names)
        connection.execute(f"INSERT INTO tasks ({columns}) SELECT {columns} FROM rows")
    return _kb(evil.path)


HOSTILE: dict[str, tuple[Callable[[Path, Path], list[Call]], str]] = {
    "a view over a text": (_database(*VIEW), "studies is a view"),
    "a view over a list of files": (
        _database("CREATE VIEW more AS SELECT * FROM glob('{private}/*')"), "more is a view"),
    "a view over another database's file": (
        _database("CREATE VIEW more AS FROM '{private}/line.parquet'"), "more is a view"),
    "a macro that reads": (
        _database("CREATE MACRO now() AS TABLE FROM read_csv('{private}/line.csv')"),
        "has a macro now"),
    "a default that is computed": (
        _database("ALTER TABLE trials ALTER COLUMN origin "
                  "SET DEFAULT current_setting('home_directory')"),
        "column 'origin' of another kind"),
    "a computed column": (
        _database("DROP TABLE curves",
                  "CREATE TABLE curves (trial_id VARCHAR NOT NULL, epoch BIGINT NOT NULL, "
                  "train_loss DOUBLE AS (epoch + 1))"),
        "is not a knowledge base as Advisor makes it"),
    "an attached database": (
        _database("ATTACH '{private}/kb.duckdb' AS other",
                  "CREATE VIEW more AS FROM other.trials"), "more is a view"),
    "a bundle of links": (linked_bundle, "is a link to another folder"),
    "a bundle that lists others": (climbing_bundle, "passwd|line.txt|checksums"),
    "columns in another file": (outer_columns, '"accepted": 3'),
    "a journal that is a link": (linked_journal, "is a link to another folder"),
    "a study of links": (linked_study, "is a link to another folder"),
    "a study that names files": (climbing_study, '"accepted": [12]'),
    "a storage of Optuna with names of files": (optuna_names, '"accepted": [12]'),
    "a storage of Optuna with a link": (optuna_link, "is a link to another folder"),
    "a storage of Optuna whose journal names a file": (
        optuna_journal, "belongs to a transaction over several files"),
    "a table of paths": (csv_cells, "kernel"),
    "JSON Lines of paths": (json_cells, "kernel"),
    "directions swapped": (swapped_directions, '"accepted": 3'),
    "metafeatures of zeros": (zero_metafeatures, '"accepted": 3'),
    "identities of mine": (my_identities, "stored, with another content"),
    "identities of mine in a database": (my_identities_in_a_database, "with another content"),
}  # fmt: skip
"""How each is made, and what is said of it."""
