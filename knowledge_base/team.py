"""A team's knowledge base: what a server has, with a copy on this machine and an outbox.

The copy is an ordinary knowledge base, so that reading costs what it costs without a server. It is
brought up to date before it is read, by what came to the server since the last time. What is added
here goes into the copy and into the outbox, a journal of its own; what lies there is delivered at
once, or later where the server is not reached, and as often as that takes: its identities are
digests, so that the server stores it once.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import platformdirs
import pyarrow as pa

from knowledge_base.bundle import Bundle
from knowledge_base.contributions import TakenBack
from knowledge_base.durable import private_folder, write_json
from knowledge_base.errors import KnowledgeBaseError, UserError
from knowledge_base.importers.checks import with_trials
from knowledge_base.importers.screening import screened
from knowledge_base.journal import Journal
from knowledge_base.schema import TABLES
from knowledge_base.server import Address, Client, NotReached, is_address
from knowledge_base.store import KnowledgeBase
from knowledge_base.types import JsonObject
from knowledge_base.writing import AddReport

FRESH_SECONDS = 5.0
"""Seconds for which what was read of the server is taken for all that it has."""

AWAY_SECONDS = 30.0
"""Seconds after a server was not reached during which nobody tries again."""


def open_knowledge_base(
    given: str | Path | None = None, *, read_only: bool = False
) -> KnowledgeBase:
    """Return the knowledge base that a path, or the address of a team's server, names.

    Args:
        given: path of a file, or an address such as "postgresql://ann@db.example.org/team"; default
            ADVISOR_KB, or the file in the user's data directory.
        read_only: whether to refuse to add.

    Raises:
        UserError: the address cannot be read.
        KnowledgeBaseError: the path is a folder.
    """
    named = os.environ.get("ADVISOR_KB") if given is None else given
    if is_address(named):
        return TeamKnowledgeBase(str(named), read_only=read_only)
    return KnowledgeBase(None if given is None else Path(given).absolute(), read_only=read_only)


class TeamKnowledgeBase(KnowledgeBase):
    """A knowledge base on a team's server.

    >>> kb = TeamKnowledgeBase("postgresql://ann@db.example.org/team")
    >>> kb.tasks()

    Attributes:
        path: the copy on this machine.
        address: that of the server.
    """

    def __init__(self, address: str, *, seed: bool = True, read_only: bool = False) -> None:
        """Take the address; the server is asked when something is read or added.

        Args:
            address: that of the server, as libpq reads it; passwords are best left to PGPASSWORD or
                ~/.pgpass.
            seed: whether the shipped trials are there too.
            read_only: whether to refuse to add.

        Raises:
            UserError: the address cannot be read, or the user has no home directory.
        """
        self.address = Address(address)
        super().__init__(self.address.mirror, seed=seed, read_only=read_only)
        self._named = False  # That there is no copy yet is no mistake of the user's.
        self._client = Client(self.address)
        self._outbox = Journal(self.path.with_name("outbox"))
        self._state = self.path.with_name("server.json")
        self._again_at, self._busy = 0.0, False

    @property
    def name(self) -> str:
        """What names it on the command line; it holds no password."""
        return self.address.shown

    @property
    def me(self) -> str:
        """The name that the server knows the user by, and stores with what he adds."""
        return self.address.login

    @property
    def studies_root(self) -> Path:
        """Folder where studies are kept unless told otherwise: that of the user."""
        return Path(platformdirs.user_data_dir("advisor")) / "studies"

    @property
    def waiting(self) -> int:
        """How many trials wait to be delivered."""
        return sum(len(bundle) for bundle in self._outbox.load().values())

    def synchronise(self) -> None:
        """Deliver what waits, and take in what came to the server.

        Where the server is not reached, `warnings` says so.

        Raises:
            KnowledgeBaseError: the server refuses, or its schema is missing or too new.
        """
        if self._busy:
            return
        self._busy = True
        try:
            self._deliver()
            known = self._known()
            news = self._client.news(known)
            self._take_in(news.bundle)
            hidden = self._take_over(news.quarantine, known.get("hidden", {}))
            private_folder(self._state.parent)
            write_json(self._state, {**news.cursor, "hidden": hidden}, private=True)
            self._again_at = time.monotonic() + FRESH_SECONDS
        except NotReached as error:
            self._not_reached(error)
        finally:
            self._busy = False

    def append(self, bundle: Bundle) -> None:
        """Add a bundle without counting; durable on return, and delivered as soon as may be."""
        self._check_writable()
        own = self._own(bundle)
        self._outbox.append(own)
        super().append(own)
        self._try_delivering()

    def add(self, bundle: Bundle) -> AddReport:
        """Add a bundle and say how many of its trials were new; durable on return."""
        self._check_writable()
        own = self._own(bundle)
        new, _ = self.new(own)
        if any(new[table].num_rows for table in TABLES):
            self._outbox.append(own)
        report = super().add(own)
        self._try_delivering()
        return report

    def drop(
        self,
        study: str | None = None,
        since: str | datetime | None = None,
        *,
        everything: bool = False,
        dry_run: bool = False,
        reason: str = "",
    ) -> TakenBack:
        """Refuse: what a team has is not deleted by its members.

        Raises:
            UserError: always.
        """
        raise UserError(
            "What was delivered to a team's server stays there; ask a curator to put it into "
            "quarantine, which hides it from every answer."
        )

    def info(self) -> JsonObject:
        """Return where it is and what it holds, as plain types."""
        return {"server": self.name, **super().info(), "waiting": self.waiting}

    @contextmanager
    def _session(
        self, *args: object, **more: object
    ) -> Iterator[tuple[duckdb.DuckDBPyConnection, bool]]:
        if time.monotonic() >= self._again_at:
            self.synchronise()
        with super()._session(*args, **more) as opened:  # type: ignore[arg-type]
            yield opened

    def _note(self, quarantine: Sequence[JsonObject], log: Sequence[JsonObject]) -> None:
        """Store notes of a curator on the server, then here."""
        try:
            self._client.curate(quarantine, log)
        except NotReached as error:
            raise KnowledgeBaseError(
                f"Nothing was changed: {error}. What a team sees is only changed there."
            ) from error
        super()._note(quarantine, log)

    def _own(self, bundle: Bundle) -> Bundle:
        """Return a bundle whose studies are contributed under the name that the server knows."""
        studies = bundle["studies"]
        place = studies.schema.get_field_index("contributor")
        names = pa.array([self.me] * studies.num_rows, pa.string())
        renamed = studies.set_column(place, studies.schema.field(place), names)
        return Bundle({**{table: bundle[table] for table in TABLES}, "studies": renamed})

    def _try_delivering(self) -> None:
        """Deliver what waits unless the server was away; whatever happens, it is kept."""
        if self._busy or (self._again_at - time.monotonic() > FRESH_SECONDS):
            return
        try:
            self._deliver()
        except NotReached as error:
            self._not_reached(error)
        except UserError as error:
            self._warnings.tell(f"{error} What is added is kept here, and waits to be delivered.")

    def _deliver(self) -> None:
        segments = self._outbox.load()
        if not segments:
            return
        first, *others = segments.values()
        foreign = self._client.deliver(first.merge(*others))
        self._outbox.remove(segments)
        if foreign:
            self._warnings.tell(
                f"{len(foreign)} studies belong to other members there, so that the trials that "
                f"were added to them stay on this machine; the first is {foreign[0]}."
            )

    def _not_reached(self, error: NotReached) -> None:
        self._again_at = time.monotonic() + AWAY_SECONDS
        said = str(error)
        self._warnings.tell(
            f"{said[0].upper()}{said[1:]}: what is known of it here is used, and what is added is "
            "delivered later; `kb info` says how much waits."
        )

    def _known(self) -> Mapping[str, JsonObject]:
        """Return what was kept of the last answer; nothing where its trials are not here."""
        if self._exists() or self._journal.segments():
            with suppress(OSError, ValueError):
                found = json.loads(self._state.read_text(encoding="utf-8"))
                if isinstance(found, dict):
                    return found
        return {}

    def _take_in(self, bundle: Bundle) -> None:
        """Store trials of the server, as far as they can be stored."""
        kept, rejected, _ = screened(self, bundle)
        reasons = [rejection.reason for rejection in rejected]
        if len(kept):
            self._tell_whose(kept)
            try:
                KnowledgeBase.append(self, kept)
            except KnowledgeBaseError:  # One member's damage must not take all others' trials.
                reasons += self._take_in_by_study(kept)
            self.try_fold()
        if reasons:
            self._warnings.tell(
                f"{len(reasons)} trials or studies of {self.name} were left out; the first since "
                f"{reasons[0].rstrip('.')}."
            )

    def _take_in_by_study(self, bundle: Bundle) -> list[str]:
        reasons, studies = [], bundle["trials"]["study_id"].to_pylist()
        for study in dict.fromkeys(studies):
            try:
                KnowledgeBase.append(self, with_trials(bundle, [s == study for s in studies]))
            except KnowledgeBaseError as error:
                reasons.append(str(error))
        return reasons

    def _tell_whose(self, bundle: Bundle) -> None:
        """Log which studies are of others, who are believed less than the user himself."""
        trials = pd.Series(bundle["trials"]["study_id"].to_pylist()).value_counts()
        columns = (bundle["studies"][c].to_pylist() for c in ("study_id", "contributor"))
        others = {
            study: (name, int(trials.get(study, 0)))
            for study, name in zip(*columns, strict=True)
            if name != self.me
        }
        if others:
            self.tell_import(others)

    def _take_over(self, quarantine: pa.Table, known: Mapping[str, bool]) -> dict[str, bool]:
        """Hide what curators hide, show what they lifted; return which are in force by identity."""
        rows = quarantine.to_pylist()
        standing = {row["id"]: row["lifted_at"] is None for row in rows}
        changed = [row for row in rows if known.get(row["id"]) != standing[row["id"]]]
        if changed:
            self._notes.append(quarantine=changed)
            self.try_fold()
        return standing
