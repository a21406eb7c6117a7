"""One server as this process sees it: its connection, what was read, and the outbox.

The outbox is a journal of its own beside the local copy. What is added goes there first, durably,
and leaves it once the server has committed it: killed at any moment, nothing is lost, and what is
delivered again changes nothing.
"""

import os
import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from knowledge_base.bundle import Bundle
from knowledge_base.errors import LOG, KnowledgeBaseError, Warnings
from knowledge_base.journal import Journal
from knowledge_base.passing import passed_on
from knowledge_base.schema import TABLES
from knowledge_base.server import delivering, reading
from knowledge_base.server.address import Address
from knowledge_base.server.connection import NotReached, NotTaken, connect
from knowledge_base.server.state import Seen, keep, seen_in

if TYPE_CHECKING:
    import psycopg

AGAIN = 30.0
"""Seconds after a failure during which the server is not tried again."""

FRESH = 5.0
"""Seconds after a question during which the server is not asked again."""

TRIAL_SECONDS = 5.0
"""Seconds that the delivery of what has just been added may take, as after each trial."""

BULK_SECONDS = 600.0
"""Seconds that the delivery of many rows may take before the server counts as lost."""

AT_ONCE = 20_000
"""Rows of segments that go into one delivery; a larger segment is one by itself."""


