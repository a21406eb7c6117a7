"""The knowledge base: one object to read everything and to add finished trials.

Adding makes a durable journal segment first (see `journal`), so that it neither waits for
the database's lock nor fails on it. Folding segments into the database costs the exclusive
lock and a checkpoint, some hundred times what a segment costs, so it is not done for each.
Whoever adds folds when a bulk came, when some segments have gathered, or when one has
waited for a minute, and leaves it to the next if the database is in use. Readers see
pending segments in any case, so folding late loses nothing but a little reading time.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pandas as pd
import platformdirs

from knowledge_base import columnar
from knowledge_base.bundle import Bundle
from knowledge_base.connection import BESIDE, attached
from knowledge_base.durable import tighten
from knowledge_base.errors import DatabaseLocked, KnowledgeBaseError, UserError
from knowledge_base.migration import create
from knowledge_base.passing import Passed, passed_on
from knowledge_base.records import DatasetRecord, StudyRecord, TaskRecord
from knowledge_base.schema import SCHEMA_VERSION, TABLES
from knowledge_base.server.address import Address, address, is_address
from knowledge_base.server.shared import Shared
from knowledge_base.server.team import Team
from knowledge_base.shipped import SEED, shipped_problems
from knowledge_base.showing import html_table
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import JsonObject
from knowledge_base.verification import first_wrong, problems, wrong_rows
from knowledge_base.writing import AddReport, new_rows

FOLD_SEGMENTS = 50
"""Segments that may gather before whoever adds the next one tries to fold them."""

FOLD_AGE = 60.0
"""Seconds that a segment may wait before whoever adds the next one tries to fold it."""

BULK = 500
"""A bundle of this many trials is folded at once."""

BACKLOG_PATIENCE = 1.0
"""Seconds that folding waits for the lock once four times `FOLD_SEGMENTS` are pending."""


def default_path() -> Path:
    """Return ADVISOR_KB, or the file in the user's data directory.

    Raises:
        KnowledgeBaseError: the user has no home directory.
    """
    named = os.environ.get("ADVISOR_KB")
    if named:
        return _copy_of(address(named)) if is_address(named) else Path(named)
    return _data_folder() / "knowledge_base.duckdb"


def _copy_of(team: Address) -> Path:
    return team.local(_data_folder())


def _data_folder() -> Path:
    try:
        folder = Path(platformdirs.user_data_dir("advisor"))
    except RuntimeError:
        folder = Path("~")
    if not folder.is_absolute():  # Neither HOME nor the system knows a home; "~" is none.
        raise KnowledgeBaseError(
            "You have no home directory, where the knowledge base would lie; name a file with `kb`."
        )
    return folder


class KnowledgeBase(Shared):
    """Past trials: the user's own database over the trials that ship with the package.

    >>> kb = KnowledgeBase("mine.duckdb")
    >>> kb.tasks()

    Trials are filtered, ordered and cut into pages by the database, so that a page of millions
    costs a page (see `Reader.trials`):

    >>> kb.trials(where=[("value", ">=", 0.9)], order_by=["-value"], limit=50, offset=100)
    >>> kb.count_trials(where=[("value", ">=", 0.9)])

    Attributes:
        path: database file; where the user named a link, the file that it leads to.
        read_only: whether adding is refused.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        seed: bool = True,
        read_only: bool = False,
        seed_path: Path | None = None,
        foreign: bool = False,
    ) -> None:
        """Open a knowledge base; nothing is created before the first trial is added.

        Args:
            path: database file, or the address of a team's server, postgresql://user@host/database,
                of which a copy is kept in the user's data directory; default `default_path()`.
            seed: whether the shipped trials are there too.
            read_only: whether to refuse to add.
            seed_path: another folder to take the shipped trials from.
            foreign: whether somebody else made the file, so that more is looked at before it is
                read.

        Raises:
            KnowledgeBaseError: the path is a folder.
        """
        named = path if path is not None else os.environ.get("ADVISOR_KB")
        team = address(str(named)) if is_address(named) else None
        super().__init__(
            _copy_of(team) if team else Path(path) if path is not None else default_path(),
            seed=(seed_path or SEED) if seed else None,
            foreign=foreign,
            named=team is None and bool(named),
        )
        self.team = Team(team, self.path.parent) if team else None
        self.read_only = read_only

    @property
    def studies_root(self) -> Path:
        """Folder where studies are kept unless told otherwise: beside the file."""
        return self.path.parent / "studies"

    def stamp(self) -> tuple[object, ...]:
        """Return a cheap key that changes whenever what is stored does, for this process."""
        found = self.path.stat() if self._exists() else None
        state = None if found is None else (found.st_ino, found.st_size, found.st_mtime_ns)
        waiting = (*self._journal.segments(), *self._notes.names())
        return str(self.path), str(self._seed), state, waiting

    def append(self, bundle: Bundle) -> None:
        """Add a bundle without counting; durable on return.

        Duplicates are left out when it is folded, and never seen.

        Raises:
            KnowledgeBaseError: the knowledge base is not usable, or read-only, or a row is none
                that `verify` would call whole.
        """
        self._check_writable()
        _check_rows(bundle)
        self._check_usable()
        self._say_if_missing()
        self._keep(bundle)
        self._fold_if_due(len(bundle))

    def new(self, bundle: Bundle) -> tuple[Bundle, bool]:
        """Return the rows of a bundle that are not stored, and whether all of it was compared.

        Nothing is written. Not all is compared where somebody else holds the database.

        Raises:
            KnowledgeBaseError: the knowledge base is not usable.
        """
        given = [table for table in TABLES if bundle[table].num_rows]
        with self._session(given, hidden=True) as (connection, whole):
            return new_rows(connection, bundle), whole

    def add(self, bundle: Bundle) -> AddReport:
        """Add a bundle and say how many of its trials were new; durable on return.

        Raises:
            KnowledgeBaseError: as for `append`.
        """
        self._check_writable()
        _check_rows(bundle)
        new, exact = self.new(bundle)
        if any(new[table].num_rows for table in TABLES):
            self._keep(new, bundle)
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
        reasons = wrong_rows(Bundle({"trials": trials}), "trials")
        wrong = [place for place, reason in enumerate(reasons) if reason]
        if wrong:
            raise UserError(f"Row {wrong[0]} of the trials cannot be stored: {reasons[wrong[0]]}.")
        context = Bundle.from_records([task, space, study, *([dataset] if dataset else [])])
        return self.add(Bundle({**{name: context[name] for name in TABLES}, "trials": trials}))

    def fold(self, patience: float = 0.0) -> bool:
        """Move the journal into the database, if it is free within `patience` seconds.

        Returns:
            Whether the journal was folded; if not, the next one who can will do it.
        """
        if not self._journal.segments() and not self._notes.new():
            return True
        if not self._exists():
            create(self.path)
        try:
            with attached(self.path, False, patience, self._seed) as (connection, _):
                self._fold_into(connection)
                self._tighten()  # Older versions, and DuckDB itself, made them for all to read.
        except DatabaseLocked:
            return False
        return True

    def try_fold(self, patience: float = 0.0) -> bool:
        """Move the journal into the database if that is possible; `warnings` says why not.

        Whatever happens, the trials are durable in the journal.

        Returns:
            Whether the journal was folded.
        """
        try:
            return self.fold(patience)
        except Exception as error:  # Whatever it is: the trials are in, and that must be said.
            self._warnings.tell(
                f"The trials are stored in the journal {self._journal.path}, but could not be "
                f"moved into the database yet: {error}"
            )
            return False

    def info(self) -> JsonObject:
        """Return where it is and what it holds, as plain types."""
        with self._reading() as connection:
            counts = {table: _counts(connection, table, "layer") for table in TABLES}
            states = _counts(connection, "trials", "state")
            ((newest,),) = connection.execute(
                "SELECT max(created_at)::VARCHAR FROM studies"
            ).fetchall()
        server: JsonObject = {}
        if self.team is not None:
            server = {"server": self.team.address.shown, "waiting": self.team.waiting()}
        return {
            **server,
            "path": str(self.path),
            "exists": self._exists() or bool(self._journal.segments()),
            "schema_version": SCHEMA_VERSION,
            "size_bytes": self.path.stat().st_size if self._exists() else 0,
            "pending": len(self._journal.segments()),
            "newest_study": newest,
            **counts,
            "states": states,
        }

    def _repr_html_(self) -> str:
        """Return what it holds as a table, for notebooks."""
        found = self.info()
        rows = [
            (name, layers.get("user", 0), layers.get("seed", 0))
            for name, layers in found.items()
            if name != "states" and isinstance(layers, dict)
        ]
        return html_table(f"Knowledge base {self.path}", ["", "your own", "shipped"], rows)

    def export(
        self,
        directory: str | Path,
        layers: Sequence[str] = ("user",),
        *,
        anonymous: bool = False,
        contributor: str | None = None,
    ) -> Bundle:
        """Write the rows of `layers` into a new folder of Parquet files, and return them.

        They are written as they may be passed on: see `passing.passed_on`, which says what
        `anonymous` and `contributor` are, and what leaves the machine.

        Raises:
            KnowledgeBaseError: the folder holds something already, or cannot be written, or the
                database is in use.
        """
        bundle = self.passed_on(layers, anonymous=anonymous, contributor=contributor).bundle
        bundle.export(Path(directory))
        return bundle

    def passed_on(
        self,
        layers: Sequence[str] = ("user",),
        *,
        anonymous: bool = False,
        contributor: str | None = None,
    ) -> Passed:
        """Return what `export` would write, and what that tells; nothing is written.

        Raises:
            KnowledgeBaseError: the knowledge base is not usable, or its database is in use.
        """
        return passed_on(self.bundle(layers), anonymous, contributor)

    def verify(self) -> list[str]:
        """Return what is not whole, one line for each problem; empty if all is well.

        Raises:
            KnowledgeBaseError: the knowledge base is not usable, or its database is in use.
        """
        damaged = [f"damaged journal segment: {path}" for path in self._journal.damaged()]
        shipped = shipped_problems(self._seed) if self._seed else []
        if shipped:  # Reading them would say the same, or fail.
            return shipped + damaged
        with self._reading_all(hidden=True) as connection:
            return problems(connection) + damaged

    def _tighten(self) -> None:
        for end in BESIDE:
            tighten(self.path.with_name(self.path.name + end))

    def _check_writable(self) -> None:
        if self.read_only:
            raise KnowledgeBaseError(f"The knowledge base {self.path} was opened to read only.")

    def _check_usable(self) -> None:
        if self._exists():
            try:
                with attached(self.path, True, 0.0, self._seed):
                    return
            except DatabaseLocked:
                return  # Somebody is writing to it, so it is a knowledge base.

    def _fold_if_due(self, n_trials: int) -> None:
        pending = len(self._journal.segments())
        due = pending >= FOLD_SEGMENTS or self._journal.age() > FOLD_AGE
        if due or n_trials >= BULK:
            self.try_fold(BACKLOG_PATIENCE if pending >= 4 * FOLD_SEGMENTS else 0.0)


def _check_rows(bundle: Bundle) -> None:
    """Refuse rows that cannot be stored, or that would not be whole.

    Raises:
        KnowledgeBaseError: names the first of them.
    """
    bundle.check("What was to be stored")
    wrong = first_wrong(bundle)
    if wrong:
        raise KnowledgeBaseError(f"Nothing was stored, since something is wrong with {wrong}.")


def _counts(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> dict[str, int]:
    rows = connection.execute(
        f"SELECT {column}, count(*) FROM {table} GROUP BY ALL ORDER BY 1"
    ).fetchall()
    return dict(rows)
