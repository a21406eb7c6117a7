"""Curating a team's knowledge base: what is hidden of it is said to the server, for everybody."""

from pathlib import Path
from typing import Protocol

import pandas as pd

from knowledge_base.contributions import TakenBack, criteria
from knowledge_base.curators import Curator, FileCurator, Store
from knowledge_base.errors import KnowledgeBaseError, UserError
from knowledge_base.schema import CURATION
from knowledge_base.server import curating
from knowledge_base.server.connection import NotReached
from knowledge_base.server.team import Team
from knowledge_base.types import JsonObject


class Copy(Store, Protocol):
    """The copy of a server, as far as its curator needs it."""

    @property
    def where(self) -> Path | str:
        """What opens it again."""

    def synchronise(self) -> bool:
        """Deliver what waits and fetch what is new, now."""


class ServerCurator(Curator):
    """Tells the server, which holds that only curators may, and brings the copy up to it."""

    def __init__(self, store: Copy, team: Team) -> None:
        self._store: Copy = store
        self._team: Team = team

    def hide(self, asked: TakenBack, reason: str) -> TakenBack:
        """Tell the server, for the whole team."""
        self._told(lambda: curating.hide(*self._server(), criteria(asked), reason))
        return asked

    def lift(self, asked: TakenBack, reason: str) -> TakenBack:
        """Tell the server, for the whole team."""
        # A study that is hidden is not in the copy: the server knows it by its first characters.
        if not self._told(lambda: curating.lift(*self._server(), criteria(asked))):
            raise UserError("There is no such quarantine in force; `quarantines` lists them.")
        return asked

    def quarantines(self) -> pd.DataFrame:
        """Return what the server says."""
        rows = self._told(lambda: curating.quarantines(*self._server()), changed=False)
        return pd.DataFrame(rows, columns=CURATION["quarantine"].names)

    def log(self) -> pd.DataFrame:
        """Return what this computer's copy knows, with what the server says of its curators."""
        own = FileCurator(self._store).log()
        rows = self._told(lambda: curating.log(*self._server()), changed=False)
        theirs = pd.DataFrame(rows, columns=own.columns)
        parts = [frame for frame in (own, theirs) if len(frame)]
        found = pd.concat(parts) if parts else own
        return found.sort_values("logged_at", ascending=False, ignore_index=True)

    def check_drop(self) -> None:
        """Refuse: a team's members delete nothing."""
        raise UserError(
            "What a team's server has stays there; ask a curator to put it into quarantine, "
            "which hides it from every answer."
        )

    def _server(self) -> curating.Server:
        return self._team.connected(), self._team.address

    def _told(self, tell: curating.Telling, changed: bool = True) -> list[JsonObject]:
        """Tell the server something, and bring the copy up to it.

        Raises:
            KnowledgeBaseError: it is not reached, or the user is no curator.
        """
        try:
            found = tell()
        except NotReached as error:
            self._team.lost(error)
            raise KnowledgeBaseError(
                f"{self._store.where} is not reached ({error}), and what a team sees is changed "
                "there: nothing was changed."
            ) from None
        if changed:
            self._store.synchronise()
        return found
