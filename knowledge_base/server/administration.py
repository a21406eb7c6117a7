"""Making the schema and the roles of a team's knowledge base, and bringing them up to date.

Versions only add. A migration names, with its number, the oldest client that may go on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from knowledge_base.errors import KnowledgeBaseError, UserError
from knowledge_base.schema import TABLES
from knowledge_base.server.address import Address, address
from knowledge_base.server.connection import NotReached, connect, driver, faults

if TYPE_CHECKING:
    import psycopg

MIGRATIONS = Path(__file__).parent / "migrations"

ROLES = Path(__file__).parent / "roles.sql"

SERVER_VERSION = 1
"""Version of the schema that this client writes to."""

OLDEST_CLIENT = {1: 1}
"""Oldest client that may go on with a version of the schema, by that version."""

OLDEST_SERVER = 130000
"""PostgreSQL 13 brought numbers of transactions that never come again."""

GROUPS = {"reader": "advisor_reader", "writer": "advisor_writer", "curator": "advisor_curator"}


def init_server(url: str) -> int:
    """Make the schema and the roles, or bring them up to date; safe to repeat.

    Args:
        url: address with the login that owns the database and may make roles.

    Returns:
        The version of the schema.

    Raises:
        KnowledgeBaseError: the server is not reached, too old, newer than this client, or does not
            allow it.
    """
    there = address(url)
    with _administrated(there) as connection:
        if connection.info.server_version < OLDEST_SERVER:
            raise KnowledgeBaseError(f"{there.shown} is older than PostgreSQL 13.")
        # Two administrators at once would make everything twice.
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('advisor'))")
        current = _version(connection)
        if current > SERVER_VERSION:
            raise KnowledgeBaseError(
                f"{there.shown} has version {current} of the schema, and this Advisor knows "
                f"{SERVER_VERSION}: upgrade Advisor."
            )
        for number, path in _files():
            if number > current:
                connection.execute(path.read_bytes())
                connection.execute(
                    "INSERT INTO advisor.schema_version (version, oldest_client) VALUES (%s, %s)",
                    [number, OLDEST_CLIENT[number]],
                )
        connection.execute(ROLES.read_bytes())
        _count_anew(connection)
    return SERVER_VERSION


def grant(url: str, user: str, role: str) -> None:
    """Make a login a reader, writer or curator.

    Raises:
        UserError: there is no such role or login.
        KnowledgeBaseError: the server is not reached, or does not allow it.
    """
    if role not in GROUPS:
        raise UserError(f"There is no role '{role}'; there are {', '.join(GROUPS)}.")
    there, sql = address(url), driver().sql
    with _administrated(there) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [user]).fetchone():
            raise UserError(
                f"{there.shown} knows no login '{user}'; make it with CREATE ROLE ... LOGIN."
            )
        if not connection.execute(
            "SELECT 1 FROM pg_roles WHERE rolname = %s", [GROUPS[role]]
        ).fetchone():
            raise KnowledgeBaseError(
                f"{there.shown} holds no knowledge base yet; make one with "
                f"`advisor kb init-server {there.shown}`."
            )
        connection.execute(
            sql.SQL("GRANT {} TO {}").format(sql.Identifier(GROUPS[role]), sql.Identifier(user))
        )


@contextmanager
def _administrated(there: Address) -> "Iterator[psycopg.Connection]":
    """Give one transaction of whoever owns the server."""
    try:
        with connect(there) as connection, faults(there), connection.transaction():
            yield connection
    except NotReached as error:
        raise KnowledgeBaseError(f"{there.shown} is not reached: {error}.") from None


def _version(connection: "psycopg.Connection") -> int:
    """Return the version of the schema, 0 where there is none."""
    row = connection.execute("SELECT to_regclass('advisor.schema_version')").fetchone()
    if row is None or row[0] is None:
        return 0
    found = connection.execute("SELECT max(version) FROM advisor.schema_version").fetchone()
    return int(found[0] or 0) if found else 0


def _files() -> list[tuple[int, Path]]:
    return sorted((int(path.name.split("_")[0]), path) for path in MIGRATIONS.glob("*.sql"))


def _count_anew(connection: "psycopg.Connection") -> None:
    """Number the rows of a restored copy as added now, and tell clients to read all of it again.

    A copy brings the numbers of another server's transactions. Those beyond this server's would
    be taken for new at every synchronisation.
    """
    newest = ", ".join(f"(SELECT max(added) FROM advisor.{table})" for table in TABLES)
    row = connection.execute(
        f"SELECT greatest({newest}, 0) > pg_current_xact_id()::text::bigint, "
        "(SELECT count(*) FROM advisor.meta WHERE key = 'instance')"
    ).fetchone()
    if row is not None and row[0]:
        for table in TABLES:
            connection.execute(f"UPDATE advisor.{table} SET added = DEFAULT")
    if row is not None and (row[0] or not row[1]):
        connection.execute("DELETE FROM advisor.meta WHERE key = 'instance'")
        connection.execute("INSERT INTO advisor.meta VALUES ('instance', %s)", [uuid4().hex])
