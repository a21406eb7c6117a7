"""Who keeps what is hidden of a knowledge base: its file, or the server that it is a copy of."""

import uuid
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from knowledge_base.contributions import LOG, TakenBack, criteria, log_row
from knowledge_base.errors import UserError
from knowledge_base.types import JsonObject

if TYPE_CHECKING:
    import duckdb


class Curator(ABC):
    """Hides, lifts, and says what was done; what is asked for has been looked at before."""

    @abstractmethod
    def hide(self, asked: TakenBack, reason: str) -> TakenBack:
        """Put what is asked for into quarantine, in force on return.

        Args:
            asked: the criteria, of which something holds.
            reason: why, for the log.

        Raises:
            KnowledgeBaseError: that is impossible; nothing was changed.
        """

    @abstractmethod
    def lift(self, asked: TakenBack, reason: str) -> TakenBack:
        """Lift the quarantines in force that name all of the criteria that are given.

        Args:
            asked: the criteria, of which something holds; a study may be named by its first
                characters.
            reason: why, for the log.

        Raises:
            UserError: there is none.
            KnowledgeBaseError: as for `hide`.
        """

    @abstractmethod
    def quarantines(self) -> pd.DataFrame:
        """Return all quarantines, in force or lifted, oldest first."""

    @abstractmethod
    def log(self) -> pd.DataFrame:
        """Return who changed what, newest first; see `TakingBack.log`."""

    @abstractmethod
    def check_drop(self) -> None:
        """Refuse to drop where nobody can.

        Raises:
            UserError: it is refused.
        """


class Store(Protocol):
    """The knowledge base that is curated, as far as a curator needs it."""

    @property
    def me(self) -> str:
        """The name under which the user contributes."""

    def try_fold(self, patience: float = 0.0) -> bool:
        """Move the journal into the database if that is possible."""

    def _note(self, quarantine: Sequence[JsonObject], log: Sequence[JsonObject]) -> None: ...

    def _resolved(self, asked: TakenBack) -> TakenBack: ...

    def _curated(
        self,
    ) -> "AbstractContextManager[tuple[duckdb.DuckDBPyConnection, bool]]": ...


class FileCurator(Curator):
    """Keeps it in notes beside the database, which whoever folds them moves into its tables."""

    def __init__(self, store: Store) -> None:
        self._store: Store = store

    def hide(self, asked: TakenBack, reason: str) -> TakenBack:
        """Note it, durably."""
        now, who = datetime.now(UTC), self._store.me
        row = {
            **criteria(asked), "id": uuid.uuid4().hex, "reason": reason or None,
            "quarantined_by": who, "quarantined_at": now, "lifted_at": None,
        }  # fmt: skip
        self._store._note([row], [log_row(asked, who, now, reason)])
        return replace(asked, stored=self._store.try_fold(1.0))

    def lift(self, asked: TakenBack, reason: str) -> TakenBack:
        """Note it, durably."""
        asked = self._store._resolved(asked)
        given = {name: value for name, value in criteria(asked).items() if value is not None}
        with self._store._curated() as (connection, whole):
            rows = connection.sql("SELECT * FROM quarantine_rows").to_arrow_table().to_pylist()
        found = [
            row
            for row in rows
            if row["lifted_at"] is None and all(row[name] == given[name] for name in given)
        ]
        if not found:
            why = "" if whole else " that can be seen while another program has the database"
            raise UserError(f"There is no such quarantine in force{why}; `quarantines` lists them.")
        now, who = datetime.now(UTC), self._store.me
        lifted = [{**row, "lifted_at": now} for row in found]
        self._store._note(lifted, [log_row(asked, who, now, reason)])
        return replace(asked, stored=self._store.try_fold(1.0))

    def quarantines(self) -> pd.DataFrame:
        """Return what the tables and the notes say."""
        with self._store._curated() as (connection, _):
            return connection.execute("SELECT * FROM quarantine_rows ORDER BY quarantined_at").df()

    def log(self) -> pd.DataFrame:
        """Return what the tables and the notes say."""
        with self._store._curated() as (connection, _):
            return connection.execute(LOG).df()

    def check_drop(self) -> None:
        """Refuse nothing: what is in the file can be dropped."""
        return
