"""A knowledge base that is this computer's copy of a server, or a file like any other.

The copy is an ordinary knowledge base file with its journal. What the server has and the copy lacks
is added to it as if somebody had contributed it here; what is contributed here goes to the outbox
as well. So whoever reads or adds need not know of the server, and goes on without it.
"""

from abc import abstractmethod
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from knowledge_base.bundle import Bundle
from knowledge_base.connection import attached
from knowledge_base.curators import Curator
from knowledge_base.errors import DatabaseLocked
from knowledge_base.schema import TABLES
from knowledge_base.server.connection import NotReached
from knowledge_base.server.curated import ServerCurator
from knowledge_base.server.reading import PLAIN, ROWS, SAID
from knowledge_base.server.state import Seen, seen_in
from knowledge_base.server.team import Team
from knowledge_base.taking_back import TakingBack
from knowledge_base.verification import wrong_rows
from knowledge_base.writing import new_rows

PATIENCE = 2.0
"""Seconds that hiding what was quarantined waits for others to leave the copy alone."""


class Shared(TakingBack):
    """Keeps the copy and the server in step; does nothing where there is no server.

    Attributes:
        team: the server, None for a file like any other.
    """

    team: Team | None = None

    @abstractmethod
    def fold(self, patience: float = 0.0) -> bool:
        """Move the journal into the database, if it is free within `patience` seconds."""

    @abstractmethod
    def _fold_if_due(self, n_trials: int) -> None:
        """Fold where `n_trials` more, and what waits already, are worth it."""

    @property
    def _curator(self) -> Curator:
        """Who keeps what is hidden: the server, or this file where there is none."""
        return super()._curator if self.team is None else ServerCurator(self, self.team)

    @property
    def me(self) -> str:
        """The name under which the user contributes: the login, where there is a server."""
        return super().me if self.team is None else self.team.address.user

    @property
    def where(self) -> Path | str:
        """What opens this knowledge base again: the file, or the address without a password."""
        return self.path if self.team is None else self.team.address.shown

    @property
    def warnings(self) -> list[str]:
        """What was met and left out so far, one line each."""
        lines = super().warnings
        return lines if self.team is None else [*lines, *self.team.warnings]

    def curves(self, trial: str | None = None, study: str | None = None) -> pd.DataFrame:
        """Return learning curves, which are fetched now where there is a server."""
        self._refresh(curves=True)
        return super().curves(trial, study)

    def trained_curves(
        self, family: str | None = None, tasks: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Return the curves of whole trainings, which are fetched now where there is a server."""
        self._refresh(curves=True)
        return super().trained_curves(family, tasks)

    def stopped_outcomes(
        self,
        family: str | None = None,
        tasks: Sequence[str] | None = None,
        shares: Mapping[str, float] | None = None,
    ) -> pd.DataFrame:
        """Return stopped trials with curves, which are fetched now where there is a server."""
        self._refresh(curves=True)
        return super().stopped_outcomes(family, tasks, shares)

    def bundle(self, layers: Sequence[str] = ("user", "seed")) -> Bundle:
        """Return the rows of `layers`, with the learning curves of the server if there is one."""
        self._refresh(curves=True)
        return super().bundle(layers)

    def query(self, sql: str, values: Sequence[object] = ()) -> pd.DataFrame:
        """Run a reading SQL query over all layers; curves are fetched if it names them."""
        self._refresh(curves="curves" in sql.lower())
        return super().query(sql, values)

    def synchronise(self) -> bool:
        """Deliver what waits and fetch what is new, now.

        Returns:
            Whether the server was reached and nothing waits any more.

        Raises:
            KnowledgeBaseError: something is wrong that the user must put right.
        """
        if self.team is None:
            return True
        delivered = self.team.deliver(patient=True)
        if delivered:
            self._fetch(curves=False)
        return delivered and self.team.reached

    @contextmanager
    def _session(
        self,
        tables: Collection[str] = tuple(TABLES),
        family: str | None = None,
        hidden: bool = False,
    ) -> Iterator[tuple[duckdb.DuckDBPyConnection, bool]]:
        self._refresh()
        with super()._session(tables, family, hidden) as found:
            yield found

    def _keep(self, bundle: Bundle, given: Bundle | None = None) -> None:
        """Store a bundle; durable on return, and delivered if the server is there.

        Args:
            bundle: the rows.
            given: what they were among, if some were left out as known here. What this login says
                of data sets is delivered in any case: who said the same first may be hidden later.
        """
        if self.team is None:
            self._journal.append(bundle)
            return
        said = {table: given[table] for table in SAID} if given is not None else {}
        bundle = self.team.signed(Bundle({**{name: bundle[name] for name in TABLES}, **said}))
        # The outbox first: what is here and was never to be delivered would be lost to the team.
        self._journal.append(bundle, same=self.team.outbox.append(bundle))
        if self.team.deliver() and seen_in(self.team.folder).quarantine:
            self._hide(bundle["trials"]["trial_id"].to_pylist())

    def _refresh(self, curves: bool = False) -> None:
        team = self.team
        if team is None:
            return
        if team.due():
            team.deliver()
        seen = seen_in(team.folder)
        if team.due() or (curves and seen.curves < seen.horizon and team.reached):
            self._fetch(curves)

    def _fetch(self, curves: bool) -> None:
        """Fetch what is new; what was fetched before the server was lost is kept."""
        assert self.team is not None
        news = self.team.news(empty=not self._exists() and not self._journal.segments())
        if news is None:
            return
        try:
            # First, since what others say instead of it is among what comes now.
            hid = not (news.whole and news.quarantined) or self._hide()
            done = self._add(self.team.fetched([t for t in news.tables if t in PLAIN], news.since))
            seen = news.seen
            if curves:
                done += self._add(self.team.fetched(["curves"], seen.curves))
                seen = replace(seen, curves=seen.horizon)
            if not hid:
                seen = replace(seen, quarantine=Seen.quarantine)
        except NotReached as error:
            self.team.lost(error)
            return
        if news.tables or curves:  # Where nothing was new, what was seen holds as it is.
            self.team.saw(seen)
        if done:
            self._fold_if_due(done)

    def _add(self, pieces: Iterable[Bundle]) -> int:
        """Add what the copy lacks of the server's rows; return how many trials and rows."""
        added = 0
        for bundle in _merged(pieces):
            bundle = self._usable(bundle)
            given = [table for table in TABLES if bundle[table].num_rows]
            with super()._session({*given, "trials"}) as (connection, _):
                new = _with_trials(connection, new_rows(connection, bundle))
            if any(new[table].num_rows for table in TABLES):
                self._tell_whose(new)
                self._journal.append(new)
                rows = sum(new[table].num_rows for table in TABLES)
                if rows >= ROWS // 2:  # Whoever reads a journal has all of it in memory.
                    self._fold_if_due(rows)
                added += rows
        return added

    def _tell_whose(self, bundle: Bundle) -> None:
        """Log the studies of others, who are believed less than the user himself."""
        counts = Counter(bundle["trials"]["study_id"].to_pylist())
        columns = [bundle["studies"][name].to_pylist() for name in ("study_id", "contributor")]
        whose = zip(*columns, strict=True)
        others = {study: (name, counts[study]) for study, name in whose if name != self.me}
        if others:
            self.tell_import(others)

    def _usable(self, bundle: Bundle) -> Bundle:
        """Return the rows that can be stored; what others wrote is looked at first."""
        tables = {}
        for table in TABLES:
            reasons = wrong_rows(bundle, table) if bundle[table].num_rows else []
            wrong = [reason for reason in reasons if reason]
            tables[table] = bundle[table]
            if wrong:
                assert self.team is not None
                self.team.warnings.tell(
                    f"{len(wrong)} rows of '{table}' of {self.where} are left out: {wrong[0]}."
                )
                tables[table] = bundle[table].filter(pa.array([not each for each in reasons]))
        return Bundle(tables)

    def _hide(self, among: Sequence[str] | None = None) -> bool:
        """Take out of the copy what the server's curators hide; the server keeps it.

        Args:
            among: identities of trials to look at, None for all that are hidden.

        Returns:
            Whether that was possible: nobody else held the copy.
        """
        assert self.team is not None
        try:
            hidden = self.team.hidden(among)
        except NotReached as error:
            self.team.lost(error)
            return False
        if not any(rows.num_rows for rows in hidden.values()):
            return True
        if not self._exists() and not self._journal.segments():
            return True
        if not self.fold(PATIENCE):
            return False
        try:
            with attached(self.path, False, PATIENCE, self._seed) as (connection, _):
                for table, rows in hidden.items():
                    connection.register("hidden", rows)
                    for each in (table, "curves") if table == "trials" else (table,):
                        same = " AND ".join(
                            f"t.{name} IS NOT DISTINCT FROM hidden.{name}"
                            for name in rows.column_names
                        )
                        connection.execute(f"DELETE FROM db.{each} t USING hidden WHERE {same}")
                    connection.unregister("hidden")
                connection.execute("CHECKPOINT db")
        except DatabaseLocked:
            return False
        return True


def _with_trials(connection: duckdb.DuckDBPyConnection, bundle: Bundle) -> Bundle:
    """Return a bundle of curves with the trials that they are of, which no segment may lack."""
    if not bundle["curves"].num_rows or bundle["trials"].num_rows:
        return bundle
    connection.register("incoming", bundle["curves"])
    owners = connection.sql(
        "SELECT * EXCLUDE (layer) FROM trials WHERE layer = 'user' "
        "AND trial_id IN (SELECT trial_id FROM incoming)"
    ).to_arrow_table()
    owned = connection.sql(
        "FROM incoming SEMI JOIN (FROM trials WHERE layer = 'user') USING (trial_id)"
    ).to_arrow_table()
    connection.unregister("incoming")
    return Bundle.from_tables({"curves": owned, "trials": owners})


def _merged(pieces: Iterable[Bundle]) -> Iterator[Bundle]:
    """Put small pieces together, so that a few new rows are one segment."""
    waiting: list[Bundle] = []
    rows = 0
    for piece in pieces:
        waiting.append(piece)
        rows += sum(piece[table].num_rows for table in TABLES)
        if rows >= ROWS:
            yield waiting[0].merge(*waiting[1:])
            waiting, rows = [], 0
    if waiting:
        yield waiting[0].merge(*waiting[1:])
