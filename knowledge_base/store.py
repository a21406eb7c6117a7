"""The knowledge base: one object to read everything and to add finished trials.

Adding makes a durable journal segment first (see `journal`), so that it neither waits for
the database's lock nor fails on it. Segments are folded into the database when a bulk was
added or some have gathered; readers see them in any case.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import platformdirs
import pyarrow as pa

from knowledge_base import columnar
from knowledge_base.bundle import Bundle
from knowledge_base.connection import READ_PATIENCE, DatabaseLocked, attached
from knowledge_base.errors import KnowledgeBaseError, UserError
from knowledge_base.journal import Journal
from knowledge_base.layers import SEED, make_views
from knowledge_base.migration import create, migrate
from knowledge_base.records import DatasetRecord, StudyRecord, TaskRecord
from knowledge_base.schema import KEYS, SCHEMA_VERSION, TABLES
from knowledge_base.space import SpaceDefinition

FOLD_SEGMENTS = 40
"""Segments that may gather before whoever adds the next one tries to fold them."""

BULK = 500
"""A bundle of this many trials is folded at once."""

MIN_PREFIX = 6


@dataclass(frozen=True)
class AddReport:
    """How many trials of a bundle were new, and how many were there already."""

    added: int
    duplicates: int


def default_path() -> Path:
    """Return ADVISOR_KB, or the file in the user's data directory."""
    named = os.environ.get("ADVISOR_KB")
    if named:
        return Path(named)
    return Path(platformdirs.user_data_dir("advisor")) / "knowledge_base.duckdb"


