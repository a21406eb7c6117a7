"""What curators tell a server, and what it says of them."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from knowledge_base.server.address import Address
from knowledge_base.server.connection import faults, limited
from knowledge_base.types import JsonObject

if TYPE_CHECKING:
    import psycopg

CURATE_SECONDS = 30.0
"""Seconds that the server may take to answer a curator."""

Server: TypeAlias = "tuple[psycopg.Connection, Address]"
Telling: TypeAlias = Callable[[], list[JsonObject]]


def hide(
    connection: "psycopg.Connection", there: Address, criteria: JsonObject, reason: str
) -> list[JsonObject]:
    """Put what all the criteria hold of into quarantine; return its row.

    Raises:
        NotReached: the server was lost.
        KnowledgeBaseError: this login is no curator.
    """
    return _rows(
        connection, there,
        "INSERT INTO advisor.quarantine (contributor, study_id, since, reason) "
        "VALUES (%(contributor)s, %(study_id)s, %(since)s, %(reason)s) RETURNING id::text",
        {**criteria, "reason": reason},
    )  # fmt: skip


def lift(
    connection: "psycopg.Connection", there: Address, criteria: JsonObject
) -> list[JsonObject]:
    """Lift the quarantines in force that name all the criteria; return their rows.

    Raises:
        NotReached, KnowledgeBaseError: as for `hide`.
    """
    return _rows(
        connection, there,
        "UPDATE advisor.quarantine SET lifted_at = now() WHERE lifted_at IS NULL "
        "AND (%(contributor)s::text IS NULL OR contributor = %(contributor)s) "
        "AND (%(study_id)s::text IS NULL OR starts_with(study_id, %(study_id)s)) "
        "AND (%(since)s::timestamptz IS NULL OR since = %(since)s) RETURNING id::text",
        criteria,
    )  # fmt: skip


def quarantines(connection: "psycopg.Connection", there: Address) -> list[JsonObject]:
    """Return all quarantines, oldest first.

    Raises:
        NotReached, KnowledgeBaseError: as for `hide`.
    """
    return _rows(
        connection, there,
        "SELECT id::text, contributor, study_id, since, reason, quarantined_by, quarantined_at, "
        "lifted_at FROM advisor.quarantine ORDER BY id", {},
    )  # fmt: skip


def log(connection: "psycopg.Connection", there: Address) -> list[JsonObject]:
    """Return what curators did, in the columns of a local log, newest first.

    Raises:
        NotReached, KnowledgeBaseError: as for `hide`.
    """
    rows = _rows(
        connection, there,
        "SELECT id::text, at AS logged_at, who, what AS action, detail FROM advisor.kb_log "
        "ORDER BY id DESC", {},
    )  # fmt: skip
    return [_told(row) for row in rows]


def _told(row: JsonObject) -> JsonObject:
    """Return a row of the log, whose detail is the quarantine that it is about."""
    try:
        about = json.loads(row["detail"])
    except (TypeError, ValueError):
        about = None
    about = about if isinstance(about, dict) else {}
    lifted = row["action"] != "quarantine" and about.get("lifted_at") is not None
    return {
        **row,
        "action": "lift" if lifted else row["action"],
        "contributor": about.get("contributor"),
        "study_id": about.get("study_id"),
        "trials": None,
        "detail": about.get("reason") if about else row["detail"],
    }


def _rows(
    connection: "psycopg.Connection", there: Address, sql: str, values: JsonObject
) -> list[JsonObject]:
    with faults(there), limited(connection, CURATE_SECONDS):
        cursor = connection.execute(sql.encode(), values)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
