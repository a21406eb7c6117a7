"""Making a team's knowledge base on a server, and bringing an older one up to date."""

import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge_base.errors import UserError
from knowledge_base.schema import TABLES
from knowledge_base.server.address import Address
from knowledge_base.server.client import Client

if TYPE_CHECKING:
    import psycopg

MIGRATIONS = Path(__file__).parent / "migrations"

ROLES = ("reader", "writer", "curator")

_LOCK = 7_236_001
"""Number of the lock under which a schema is made, so that two do not do it at once."""


def init_server(address: Address) -> list[str]:
    """Make the schema and the roles on a server, or add what an older version lacks.

    All or nothing. It is also run after a back-up was put back: then all members read everything
    anew.

    Returns:
        The names of the migrations that were applied.

    Raises:
        NotReached: the server does not answer.
        KnowledgeBaseError: it refuses, for lack of rights to make a schema and roles for example.
    """
    with Client(address)._connected() as connection, connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        connection.execute("CREATE SCHEMA IF NOT EXISTS advisor")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS advisor.meta (key text PRIMARY KEY, value text NOT NULL)"
        )
        meta = dict(connection.execute("SELECT key, value FROM advisor.meta").fetchall())
        current = int(meta.get("schema_version", "0"))
        missing = [path for path in sorted(MIGRATIONS.glob("*.sql")) if _number(path) > current]
        for path in missing:
            connection.execute(path.read_text(encoding="utf-8").encode())
        connection.execute("GRANT SELECT ON advisor.meta TO advisor_reader")
        values = {
            "schema_version": str(max([current, *map(_number, missing)])),
            "readable_by": meta.get("readable_by", "1"),
            "mark": meta.get("mark", uuid.uuid4().hex),
        }
        if _was_put_back(connection):
            values["mark"] = uuid.uuid4().hex
        for key, value in values.items():
            connection.execute(
                "INSERT INTO advisor.meta VALUES (%s, %s) "
                "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                [key, value],
            )
    return [path.stem for path in missing]


def grant(address: Address, login: str, role: str) -> None:
    """Let a login of the server, which must be there, read, write or curate.

    Raises:
        UserError: there is no such role, or that is no name of a login.
        NotReached, KnowledgeBaseError: as for `init_server`.
    """
    if role not in ROLES:
        raise UserError(f"There is no role '{role}'; there are: {', '.join(ROLES)}.")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_$.@-]{0,62}", login):
        raise UserError(f"{login!r} is no name of a login.")
    with Client(address)._connected() as connection:
        connection.execute(f'GRANT advisor_{role} TO "{login}"'.encode())


def _was_put_back(connection: "psycopg.Connection") -> bool:
    """Return whether rows came with transactions that this server has yet to see.

    They keep the numbers of the server that the back-up was made of; here they get new ones.
    """
    later = [
        f"EXISTS (SELECT FROM advisor.{table} WHERE xid > pg_current_xact_id())" for table in TABLES
    ]
    ((ahead,),) = connection.execute(f"SELECT {' OR '.join(later)}".encode()).fetchall()
    if ahead:
        for table in TABLES:
            connection.execute(f"UPDATE advisor.{table} SET xid = pg_current_xact_id()".encode())
    return bool(ahead)


def _number(path: Path) -> int:
    return int(path.name.partition("_")[0])