class KnowledgeBase:
    """Past trials: the user's own database over the trials that ship with the package.

    >>> kb = KnowledgeBase("mine.duckdb")
    >>> kb.tasks()
    """

    def __init__(
        self, path: str | Path | None = None, *, seed: bool = True, seed_path: Path | None = None
    ) -> None:
        """Open a knowledge base; nothing is created before the first trial is added.

        Args:
            path: database file; default `default_path()`.
            seed: whether the shipped trials are there too.
            seed_path: another folder for them.

        Raises:
            KnowledgeBaseError: the path is a folder.
        """
        self.path = Path(path) if path is not None else default_path()
        self._seed = (seed_path or SEED) if seed else None
        self._journal = Journal(self.path)
        if self.path.is_dir():
            raise KnowledgeBaseError(f"{self.path} is a folder, not a knowledge base file.")

    def append(self, bundle: Bundle) -> None:
        """Add a bundle; durable on return, duplicates are left out when it is folded.

        Raises:
            KnowledgeBaseError: the knowledge base is not usable.
        """
        if self.path.exists():
            self._check()
        self._journal.append(bundle)
        if len(bundle) >= BULK or len(self._journal.segments()) >= FOLD_SEGMENTS:
            self.fold()

    def add(self, bundle: Bundle) -> AddReport:
        """Add a bundle and say how many of its trials were new.

        Raises:
            KnowledgeBaseError: the knowledge base is not usable.
        """
        ids = bundle["trials"]["trial_id"].to_pylist()
        distinct = list(dict.fromkeys(ids))
        known = self.existing_trials(distinct)
        if len(known) < len(distinct) or not distinct:
            self.append(bundle)
        added = len(distinct) - len(known)
        return AddReport(added=added, duplicates=len(ids) - added)

    def add_trials(
        self,
        frame: pd.DataFrame,
        *,
        task: TaskRecord,
        space: SpaceDefinition,
        study: StudyRecord,
        dataset: DatasetRecord | None = None,
    ) -> AddReport:
        """Add many trials from a frame, column by column.

        Args:
            frame: one row per trial, a column per hyperparameter (NaN where inactive), a
                column `value`, and any other column of the table `trials`.
            task, space, study, dataset: what the trials belong to.

        Raises:
            UserError: a column is missing, or a row is no configuration of the space.
        """
        trials = columnar.trials_table(frame, space, study.study_id)
        context = [task, space, study] + ([dataset] if dataset is not None else [])
        tables = {name: Bundle.from_records(context)[name] for name in TABLES}
        return self.add(Bundle({**tables, "trials": trials}))

    def fold(self, patience: float = 0.0) -> bool:
        """Move the journal into the database, if it is free within `patience` seconds.

        Returns:
            Whether the journal was folded; if not, the next one who can will do it.
        """
        if not self._journal.segments():
            return True
        if not self.path.exists():
            create(self.path)
        try:
            with attached(self.path, read_only=False, patience=patience) as connection:
                migrate(connection)
                segments = self._journal.set_aside_damaged(self._journal.segments())
                _insert(connection, segments)
                connection.execute("CHECKPOINT db")
                connection.execute("DETACH db")
        except DatabaseLocked:
            return False
        self._journal.remove(segments)
        return True

    def datasets(self) -> pd.DataFrame:
        """Return all data sets."""
        return self.query("SELECT * FROM datasets")

    def metafeatures(self) -> pd.DataFrame:
        """Return all metafeatures, one value per row."""
        return self.query("SELECT * FROM metafeatures")

    def spaces(self) -> pd.DataFrame:
        """Return all search spaces."""
        return self.query("SELECT * FROM spaces")

    def tasks(self) -> pd.DataFrame:
        """Return all tasks."""
        return self.query("SELECT * FROM tasks ORDER BY name, metric")

    def studies(self) -> pd.DataFrame:
        """Return all studies, newest first."""
        return self.query("SELECT * FROM studies ORDER BY created_at DESC, study_id")

    def trials(
        self,
        task: str | None = None,
        study: str | None = None,
        space: str | None = None,
        state: str | None = None,
        family: str | None = None,
        configs: bool = False,
    ) -> pd.DataFrame:
        """Return trials with the task and space of their study.

        Args:
            task, study, space: only those of this identity, or its first characters (6 at
                least).
            state: only trials that ended so.
            family: only trials of this model family.
            configs: add a typed column `config.NAME` per hyperparameter.

        Raises:
            UserError: an identity matches nothing, or several.
        """
        with self._reading() as connection:
            wanted = {
                "task_id": _resolve(connection, "tasks", "task_id", task),
                "study_id": _resolve(connection, "studies", "study_id", study),
                "space_id": _resolve(connection, "spaces", "space_id", space),
                "state": state,
                "family": family,
            }
            given = {name: value for name, value in wanted.items() if value is not None}
            where = " AND ".join(f"{name} = ?" for name in given) or "true"
            sql = (
                "SELECT trials.*, task_id, space_id FROM trials "
                "LEFT JOIN (SELECT study_id, task_id, space_id FROM studies) USING (study_id) "
                "LEFT JOIN (SELECT task_id, family FROM tasks) USING (task_id) "
                f"WHERE {where} ORDER BY study_id, number"
            )
            if configs:
                definitions = connection.execute("SELECT definition FROM spaces").fetchall()
                sql = columnar.with_configs(sql, [text for (text,) in definitions])
            return connection.execute(sql, list(given.values())).df()

    def curves(self, trial: str | None = None, study: str | None = None) -> pd.DataFrame:
        """Return learning curves, of one trial or one study if named."""
        where, values = "true", []
        if trial is not None:
            where, values = "trial_id = ?", [trial]
        elif study is not None:
            where = "trial_id IN (SELECT trial_id FROM trials WHERE study_id = ?)"
            values = [study]
        return self.query(f"SELECT * FROM curves WHERE {where} ORDER BY trial_id, epoch", values)

    def space(self, space_id: str) -> SpaceDefinition:
        """Return a stored search space.

        Raises:
            UserError: there is none of that identity.
        """
        with self._reading() as connection:
            found = _resolve(connection, "spaces", "space_id", space_id)
            row = connection.execute(
                "SELECT definition FROM spaces WHERE space_id = ?", [found]
            ).fetchone()
        assert row is not None
        return SpaceDefinition.from_json(row[0], where=f"space {space_id}")

    def existing_trials(self, trial_ids: Sequence[str]) -> set[str]:
        """Return which of these trials are stored already."""
        if not trial_ids:
            return set()
        with self._reading() as connection:
            connection.register("wanted", pa.table({"trial_id": pa.array(trial_ids, pa.string())}))
            rows = connection.execute(
                "SELECT trial_id FROM wanted SEMI JOIN trials USING (trial_id)"
            ).fetchall()
        return {row[0] for row in rows}

    def bundle(self, layers: Sequence[str] = ("user", "seed")) -> Bundle:
        """Return the trials of `layers` with everything that they refer to."""
        with self._reading() as connection:
            tables = {}
            for table in TABLES:
                marks = ", ".join("?" for _ in layers)
                sql = f"SELECT * EXCLUDE (layer) FROM {table} WHERE {_in_layers(table, marks)}"
                tables[table] = connection.execute(sql, list(layers)).to_arrow_table()
        return Bundle.from_tables(tables)

    def query(self, sql: str, values: Sequence[Any] = ()) -> pd.DataFrame:
        """Run a reading SQL query over all layers; tables are those of the schema."""
        with self._reading() as connection:
            return connection.execute(sql, list(values)).df()

    def info(self) -> dict[str, Any]:
        """Return where it is and what it holds, as plain types."""
        with self._reading() as connection:
            counts = {t: _counts(connection, t, "layer") for t in TABLES}
            states = _counts(connection, "trials", "state")
        return {
            "path": str(self.path),
            "exists": self.path.exists(),
            "schema_version": SCHEMA_VERSION,
            "size_bytes": self.path.stat().st_size if self.path.exists() else 0,
            "pending": len(self._journal.segments()),
            **counts,
            "states": states,
        }

    def export(self, directory: str | Path, layers: Sequence[str] = ("user",)) -> Bundle:
        """Write the trials of `layers` into a new folder of Parquet files; see `exchange`."""
        from knowledge_base.exchange import export_bundle

        return export_bundle(self.bundle(layers), Path(directory))

    def verify(self) -> list[str]:
        """Return what is not whole, one line each; empty if all is well."""
        from knowledge_base.verification import problems

        with self._reading() as connection:
            found = problems(connection)
        return found + [f"damaged journal segment: {path}" for path in self._journal.damaged()]

    def _check(self) -> None:
        try:
            with attached(self.path, read_only=True, patience=0.0):
                return
        except DatabaseLocked:
            return  # somebody is writing: then it is a knowledge base

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a connection with a view per table over all layers."""
        if self.path.exists():
            try:
                with attached(self.path, read_only=True, patience=READ_PATIENCE) as connection:
                    self._views(connection, database=True)
                    yield connection
            except DatabaseLocked:
                raise KnowledgeBaseError(
                    f"The knowledge base {self.path} was in use for {READ_PATIENCE:g} s; try again."
                ) from None
            return
        connection = duckdb.connect()
        try:
            connection.execute("SET TimeZone = 'UTC'")
            self._views(connection, database=False)
            yield connection
        finally:
            connection.close()

    def _views(self, connection: duckdb.DuckDBPyConnection, database: bool) -> None:
        """Make the views; journal segments are read at once, since they may be folded soon."""
        segments = self._journal.set_aside_damaged(self._journal.segments())
        try:
            make_views(connection, database, segments, self._seed)
        except duckdb.Error as error:
            raise KnowledgeBaseError(
                f"A file of the shipped trials or the journal cannot be read: {error}".splitlines()[0]
            ) from error


def _insert(connection: duckdb.DuckDBPyConnection, segments: list[Path]) -> None:
    """Insert what the segments hold and the database lacks, in one transaction."""
    connection.execute("BEGIN")
    for table, schema in TABLES.items():
        paths = [str(s / f"{table}.parquet") for s in segments if (s / f"{table}.parquet").is_file()]
        if not paths:
            continue
        columns, key = ", ".join(schema.names), ", ".join(KEYS[table])
        connection.execute(
            f"INSERT INTO db.{table} SELECT DISTINCT ON ({key}) {columns} "
            f"FROM read_parquet(?, union_by_name = true) "
            f"ANTI JOIN (SELECT {key} FROM db.{table}) USING ({key})",
            [paths],
        )
    connection.execute("COMMIT")


def _resolve(
    connection: duckdb.DuckDBPyConnection, table: str, column: str, prefix: str | None
) -> str | None:
    if prefix is None:
        return None
    if len(prefix) < MIN_PREFIX:
        raise UserError(f"'{prefix}' is too short; give at least {MIN_PREFIX} characters of it.")
    rows = connection.execute(
        f"SELECT {column} FROM {table} WHERE starts_with({column}, ?) LIMIT 2", [prefix]
    ).fetchall()
    if len(rows) != 1:
        what = "Several" if rows else "No"
        raise UserError(f"{what} {table} begin with '{prefix}'; `advisor kb {table}` lists them.")
    return rows[0][0]


def _counts(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> dict[str, int]:
    rows = connection.execute(
        f"SELECT {column}, count(*) FROM {table} GROUP BY ALL ORDER BY 1"
    ).fetchall()
    return dict(rows)


def _in_layers(table: str, marks: str) -> str:
    """Return a condition for rows that trials of the layers refer to."""
    trials = f"SELECT * FROM trials WHERE layer IN ({marks})"
    studies = f"SELECT * FROM studies WHERE study_id IN (SELECT study_id FROM ({trials}))"
    tasks = f"SELECT * FROM tasks WHERE task_id IN (SELECT task_id FROM ({studies}))"
    return {
        "trials": f"layer IN ({marks})",
        "curves": f"trial_id IN (SELECT trial_id FROM ({trials}))",
        "studies": f"study_id IN (SELECT study_id FROM ({trials}))",
        "spaces": f"space_id IN (SELECT space_id FROM ({studies}))",
        "tasks": f"task_id IN (SELECT task_id FROM ({studies}))",
        "datasets": f"dataset_id IN (SELECT dataset_id FROM ({tasks}))",
        "metafeatures": f"dataset_id IN (SELECT dataset_id FROM ({tasks}))",
    }[table]


