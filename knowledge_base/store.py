"""The knowledge base: one object to read everything and to add finished trials.

Adding makes a durable journal segment first (see `journal`), so that it neither waits for
the database's lock nor fails on it. Folding segments into the database costs the exclusive
lock and a checkpoint, some hundred times what a segment costs, so it is not done for each.
Whoever adds folds when a bulk came, when some segments have gathered, or when one has
waited for a minute, and leaves it to the next if the database is in use. Readers see
pending segments in any case, so folding late loses nothing but a little reading time.
"""

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd
import platformdirs

from knowledge_base import columnar
from knowledge_base.bundle import Bundle
from knowledge_base.connection import READ_PATIENCE, attached, in_memory
from knowledge_base.errors import DatabaseLocked, KnowledgeBaseError
from knowledge_base.journal import Journal
from knowledge_base.layers import make_views
from knowledge_base.migration import create, migrate
from knowledge_base.reader import Reader
from knowledge_base.records import DatasetRecord, StudyRecord, TaskRecord
from knowledge_base.schema import SCHEMA_VERSION, TABLES
from knowledge_base.shipped import SEED
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import JsonObject
from knowledge_base.verification import problems
from knowledge_base.writing import AddReport, insert, new_rows

FOLD_SEGMENTS = 50
"""Segments that may gather before whoever adds the next one tries to fold them."""

FOLD_AGE = 60.0
"""Seconds that a segment may wait before whoever adds the next one tries to fold it."""

BULK = 500
"""A bundle of this many trials is folded at once."""

ADD_PATIENCE = 2.0
"""Seconds that `add` waits to compare with the database before it counts without it."""

BACKLOG_PATIENCE = 1.0
"""Seconds that folding waits for the lock once four times `FOLD_SEGMENTS` are pending."""


def default_path() -> Path:
    """Return ADVISOR_KB, or the file in the user's data directory."""
    named = os.environ.get("ADVISOR_KB")
    if named:
        return Path(named)
    return Path(platformdirs.user_data_dir("advisor")) / "knowledge_base.duckdb"


