"""Taking back: who contributed what, what is hidden of it, what was dropped, and the log of that.

What is in quarantine is hidden from every answer, kept, and comes back when the quarantine is
lifted. What is dropped is gone. Neither makes a secret unsaid: who has a copy keeps it, and the
bytes of dropped rows stay in the file until DuckDB uses their place again.
"""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import duckdb
import pandas as pd
import pyarrow as pa

from knowledge_base.connection import attached
from knowledge_base.contributions import (
    CONTRIBUTORS,
    EPOCH,
    IMPORTED,
    TakenBack,
    criteria,
    import_row,
    log_row,
    log_table,
)
from knowledge_base.curation import moment
from knowledge_base.curators import Curator, FileCurator
from knowledge_base.dropping import drop_studies
from knowledge_base.errors import DatabaseLocked, KnowledgeBaseError, UserError
from knowledge_base.hiding import curation_table, in_force, insert_notes, make_hidden
from knowledge_base.layers import make_views
from knowledge_base.listing import resolve
from knowledge_base.migration import migrate
from knowledge_base.naming import did_you_mean
from knowledge_base.schema import CURATION, STORED
from knowledge_base.sessions import Sessions
from knowledge_base.types import JsonObject
from knowledge_base.writing import insert

DROP_PATIENCE = 5.0
"""Seconds that dropping waits for the database."""


