"""Connections to a team's server, and what is said where there is none.

Two kinds of failure are told apart. What the user must put right (a password, a missing schema, a
package) is an error. That the server is not there is none: everything goes on with the local copy.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.server.address import Address

if TYPE_CHECKING:
    import psycopg

CONNECT_SECONDS = 3
"""Seconds that may pass before a server counts as not there."""

PASSING = ("starting up", "shutting down", "recovery mode", "too many", "connection slots",
           "terminating connection", "not yet accepting")  # fmt: skip
"""What a server says that refuses a login now, and will accept it later."""


LIVELINESS = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""How libpq notices a connection that is dead: seconds, times, milliseconds."""


class NotTaken(KnowledgeBaseError):
    """The server has no place for a row, whoever sends it."""


class NotReached(Exception):
    """The server is not there now, or was lost; never reaches the user as an error."""


def driver() -> ModuleType:
    """Import psycopg.

    Raises:
        KnowledgeBaseError: it is missing.
    """
    try:
        import psycopg
    except ImportError as error:
        raise missing("psycopg", error) from error
    return psycopg


def missing(package: str, error: ImportError) -> KnowledgeBaseError:
    """Return what to say where a package for the server cannot be imported."""
    return KnowledgeBaseError(
        f"A knowledge base on a server needs the package {package} ({error}): "
        "pip install 'advisor-automl[team]'."
    )


def connect(address: Address) -> "psycopg.Connection":
    """Log in.

    Raises:
        NotReached: nobody answers, or the server lets nobody in at the moment.
        KnowledgeBaseError: the server refuses this login, or psycopg is missing.
    """
    pg = driver()
    try:
        connection: psycopg.Connection = pg.connect(
            lively(address), application_name="advisor", autocommit=True
        )
        return connection
    except pg.ProgrammingError as error:
        raise KnowledgeBaseError(
            f"{address.shown} is no address that libpq understands: {address.hide(error)}."
        ) from None
    except (pg.Error, OSError) as error:
        raise _login(address, str(error)) from None


def lively(address: Address) -> str:
    """Return the address for libpq, so that it waits for no dead host or connection.

    What the user's own address says goes before.
    """
    given = dict(parse_qsl(urlsplit(address.url).query))
    more = {name: value for name, value in LIVELINESS.items() if name not in given}
    return address.url + ("&" if given else "?") + urlencode(more)


def _login(address: Address, text: str) -> Exception:
    lower, said = text.lower(), address.hide(text)
    if any(sign in lower for sign in PASSING):
        return NotReached(said)
    if "authentication failed" in lower or "no password supplied" in lower:
        return KnowledgeBaseError(
            f"{address.shown} refuses the login of '{address.user}': the password is missing or "
            "wrong. Set PGPASSWORD, or write it into ~/.pgpass."
        )
    if "fatal:" in lower or "certificate" in lower or "sslmode" in lower:
        return KnowledgeBaseError(f"{address.shown} cannot be used: {said}.")
    return NotReached(said)


@contextmanager
def faults(address: Address) -> Iterator[None]:
    """Turn what psycopg raises in the block into errors that speak to the user.

    Raises:
        NotReached: the connection was lost, or the server could not finish for now.
        KnowledgeBaseError: something is missing on the server, or not allowed to this login.
    """
    pg = driver()
    errors = pg.errors
    try:
        yield
    except (errors.UndefinedTable, errors.InvalidSchemaName, errors.UndefinedFunction):
        raise KnowledgeBaseError(
            f"{address.shown} holds no knowledge base yet; whoever owns the database makes one "
            f"with `advisor kb init-server {address.shown}`."
        ) from None
    except errors.InsufficientPrivilege as error:
        if "row-level security" in str(error):  # Another was first while this was on its way.
            raise NotTaken(f"{address.shown} does not take a row: {address.hide(error)}.") from None
        raise KnowledgeBaseError(
            f"'{address.user}' may not do this at {address.shown} ({address.hide(error)}); whoever "
            f"owns the database allows it with `advisor kb grant {address.shown} {address.user}`."
        ) from None
    except (pg.DataError, pg.IntegrityError, errors.ProgramLimitExceeded) as error:
        raise NotTaken(f"{address.shown} has no place for a row: {address.hide(error)}.") from None
    except (pg.OperationalError, pg.InterfaceError, OSError) as error:
        raise NotReached(address.hide(error)) from None
    except pg.Error as error:
        raise KnowledgeBaseError(
            f"{address.shown} cannot be used: {address.hide(error)}."
        ) from None


@contextmanager
def limited(connection: "psycopg.Connection", seconds: float) -> Iterator[None]:
    """Cut the connection where the block takes too long, as where a network swallows answers."""
    timer = threading.Timer(seconds, _cut, [connection])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _cut(connection: "psycopg.Connection") -> None:
    with suppress(Exception), socket.socket(fileno=os.dup(connection.fileno())) as same:
        same.shutdown(socket.SHUT_RDWR)
