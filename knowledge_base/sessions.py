"""Sessions on a knowledge base: one connection that sees its database, its journal and what ships.

Whoever only looks, or adds, never fails because somebody else holds the database: he goes on
with the journal and the shipped trials, and `warnings` says that the database's own trials were
not seen. What must be whole (exporting, verifying) fails then.
"""

import os
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb

from knowledge_base.connection import READ_PATIENCE, attached, in_memory, told, unusable
from knowledge_base.curation import Notes
from knowledge_base.errors import LOG, MISSING, DatabaseLocked, KnowledgeBaseError, Warnings
from knowledge_base.hiding import ALL, curation_table, in_force, make_hidden, make_visible
from knowledge_base.journal import Journal
from knowledge_base.layers import make_views
from knowledge_base.naming import contributor
from knowledge_base.reader import Reader
from knowledge_base.schema import TABLES

LOCKED_SECONDS = 30.0
"""Seconds after a database was found in use during which nobody waits for it again."""


class Sessions(Reader):
    """Opens what a knowledge base consists of, and says what of it could not be seen.

    Attributes:
        path: database file; where the user named a link, the file that it leads to.
    """

    def __init__(self, path: Path, *, seed: Path | None, foreign: bool, named: bool) -> None:
        """Take where everything lies; nothing is opened yet.

        Args:
            path: database file, which need not exist.
            seed: folder of the shipped trials, None without them.
            foreign: whether somebody else made the file, so that more is looked at before it is
                read.
            named: whether the user said where it is, so that it is told if nothing is there.

        Raises:
            KnowledgeBaseError: the path is a folder.
        """
        self.path = _real(path)
        self._seed = seed
        self._journal = Journal(self.path)
        self._notes = Notes(self.path)
        self._foreign = foreign
        self._warnings = Warnings()
        self._locked_at = -LOCKED_SECONDS
        self._named = named
        if os.path.isdir(self.path):  # Path.is_dir would fail where the folder is closed.
            raise KnowledgeBaseError(f"{self.path} is a folder, not a knowledge base file.")

    @property
    def me(self) -> str:
        """The name under which the user contributes."""
        return contributor()

    @property
    def warnings(self) -> list[str]:
        """What was met and left out so far, one line each: damaged segments, a locked database.

        Whoever shows an answer shows these lines with it.
        """
        return [*self._warnings, *self._journal.warnings, *self._notes.warnings]

    def forget_warnings(self) -> None:
        """Forget what was met in passing, such as a locked database; met again, it is told again.

        For programs that answer for a long time; damaged segments stay told.
        """
        self._warnings.clear()

    @contextmanager
    def _reading(self, family: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._session(family=family) as (connection, _):
            yield connection

    @contextmanager
    def _reading_stored(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._session(hidden=True) as (connection, _):
            yield connection

    @contextmanager
    def _reading_all(self, hidden: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._session(hidden=hidden) as (connection, whole):
            if not whole:
                raise KnowledgeBaseError(
                    f"The knowledge base {self.path} is in use by another program; close that and "
                    "try again."
                )
            if self._journal.closed:
                raise KnowledgeBaseError(self._journal.closed)
            yield connection

    @contextmanager
    def _session(
        self,
        tables: Collection[str] = tuple(TABLES),
        family: str | None = None,
        hidden: bool = False,
    ) -> Iterator[tuple[duckdb.DuckDBPyConnection, bool]]:
        """Give a connection with a view per table over all layers, and whether it sees all.

        What is in quarantine is left out, unless it is said that what is `hidden` is read, too.
        Segments are read while the database is held, or before there is one. Then nobody can
        have folded and deleted a segment whose rows this reader does not see.
        """
        self._say_if_missing()
        pending = self._journal.load()
        with ExitStack() as stack:
            opened = self._opened(stack)
            if opened is not None:
                connection, stored = opened
                pending = self._journal.load()
            else:
                stack.enter_context(told(self.path, self._seed))
                connection, stored = stack.enter_context(in_memory(self.path, self._seed)), None
            notes, quarantine = self._notes.load(), None
            if not hidden:
                quarantine = in_force(curation_table(connection, stored, notes, "quarantine"))
            if quarantine is None or not quarantine.num_rows:
                make_views(connection, stored, pending.values(), self._seed, tables, family)
            else:  # Whether a row is hidden is told by other tables.
                every = tuple(TABLES)
                make_views(connection, stored, pending.values(), self._seed, every, family, ALL)
                log = curation_table(connection, stored, notes, "kb_log")
                connection.register("kb_log_rows", log)
                make_hidden(connection, quarantine, f"{ALL}studies")
                make_visible(connection, tuple(tables))
            yield connection, opened is not None or not self._exists()

    def _opened(
        self, stack: ExitStack
    ) -> tuple[duckdb.DuckDBPyConnection, Mapping[str, list[str]]] | None:
        """Open the database until the stack is closed; None if there is none, or it is in use."""
        if not self._exists():
            return None
        waited = time.monotonic() - self._locked_at < LOCKED_SECONDS
        patience = 0.0 if waited else READ_PATIENCE
        database = attached(self.path, True, patience, self._seed, self._foreign)
        try:
            opened = stack.enter_context(database)
        except DatabaseLocked:
            self._locked_at = time.monotonic()
            self._warnings.tell(
                f"The knowledge base {self.path} is in use by another program; its own trials "
                "were not seen."
            )
            return None
        self._locked_at = -LOCKED_SECONDS
        return opened

    def _say_if_missing(self) -> None:
        """Log once what a mistyped path would hide: that the user named what is not there."""
        if self._named and not self._exists() and not self._journal.path.exists():
            line = "There is no knowledge base at %s: it is new, and only what ships is known."
            LOG.warning(line, self.path, extra={MISSING: True})
        self._named = False

    def _exists(self) -> bool:
        try:
            return self.path.exists()
        except OSError as error:
            raise unusable(self.path, error) from error


def _real(path: Path) -> Path:
    """Return where a database lies: not a link to it, and wherever the process goes later.

    The journal lies beside the file, so that every name of the file must lead to the same one.
    """
    return Path(os.path.realpath(path) if path.is_symlink() else os.path.abspath(path))