class Team:
    """A server, and what this computer has for it and of it.

    Attributes:
        address: where it is.
        outbox: what was made here and is not known to be there.
        warnings: what was met, one line each.
    """

    def __init__(self, address: Address, folder: Path) -> None:
        """Take where everything lies; nothing is connected yet.

        Args:
            address: the server.
            folder: where the local copy lies.
        """
        self.address, self.folder = address, folder
        self.outbox = Journal(folder / "outbox")
        self.warnings = Warnings()
        self._lock = threading.RLock()
        self._connection: psycopg.Connection | None = None
        self._process = os.getpid()
        self._own: set[str] = set()
        self._failed_at = self._asked_at = -AGAIN

    def waiting(self) -> int:
        """Return the number of trials that wait for their delivery."""
        return sum(len(bundle) for bundle in self.outbox.load().values())

    def signed(self, bundle: Bundle) -> Bundle:
        """Return a bundle whose studies bear the login as their contributor, as on the server."""
        studies = bundle["studies"]
        place = studies.column_names.index("contributor")
        login = pa.array([self.address.user] * studies.num_rows, pa.string())
        tables = {table: bundle[table] for table in TABLES}
        tables["studies"] = studies.set_column(place, studies.schema.field(place), login)
        return Bundle(tables)

    @property
    def reached(self) -> bool:
        """Whether the server answered when it was last needed."""
        return self._connection is not None

    def due(self) -> bool:
        """Return whether the server should be asked again."""
        now = time.monotonic()
        return now - self._asked_at >= FRESH and now - self._failed_at >= AGAIN

    def news(self, empty: bool) -> reading.News | None:
        """Ask what is new; None where the server is not there, which is said once.

        Args:
            empty: whether there is no local copy, so that everything is new.

        Raises:
            KnowledgeBaseError: something is wrong that the user must put right.
        """
        with self._lock:
            try:
                seen = Seen() if empty else seen_in(self.folder)
                found = reading.ask(self.connected(), self.address, seen)
            except NotReached as error:
                self._lost(error)
                return None
            self._asked_at = time.monotonic()
            return found

    def fetched(self, tables: Sequence[str], since: int) -> Iterator[Bundle]:
        """Give the rows that were added since, in pieces.

        Raises:
            NotReached: the server was lost in between.
        """
        if tables:  # Connecting for Arrow costs ten times what the question did.
            yield from reading.fetch(self.address, tuple(tables), since)

    def hidden(self, among: Sequence[str] | None = None) -> dict[str, pa.Table]:
        """Return what a quarantine hides, as `reading.hidden` does.

        Args:
            among: identities of trials to look at, None for all.

        Raises:
            NotReached: the server was lost.
        """
        with self._lock:
            return reading.hidden(self.connected(), self.address, among)

    def saw(self, seen: Seen) -> None:
        """Write down what is here now."""
        keep(self.folder, seen)

    def deliver(self, patient: bool = False) -> bool:
        """Deliver the outbox as far as possible; what could not be delivered waits.

        Args:
            patient: whether to try although the server was lost just before.

        Returns:
            Whether nothing waits any more.
        """
        with self._lock:
            if not self.outbox.segments():
                return True
            if not patient and time.monotonic() - self._failed_at < AGAIN:
                self._say_waiting()
                return False
            try:
                for segments in self._parcels():
                    self._deliver(segments)
            except NotReached as error:
                self._lost(error)
                self._say_waiting()
                return False
            except KnowledgeBaseError as error:
                self._drop()
                self._failed_at = time.monotonic()
                self.warnings.tell(f"{error} {self.waiting()} trials wait in {self.outbox.path}.")
                return False
            return not self.outbox.segments()

    def __reduce__(self) -> tuple[type["Team"], tuple[Address, Path]]:
        """Travel to another process without the connection and without a password."""
        return Team, (replace(self.address, url=self.address.shown), self.folder)

    def __deepcopy__(self, _memo: object) -> "Team":
        """Return itself: a copy within the process shares the connection."""
        return self

    def lost(self, error: NotReached) -> None:
        """Say that the server was lost, and leave it alone for a while."""
        with self._lock:
            self._lost(error)

    def _deliver(self, segments: dict[str, Bundle]) -> None:
        """Deliver segments in one transaction, or one by one where one of them is refused."""
        first, *others = segments.values()
        # Paths and what may be data in the text of an error stay on this machine.
        passed = passed_on(first.merge(*others), contributor=self.address.user)
        for line in passed.left_out:
            self.warnings.tell(f"This stays on this computer: {line}")
        bundle = passed.bundle
        seconds = BULK_SECONDS if _rows(bundle) > 1000 else TRIAL_SECONDS
        try:
            owners = delivering.deliver(self.connected(), self.address, bundle, seconds, self._own)
        except NotTaken as error:
            for name, one in segments.items() if others else ():
                self._deliver({name: one})
            if not others:
                self.warnings.tell(f"{error} {len(bundle)} trials stay in {self.outbox.path}.")
            return
        self.outbox.remove(segments)
        self._say_whose(set(bundle["trials"]["trial_id"].to_pylist()) & set(owners), owners)

    def _say_whose(self, trials: set[str], owners: Mapping[str, str]) -> None:
        """Say which of the trials stay here alone, since they are of studies of others."""
        if not trials:
            return
        there = delivering.stored(self.connected(), self.address, trials)
        for owner in sorted({owners[trial] for trial in trials - there}):
            number = sum(owners[trial] == owner for trial in trials - there)
            self.warnings.tell(
                f"{number} trials are of studies of '{owner}' at {self.address.shown}, to which "
                "nobody else adds; they are kept in this computer's copy alone."
            )

    def _parcels(self) -> Iterator[dict[str, Bundle]]:
        """Give what goes into one delivery: segments by their names."""
        rows = 0

        def parcel(item: tuple[str, Bundle]) -> int:
            nonlocal rows
            rows += _rows(item[1])
            return rows // AT_ONCE

        for _, items in groupby(list(self.outbox.load().items()), key=parcel):
            yield dict(items)

    def connected(self) -> "psycopg.Connection":
        """Return the connection, made where there is none.

        Raises:
            NotReached: the server is not there.
            KnowledgeBaseError: it lets this login not in.
        """
        if self._process != os.getpid():  # A forked child must not use its parent's connection.
            self._connection, self._process = None, os.getpid()
        if self._connection is None or self._connection.closed or self._connection.broken:
            self._connection = connect(self.address)
            # A user need not close a knowledge base, and psycopg warns of what is left open.
            weakref.finalize(self, _hang_up, self._connection, self._process)
        return self._connection

    def _lost(self, error: NotReached) -> None:
        self._drop()
        self._failed_at = time.monotonic()
        waiting = self.waiting()
        rest = f"; {waiting} trials wait here for their delivery" if waiting else ""
        line = f"{self.address.shown} is not reached ({error}){rest}."
        if not any(told.startswith(f"{self.address.shown} is not") for told in self.warnings):
            self.warnings.append(line)
            LOG.warning(line)

    def _say_waiting(self) -> None:
        self.warnings.tell(
            f"What is added waits in {self.outbox.path} and is delivered when the server is there "
            "again; `advisor kb info` says how many trials wait."
        )

    def _drop(self) -> None:
        if self._connection is not None:
            _hang_up(self._connection, self._process)
        self._connection = None


def _hang_up(connection: "psycopg.Connection", process: int) -> None:
    """Close a connection, in the process that opened it: a forked child shares its socket."""
    if process == os.getpid():
        with suppress(Exception):
            connection.close()


def _rows(bundle: Bundle) -> int:
    return sum(int(bundle[table].num_rows) for table in TABLES)
