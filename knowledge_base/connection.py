"""Opening DuckDB files: locks, retries, and errors that speak to the user.

DuckDB lets one process write or many read. Its own file lock is the only lock between
processes, because it is released with the process that held it, however that ends. Within a
process one lock per file keeps threads apart. Making a DuckDB instance costs some ten
milliseconds and attaching a file to it one more, so instances are kept for the life of the
process.
"""

import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from knowledge_base.errors import DatabaseLocked, KnowledgeBaseError
from knowledge_base.schema import SCHEMA_VERSION

READ_PATIENCE = 20.0
"""Seconds that a reader waits for a writer; write transactions take some milliseconds."""

STORAGE_VERSION = "v1.2.0"
"""DuckDB's file format for new databases, so that 1.5 and 2.0 read each other's files."""

_MAX_PAUSE = 0.02

_FAULTS = (
    duckdb.IOException,
    duckdb.InternalException,
    duckdb.FatalException,
    duckdb.SerializationException,
    duckdb.InvalidInputException,
)


class _ProcessState:
    """Locks by file, and idle instances, of this process."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.locks: dict[str, threading.RLock] = defaultdict(threading.RLock)
        self.idle: list[duckdb.DuckDBPyConnection] = []


_state = _ProcessState()
_inherited: list[_ProcessState] = []


def _after_fork() -> None:
    """Start afresh in a forked child, where the instances of its parent have no threads.

    Those instances are kept, because destroying them would wait for their threads.
    """
    global _state
    _inherited.append(_state)
    _state = _ProcessState()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@contextmanager
def in_memory() -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a DuckDB connection without a file; what it makes is gone after the block."""
    state = _state
    with state.guard:
        instance = state.idle.pop() if state.idle else None
    if instance is None:
        # DuckDB must never fetch extensions: a file of another kind must not cause a download.
        instance = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    try:
        connection = instance.cursor()
        try:
            connection.execute("SET TimeZone = 'UTC'")
            yield connection
        finally:
            connection.close()
    except BaseException:
        instance.close()  # It may still have a file attached.
        raise
    with state.guard:
        state.idle.append(instance)


@contextmanager
def attached(
    path: Path, read_only: bool, patience: float
) -> Iterator[tuple[duckdb.DuckDBPyConnection, int]]:
    """Attach the file as `db` for the time of the block; give a connection and its version.

    Args:
        path: an existing knowledge base.
        read_only: share it with other readers, or have it alone.
        patience: seconds to wait for other processes.

    Raises:
        DatabaseLocked: it was not free in time.
        KnowledgeBaseError: it is not a knowledge base, damaged, or of a newer version.
    """
    with _state.guard:
        lock = _state.locks[str(path.resolve())]
    with lock, in_memory() as connection:
        _attach(connection, path, read_only, patience)
        try:
            yield connection, check_version(connection, path)
        except _FAULTS as error:
            raise unusable(path, error) from error
        except duckdb.Error as error:
            if type(error) is duckdb.Error:  # DuckDB 2.0 reports a wrong checksum like this.
                raise unusable(path, error) from error
            raise
        connection.execute("DETACH db")


def quoted(path: Path) -> str:
    """Return a path as an SQL text."""
    return "'" + str(path).replace("'", "''") + "'"


def _attach(
    connection: duckdb.DuckDBPyConnection, path: Path, read_only: bool, patience: float
) -> None:
    options = "TYPE duckdb, READ_ONLY" if read_only else "TYPE duckdb"
    deadline, pause = time.monotonic() + patience, 0.002
    while True:
        try:
            connection.execute(f"ATTACH {quoted(path)} AS db ({options})")
            return
        except duckdb.Error as error:
            if not _is_lock(error):
                raise unusable(path, error) from error
            if time.monotonic() >= deadline:
                raise DatabaseLocked(str(path)) from error
        time.sleep(pause)
        pause = min(2 * pause, _MAX_PAUSE)


def _is_lock(error: duckdb.Error) -> bool:
    """Whether another process, or the user's own connection in this one, has the file."""
    text = str(error).lower()
    signs = ("could not set lock", "conflicting lock", "used by another process",
             "already attached")  # fmt: skip
    return any(sign in text for sign in signs)


def unusable(path: Path, error: Exception) -> KnowledgeBaseError:
    """Return an error that says in one line why a file cannot be used."""
    reason = str(error).splitlines()[0]
    if path.is_dir():
        return KnowledgeBaseError(f"{path} is a folder, not a knowledge base file.")
    if "permission" in reason.lower():
        return KnowledgeBaseError(f"There is no permission to open {path}.")
    if "not a valid" in reason.lower():
        return KnowledgeBaseError(f"{path} is not a knowledge base (not a DuckDB file).")
    if "version number" in reason.lower():
        return KnowledgeBaseError(
            f"The knowledge base {path} was written by a newer DuckDB; upgrade the package duckdb."
        )
    return KnowledgeBaseError(
        f"The knowledge base {path} is damaged or cut short ({reason}). It was left as it is; "
        "restore it from a copy, or name another with `kb`."
    )


def check_version(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Return the schema version of the attached file.

    Raises:
        KnowledgeBaseError: it is no knowledge base, or made by a newer version of Advisor.
    """
    try:
        rows = connection.execute(
            "SELECT value FROM db.meta WHERE key = 'schema_version'"
        ).fetchall()
        version = int(rows[0][0]) if rows else None
    except (duckdb.CatalogException, duckdb.BinderException, ValueError):
        version = None
    if version is None:
        raise KnowledgeBaseError(f"{path} is a DuckDB file, but not a knowledge base.")
    if version > SCHEMA_VERSION:
        raise KnowledgeBaseError(
            f"The knowledge base {path} has version {version}, this Advisor reads up to "
            f"{SCHEMA_VERSION}; upgrade Advisor."
        )
    return version
