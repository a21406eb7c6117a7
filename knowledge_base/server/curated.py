"""Curating a team's knowledge base: what is hidden of it is said to the server, for everybody."""

from datetime import datetime

import pandas as pd

from knowledge_base.contributions import TakenBack, criteria
from knowledge_base.curation import moment
from knowledge_base.errors import KnowledgeBaseError, UserError
from knowledge_base.schema import CURATION
from knowledge_base.server import curating
from knowledge_base.server.connection import NotReached
from knowledge_base.server.shared import Shared
from knowledge_base.types import JsonObject


class Curated(Shared):
    """Quarantine, lift, drop and log, on the server where there is one."""

    @property
    def me(self) -> str:
        """The name under which the user contributes: the login, where there is a server."""
        return super().me if self.team is None else self.team.address.user

    def quarantine(
        self,
        contributor: str | None = None,
        study: str | None = None,
        since: str | datetime | None = None,
        *,
        reason: str = "",
    ) -> TakenBack:
        """Hide trials from every answer; see `TakingBack.quarantine`.

        On a server it needs the role of a curator, and holds for the whole team.
        """
        if self.team is None:
            return super().quarantine(contributor, study, since, reason=reason)
        self._check_writable()
        asked = self._asked("quarantine", contributor, study, since)
        if asked.studies == 0:
            raise UserError(self._nothing(asked))
        self._told(lambda: curating.hide(*self._server(), criteria(asked), reason))
        return asked

    def lift(
        self,
        contributor: str | None = None,
        study: str | None = None,
        since: str | datetime | None = None,
        *,
        reason: str = "",
    ) -> TakenBack:
        """Lift the quarantines that name all of these criteria; see `TakingBack.lift`."""
        if self.team is None:
            return super().lift(contributor, study, since, reason=reason)
        self._check_writable()
        if contributor is None and study is None and since is None:
            raise UserError("Say what: `contributor`, `study` or `since`.")
        # A study that is hidden is not in the copy: the server knows it by its first characters.
        asked = TakenBack("lift", contributor, study, moment(since), None, None)
        if not self._told(lambda: curating.lift(*self._server(), criteria(asked))):
            raise UserError("There is no such quarantine in force; `quarantines` lists them.")
        return asked

    def quarantines(self) -> pd.DataFrame:
        """Return all quarantines, in force or lifted, oldest first."""
        if self.team is None:
            return super().quarantines()
        rows = self._told(lambda: curating.quarantines(*self._server()), changed=False)
        return pd.DataFrame(rows, columns=CURATION["quarantine"].names)

    def log(self) -> pd.DataFrame:
        """Return who changed what, newest first, with what the server says of its curators."""
        own = super().log()
        if self.team is None:
            return own
        rows = self._told(lambda: curating.log(*self._server()), changed=False)
        theirs = pd.DataFrame(rows, columns=own.columns)
        parts = [frame for frame in (own, theirs) if len(frame)]
        found = pd.concat(parts) if parts else own
        return found.sort_values("logged_at", ascending=False, ignore_index=True)

    def drop(
        self,
        study: str | None = None,
        since: str | datetime | None = None,
        *,
        everything: bool = False,
        dry_run: bool = False,
        reason: str = "",
    ) -> TakenBack:
        """Delete trials that the user contributed himself; see `TakingBack.drop`.

        Raises:
            UserError: as there; or they are a team's, whose members delete nothing.
        """
        if self.team is not None:
            raise UserError(
                "What a team's server has stays there; ask a curator to put it into quarantine, "
                "which hides it from every answer."
            )
        return super().drop(study, since, everything=everything, dry_run=dry_run, reason=reason)

    def _server(self) -> curating.Server:
        assert self.team is not None
        return self.team.connected(), self.team.address

    def _told(self, tell: curating.Telling, changed: bool = True) -> list[JsonObject]:
        """Tell the server something, and bring the copy up to it.

        Raises:
            KnowledgeBaseError: it is not reached, or the user is no curator.
        """
        assert self.team is not None
        try:
            found = tell()
        except NotReached as error:
            self.team.lost(error)
            raise KnowledgeBaseError(
                f"{self.where} is not reached ({error}), and what a team sees is changed there: "
                "nothing was changed."
            ) from None
        if changed:
            self.synchronise()
        return found