class TakingBack(Sessions):
    """Quarantine, lift, drop and log of a knowledge base."""

    @property
    def _curator(self) -> Curator:
        """Who keeps what is hidden: this file, unless there is a server."""
        return FileCurator(self)

    @abstractmethod
    def _check_writable(self) -> None:
        """Refuse what was opened to read only."""

    @abstractmethod
    def fold(self, patience: float = 0.0) -> bool:
        """Move the journal into the database, if it is free within `patience` seconds."""

    @abstractmethod
    def try_fold(self, patience: float = 0.0) -> bool:
        """Move the journal into the database if that is possible; `warnings` says why not."""

    def contributors(self) -> pd.DataFrame:
        """Return who contributed: one row for each name and layer, the user's own layer last.

        Returns:
            name ("" for studies without one), layer, trials, tasks, studies, first and last (when
            studies began), and whether it is `quarantined` ("no", "partly" or "yes").
        """
        with self._curated() as (connection, _):
            return connection.execute(CONTRIBUTORS).df()

    def log(self) -> pd.DataFrame:
        """Return who changed what, newest first.

        Contributions of one's own searches and files are told by their studies, at the time
        when these began; what was dropped, by the log alone.

        Returns:
            id, logged_at, who, action ("contribution", "import", "quarantine", "lift", "drop"), the
            contributor and study_id that it was about, trials, and detail.
        """
        return self._curator.log()

    def imported_studies(self) -> set[str]:
        """Return the studies that came with somebody else's file, whoever it says made them."""
        with self._curated() as (connection, _):
            rows = connection.execute(IMPORTED).fetchall()
        return {study_id for (study_id,) in rows}

    def quarantines(self) -> pd.DataFrame:
        """Return all quarantines, in force or lifted, oldest first."""
        return self._curator.quarantines()

    def quarantine(
        self,
        contributor: str | None = None,
        study: str | None = None,
        since: str | datetime | None = None,
        *,
        reason: str = "",
    ) -> TakenBack:
        """Hide trials from every answer; they are kept, and `lift` brings them back.

        Hidden is what all of the criteria hold of that are given. The shipped trials never are.
        It is in force on return, also while another program has the database. On a team's server it
        needs the role of a curator, and holds for the whole team.

        Args:
            contributor: name of whoever contributed them.
            study: identity of their study, or its first characters.
            since: what was contributed at that time or later, in UTC; studies say when they
                began, and for imported ones the time of the import counts, too.
            reason: why, for the log.

        Raises:
            UserError: no criterion is given, or nothing is like it.
            KnowledgeBaseError: the knowledge base was opened to read only, or cannot be written; or
                its server is not reached, or the user is no curator there.
        """
        self._check_writable()
        asked = self._resolved(_asked("quarantine", contributor, study, since))
        if asked.studies == 0:
            raise UserError(self._nothing(asked))
        return self._curator.hide(asked, reason)

    def lift(
        self,
        contributor: str | None = None,
        study: str | None = None,
        since: str | datetime | None = None,
        *,
        reason: str = "",
    ) -> TakenBack:
        """Lift the quarantines that name all of these criteria, whatever else they name.

        Args:
            contributor, study, since, reason: as for `quarantine`.

        Raises:
            UserError: no criterion is given, or no quarantine in force is like it.
            KnowledgeBaseError: as for `quarantine`.
        """
        self._check_writable()
        return self._curator.lift(_asked("lift", contributor, study, since), reason)

    def drop(
        self,
        study: str | None = None,
        since: str | datetime | None = None,
        *,
        everything: bool = False,
        dry_run: bool = False,
        reason: str = "",
    ) -> TakenBack:
        """Delete trials that the user contributed himself, from the database and the journal.

        What somebody else contributed can be put into quarantine. The folders of studies stay:
        resuming one contributes what it tries from then on.

        Args:
            study, since, reason: as for `quarantine`.
            everything: whether to drop all that the user contributed, without a criterion.
            dry_run: only say how much it would be.

        Raises:
            UserError: nothing is given, nothing is like it, or it is somebody else's; or it is a
                team's, whose members delete nothing.
            KnowledgeBaseError: the database is in use, or as for `quarantine`; nothing was
                dropped.
        """
        self._curator.check_drop()
        self._check_writable()
        if not (study or since or everything):
            raise UserError("Say what to drop: `study`, `since`, or `everything` of your own.")
        asked = self._resolved(_asked("drop", self.me, study, since))
        if asked.studies == 0:
            raise UserError(self._nothing(asked))
        if dry_run:
            return asked
        if not self.fold(DROP_PATIENCE):
            raise self._in_use()
        try:
            with attached(self.path, False, DROP_PATIENCE, self._seed) as (connection, _):
                self._fold_into(connection)  # What came meanwhile must not come back.
                stored = {table: schema.names for table, schema in STORED.items()}
                make_views(connection, stored, (), None)
                notes = {table: schema.empty_table() for table, schema in CURATION.items()}
                connection.register(
                    "kb_log_rows", curation_table(connection, stored, notes, "kb_log")
                )
                found = self._hidden(connection, asked)
                log = [log_row(found, self.me, datetime.now(UTC), reason)]
                studies = connection.execute("SELECT study_id FROM hidden").fetchall()
                drop_studies(connection, [study_id for (study_id,) in studies], log_table(log))
        except DatabaseLocked:
            raise self._in_use() from None
        return found

    def _note(self, quarantine: Sequence[JsonObject], log: Sequence[JsonObject]) -> None:
        """Store what a curator decided; durable on return."""
        self._notes.append(quarantine=quarantine, kb_log=log)

    def tell_import(self, studies: dict[str, tuple[str | None, int]]) -> None:
        """Log that studies came with somebody else's file.

        Args:
            studies: name of the contributor, as the file says it, and number of trials, by study.

        Raises:
            KnowledgeBaseError: the notes cannot be written.
        """
        now, who = datetime.now(UTC), self.me
        rows = [import_row(who, now, name, study, n) for study, (name, n) in studies.items()]
        self._notes.append(kb_log=rows)

    def _fold_into(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Move the journal and the notes into the attached database `db`, which is brought up."""
        migrate(connection)
        segments, noted = self._journal.load(), self._notes.new()
        insert(connection, segments.values())
        standing = insert_notes(connection, self._notes.load(noted))
        connection.execute("CHECKPOINT db")
        self._journal.set_aside_damaged()
        self._journal.remove(segments)
        self._notes.settle(noted, standing)

    @contextmanager
    def _curated(self) -> Iterator[tuple[duckdb.DuckDBPyConnection, bool]]:
        """Give a connection that sees everything, with the tables of curation, and if it is all.

        It has `quarantine_rows`, `kb_log_rows`, and `hidden`, the studies in quarantine.
        """
        with self._session(hidden=True) as (connection, whole):
            notes = self._notes.load()
            stored = None
            if whole and self._exists():
                names = connection.execute(
                    "SELECT table_name FROM duckdb_tables() WHERE database_name = 'db'"
                ).fetchall()
                stored = {name: CURATION[name].names for (name,) in names if name in CURATION}
            for name in CURATION:
                connection.register(f"{name}_rows", curation_table(connection, stored, notes, name))
            rows = connection.sql("SELECT * FROM quarantine_rows").to_arrow_table()
            make_hidden(connection, in_force(rows), "studies")
            yield connection, whole

    def _resolved(self, asked: TakenBack) -> TakenBack:
        """Return what is asked for with the whole identity of its study, and how much it is about.

        Raises:
            UserError: there is no such study.
            DatabaseLocked: a study is named, and the database is in use.
        """
        with self._curated() as (connection, whole):
            if asked.study_id is not None and not whole:
                raise self._in_use()
            study_id = resolve(connection, "studies", "study_id", asked.study_id)
            asked = replace(asked, study_id=study_id)
            return self._hidden(connection, asked) if whole else asked

    def _hidden(self, connection: duckdb.DuckDBPyConnection, asked: TakenBack) -> TakenBack:
        """Return how much of the user's own layer is asked for, and make `hidden` of it."""
        row = {**criteria(asked), "id": "", "quarantined_by": "", "quarantined_at": EPOCH}
        only = pa.Table.from_pylist([row], schema=CURATION["quarantine"])
        make_hidden(connection, only, "studies")
        ((studies, trials),) = connection.execute(
            "SELECT (SELECT count(*) FROM hidden), (SELECT count(*) FROM trials WHERE "
            "layer = 'user' AND study_id IN (SELECT study_id FROM hidden))"
        ).fetchall()
        return replace(asked, studies=studies, trials=trials)

    def _nothing(self, asked: TakenBack) -> str:
        """Return why nothing is like what is asked for."""
        known = self.contributors()
        own = known[known["layer"] == "user"]["name"].tolist()
        if asked.study_id is not None:
            whose = self.query("SELECT contributor, layer FROM studies WHERE study_id = ?",
                               [asked.study_id])  # fmt: skip
            if (whose["layer"] == "seed").any():
                return f"The study {asked.study_id} ships with the package, and is as it is."
            names = ", ".join(repr(name) for name in whose["contributor"])
            return f"The study {asked.study_id} is of {names}, not of {asked.contributor!r}."
        if asked.contributor is not None and asked.contributor not in own:
            meant = did_you_mean(asked.contributor, own, "`contributors` lists them all.")
            return f"Nothing stored is of the contributor {asked.contributor!r}. {meant}"
        return f"Nothing was contributed since {asked.since}."

    def _in_use(self) -> KnowledgeBaseError:
        return KnowledgeBaseError(
            f"The knowledge base {self.path} is in use by another program; nothing was changed. "
            "Close that and try again."
        )


def _asked(
    action: str, contributor: str | None, study: str | None, since: str | datetime | None
) -> TakenBack:
    """Return what is asked for, as it was said.

    Raises:
        UserError: no criterion is given, or `since` is no time.
    """
    if contributor is None and study is None and since is None:
        raise UserError("Say what: `contributor`, `study` or `since`.")
    return TakenBack(action, contributor, study, moment(since), None, None)
