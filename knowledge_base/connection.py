"""Opening DuckDB files: locks, retries, and errors that speak to the user.

DuckDB lets one process write or many read. Its own file lock is the only lock between
processes, since it goes with the process that held it; within a process one lock per file
keeps threads apart.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.schema import SCHEMA_VERSION

READ_PATIENCE = 20.0
"""Seconds that a reader waits for a writer; write transactions take some milliseconds."""

_thread_locks: dict[str, threading.RLock] = defaultdict(threading.RLock)
_guard = threading.Lock()


class DatabaseLocked(Exception):
    """Another process holds the database; whoever asked may try again later."""


@contextmanager
def attached(path: Path, read_only: bool, patience: float) -> Iterator[duckdb.DuckDBPyConnection]:
    """Attach the file as `db` to an in-memory connection, for the time of the block.

    Args:
        path: an existing knowledge base.
        read_only: share it with other readers, or have it alone.
        patience: seconds to wait for other processes.

    Raises:
        DatabaseLocked: it was not free in time.
        KnowledgeBaseError: it is not a knowledge base, damaged, or of a newer version.
    """
    with _guard:
        lock = _thread_locks[str(path.resolve())]
    with lock:
        connection = duckdb.connect()
        try:
            connection.execute("SET TimeZone = 'UTC'")
            _attach(connection, path, read_only, patience)
            check_version(connection, path)
            yield connection
        finally:
            connection.close()


def _attach(
    connection: duckdb.DuckDBPyConnection, path: Path, read_only: bool, patience: float
) -> None:
    options = " (READ_ONLY)" if read_only else ""
    name = str(path).replace("'", "''")
    deadline, pause = time.monotonic() + patience, 0.005
    while True:
        try:
            connection.execute(f"ATTACH '{name}' AS db{options}")
            return
        except duckdb.Error as error:
            if not _is_lock(error):
                raise unusable(path, error) from error
            if time.monotonic() >= deadline:
                raise DatabaseLocked(str(path)) from error
        time.sleep(pause)
        pause = min(2 * pause, 0.2)


def _is_lock(error: duckdb.Error) -> bool:
    text = str(error).lower()
    return "lock" in text and ("set lock" in text or "conflicting" in text)


def unusable(path: Path, error: Exception) -> KnowledgeBaseError:
    """Return an error that says in one line why a file cannot be used."""
    reason = str(error).splitlines()[0]
    if path.is_dir():
        return KnowledgeBaseError(f"{path} is a folder, not a knowledge base file.")
    if "permission" in reason.lower():
        return KnowledgeBaseError(f"There is no permission to open {path}.")
    if "not a valid" in reason.lower():
        return KnowledgeBaseError(f"{path} is not a knowledge base (not a DuckDB file).")
    return KnowledgeBaseError(
        f"The knowledge base {path} is damaged or cut short ({reason}). It was left as it is; "
        "restore it from a copy, or name another with --kb."
    )


def check_version(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Return the schema version of the attached file.

    Raises:
        KnowledgeBaseError: it is no knowledge base, or made by a newer version of Advisor.
    """
    try:
        rows = connection.execute("SELECT value FROM db.meta WHERE key = 'schema_version'").fetchall()
    except duckdb.CatalogException:
        raise KnowledgeBaseError(f"{path} is a DuckDB file, but not a knowledge base.") from None
    except duckdb.Error as error:
        raise unusable(path, error) from error
    version = int(rows[0][0]) if rows else 0
    if version > SCHEMA_VERSION:
        raise KnowledgeBaseError(
            f"The knowledge base {path} has version {version}, this Advisor reads up to "
            f"{SCHEMA_VERSION}; upgrade Advisor."
        )
    return version