class KnowledgeBase(Reader):
    """Past trials: the user's own database over the trials that ship with the package.

    >>> kb = KnowledgeBase("mine.duckdb")
    >>> kb.tasks()
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        seed: bool = True,
        read_only: bool = False,
        seed_path: Path | None = None,
    ) -> None:
        """Open a knowledge base; nothing is created before the first trial is added.

        Args:
            path: database file; default `default_path()`.
            seed: whether the shipped trials are there too.
            read_only: whether to refuse to add.
            seed_path: another folder to take the shipped trials from.

        Raises:
            KnowledgeBaseError: the path is a folder.
        """
        self.path = Path(path) if path is not None else default_path()
        self.read_only = read_only
        self._seed = (seed_path or SEED) if seed else None
        self._journal = Journal(self.path)
        if self.path.is_dir():
            raise KnowledgeBaseError(f"{self.path} is a folder, not a knowledge base file.")

    @property
    def studies_root(self) -> Path:
        """Folder where studies are kept unless told otherwise: beside the file."""
        return self.path.parent / "studies"

    def stamp(self) -> tuple[object, ...]:
        """Return a cheap key that changes whenever what is stored does, for this process."""
        found = self.path.stat() if self.path.exists() else None
        state = None if found is None else (found.st_ino, found.st_size, found.st_mtime_ns)
        return str(self.path), str(self._seed), state, tuple(self._journal.segments())

    def append(self, bundle: Bundle) -> None:
        """Add a bundle without counting; durable on return.

        Duplicates are left out when it is folded, and never seen.

        Raises:
            KnowledgeBaseError: the knowledge base is not usable, or read-only.
        """
        self._check_writable()
        self._check_usable()
        self._journal.append(bundle)
        self._fold_if_due(len(bundle))

    def add(self, bundle: Bundle) -> AddReport:
        """Add a bundle and say how many of its trials were new; durable on return.

        Raises:
            KnowledgeBaseError: the knowledge base is not usable, or read-only.
        """
        self._check_writable()
        given, exact = [table for table in TABLES if bundle[table].num_rows], True
        try:
            with self._session(ADD_PATIENCE, given) as connection:
                new = new_rows(connection, bundle)
        except DatabaseLocked:
            exact = False
            with in_memory() as connection:
                pending = self._journal.load().values()
                make_views(connection, None, pending, self._seed, given)
                new = new_rows(connection, bundle)
        if any(new[table].num_rows for table in TABLES):
            self._journal.append(new)
            self._fold_if_due(len(new))
        return AddReport(added=len(new), duplicates=len(bundle) - len(new), exact=exact)

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
            KnowledgeBaseError: the knowledge base is not usable, or read-only.
        """
        trials = columnar.trials_table(frame, space, study.study_id)
        context = Bundle.from_records([task, space, study, *([dataset] if dataset else [])])
        return self.add(Bundle({**{name: context[name] for name in TABLES}, "trials": trials}))

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
            with attached(self.path, read_only=False, patience=patience) as (connection, _):
                migrate(connection)
                segments = self._journal.load()
                insert(connection, segments.values())
                connection.execute("CHECKPOINT db")
        except DatabaseLocked:
            return False
        self._journal.set_aside_damaged()
        self._journal.remove(segments)
        return True

    def info(self) -> JsonObject:
        """Return where it is and what it holds, as plain types."""
        with self._reading() as connection:
            counts = {table: _counts(connection, table, "layer") for table in TABLES}
            states = _counts(connection, "trials", "state")
            ((newest,),) = connection.execute(
                "SELECT max(created_at)::VARCHAR FROM studies"
            ).fetchall()
        return {
            "path": str(self.path),
            "exists": self.path.exists(),
            "schema_version": SCHEMA_VERSION,
            "size_bytes": self.path.stat().st_size if self.path.exists() else 0,
            "pending": len(self._journal.segments()),
            "newest_study": newest,
            **counts,
            "states": states,
        }

    def export(self, directory: str | Path, layers: Sequence[str] = ("user",)) -> Bundle:
        """Write the rows of `layers` into a new folder of Parquet files, and return them.

        Raises:
            KnowledgeBaseError: the folder holds something already, or cannot be written.
        """
        bundle = self.bundle(layers)
        bundle.export(Path(directory))
        return bundle

    def verify(self) -> list[str]:
        """Return what is not whole, one line for each problem; empty if all is well."""
        with self._reading() as connection:
            found = problems(connection)
        return found + [f"damaged journal segment: {path}" for path in self._journal.damaged()]

    def _check_writable(self) -> None:
        if self.read_only:
            raise KnowledgeBaseError(f"The knowledge base {self.path} was opened to read only.")

    def _check_usable(self) -> None:
        if self.path.exists():
            try:
                with attached(self.path, read_only=True, patience=0.0):
                    return
            except DatabaseLocked:
                return  # Somebody is writing to it, so it is a knowledge base.

    def _fold_if_due(self, n_trials: int) -> None:
        pending = len(self._journal.segments())
        due = pending >= FOLD_SEGMENTS or self._journal.age() > FOLD_AGE
        if due or n_trials >= BULK:
            self.fold(BACKLOG_PATIENCE if pending >= 4 * FOLD_SEGMENTS else 0.0)

    @contextmanager
    def _reading(self, family: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            with self._session(READ_PATIENCE, family=family) as connection:
                yield connection
        except DatabaseLocked:
            raise KnowledgeBaseError(
                f"The knowledge base {self.path} was in use for {READ_PATIENCE:g} s; try again."
            ) from None

    @contextmanager
    def _session(
        self,
        patience: float,
        tables: Collection[str] = tuple(TABLES),
        family: str | None = None,
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a connection with a view per table over all layers.

        Segments are read while the database is held, or before there is one. Then nobody can
        have folded and deleted a segment whose rows this reader does not see.
        """
        pending = self._journal.load()
        if not self.path.exists():
            with in_memory() as connection:
                make_views(connection, None, pending.values(), self._seed, tables, family)
                yield connection
            return
        with attached(self.path, read_only=True, patience=patience) as (connection, version):
            pending = self._journal.load()
            make_views(connection, version, pending.values(), self._seed, tables, family)
            yield connection


def _counts(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> dict[str, int]:
    rows = connection.execute(
        f"SELECT {column}, count(*) FROM {table} GROUP BY ALL ORDER BY 1"
    ).fetchall()
    return dict(rows)
