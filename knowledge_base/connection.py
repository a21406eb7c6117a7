"""Opening DuckDB files: locks, retries, and errors that speak to the user.

DuckDB lets one process write or many read. Its own file lock is the only lock between
processes, because it is released with the process that held it, however that ends. Within a
process one lock per file keeps threads apart. Making a DuckDB instance costs some ten
milliseconds and attaching a file to it one more, so the last instances are kept for the life
of the process.

A DuckDB file can hold programs that read other files when they are asked (see `catalogue`). Each
file therefore has an instance of its own that can open nothing but this file, its journal's
folder and the shipped trials, loads no extension, and lets nobody change that.
"""

import errno
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

try:
    import resource
except ImportError:  # pragma: no cover - Windows
    resource = None  # type: ignore[assignment]

from knowledge_base.catalogue import check_catalogue, check_foreign
from knowledge_base.durable import reason_of
from knowledge_base.errors import DatabaseLocked, KnowledgeBaseError

READ_PATIENCE = 2.0
"""Seconds that a reader waits for a writer; write transactions take some milliseconds."""

STORAGE_VERSION = "v1.2.0"
"""DuckDB's file format for new databases, so that 1.5 and 2.0 read each other's files."""

_MAX_PAUSE = 0.02

_MAX_IDLE = 4
"""Instances that are kept for the next use."""

BESIDE = ("", ".wal", ".wal.checkpoint", ".wal.recovery")
"""How the names of the files end that DuckDB itself makes for a database."""

_FAULTS = (
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.TransactionException,
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
        self.idle: list[tuple[tuple[str, ...], duckdb.DuckDBPyConnection]] = []


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
def in_memory(
    path: Path | None = None, seed: Path | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a DuckDB connection without a file; what it makes is gone after the block.

    Args:
        path: the knowledge base that may be attached, None for no file at all; nothing is read
            of it here.
        seed: folder of the shipped trials.
    """
    state = _state
    key = tuple("" if place is None else os.path.abspath(place) for place in (path, seed))
    with state.guard:
        found = [place for place, (known, _) in enumerate(state.idle) if known == key]
        instance = state.idle.pop(found[-1])[1] if found else None
    if instance is None:
        instance = _instance(key[0], key[1])
    try:
        connection = instance.cursor()
        try:
            yield connection
        finally:
            connection.close()
    except BaseException:
        _close(instance)  # It may still have a file attached.
        raise
    with state.guard:
        state.idle.append((key, instance))
        old = [state.idle.pop(0)[1] for _ in range(len(state.idle) - _MAX_IDLE)]
    for instance in old:
        _close(instance)


def _instance(path: str, seed: str) -> duckdb.DuckDBPyConnection:
    """Make an instance that opens nothing but a knowledge base and what belongs to it."""
    # DuckDB must never fetch extensions: a file of another kind must not cause a download.
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    allowed = _address_space()
    if allowed is not None:  # Each thread reserves much; DuckDB itself looks at the machine only.
        config |= {"threads": "1", "memory_limit": f"{allowed // 2**21}MiB"}
    instance = duckdb.connect(config=config)
    files = ", ".join(quoted(path + end) for end in BESIDE if path)
    folders = ", ".join(quoted(folder) for folder in (path and f"{path}.journal", seed) if folder)
    # The order matters: nothing is allowed any more once access is disabled.
    for setting in (
        "GLOBAL TimeZone = 'UTC'",
        f"allowed_paths = [{files}]",
        f"allowed_directories = [{folders}]",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        instance.execute(f"SET {setting}")
    return instance


def _address_space() -> int | None:
    """Return the bytes that `ulimit -v` allows, None for more than a small machine has."""
    if resource is None:
        return None
    allowed, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if allowed == resource.RLIM_INFINITY or allowed >= 2**33 else allowed


def _close(instance: duckdb.DuckDBPyConnection) -> None:
    with suppress(duckdb.Error):  # What could not be written was told already.
        instance.close()


@contextmanager
def attached(
    path: Path,
    read_only: bool,
    patience: float,
    seed: Path | None = None,
    foreign: bool = False,
) -> Iterator[tuple[duckdb.DuckDBPyConnection, Mapping[str, list[str]]]]:
    """Attach the file as `db` for the time of the block; give a connection and the columns.

    Args:
        path: an existing knowledge base.
        read_only: share it with other readers, or have it alone.
        patience: seconds to wait for other processes.
        seed: folder of the shipped trials, if they are read too.
        foreign: whether somebody else made the file, so that more is looked at.

    Returns:
        A connection, and the columns that each table of the file has.

    Raises:
        DatabaseLocked: it was not free in time.
        KnowledgeBaseError: it is not a knowledge base, damaged, or of a newer version.
    """
    path = Path(os.path.abspath(path))
    with _state.guard:
        lock = _state.locks[str(path.resolve())]
    with lock, told(path, seed), in_memory(path, seed) as connection:
        _attach(connection, path, read_only, patience)
        _, columns = check_catalogue(connection, path)
        if foreign:
            check_foreign(connection, path)
        yield connection, columns
        connection.execute("DETACH db")


@contextmanager
def told(path: Path, seed: Path | None = None) -> Iterator[None]:
    """Turn DuckDB's errors in the block into those that speak to the user.

    Raises:
        KnowledgeBaseError: the file is damaged, or the disk or the memory is full.
    """
    try:
        yield
    except _FAULTS as error:
        raise unusable(path, error, seed) from error
    except MemoryError as error:
        raise KnowledgeBaseError(f"There is not enough memory to read {path}.") from error
    except duckdb.Error as error:
        if type(error) is duckdb.Error:  # DuckDB 2.0 reports a wrong checksum like this.
            raise unusable(path, error, seed) from error
        raise


def quoted(path: Path | str) -> str:
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


def unusable(path: Path, error: Exception, seed: Path | None = None) -> KnowledgeBaseError:
    """Return an error that says in one line why a file cannot be used.

    Args:
        path: the knowledge base.
        error: what DuckDB or the system said.
        seed: folder of the shipped trials, if they were read too.
    """
    text = str(error)
    lower, reason = text.lower(), (text.splitlines() or ["no reason"])[0]
    if path.is_dir():
        return KnowledgeBaseError(f"{path} is a folder, not a knowledge base file.")
    if isinstance(error, OSError):
        return KnowledgeBaseError(f"The knowledge base {path} cannot be made: {reason_of(error)}.")
    # Parquet is read of the shipped trials only, and where there is no file there is nothing else.
    parquet = any(sign in lower for sign in ("parquet", "tprotocol", "thrift"))
    if seed is not None and (str(seed) in text or parquet or not path.exists()):
        return KnowledgeBaseError(
            f"The shipped trials {seed} are damaged ({reason}); install Advisor again."
        )
    if isinstance(error, duckdb.OutOfMemoryException) or "bad_alloc" in lower:
        return KnowledgeBaseError(f"There is not enough memory to read {path}.")
    for sign, number in _SIGNS.items():
        if sign in lower:
            why = reason_of(OSError(number, sign))
            if number == errno.EACCES:
                return KnowledgeBaseError(f"There is no permission to open {path}.")
            return KnowledgeBaseError(f"The knowledge base {path} cannot be written: {why}.")
    if "not a valid" in lower:
        return KnowledgeBaseError(f"{path} is not a knowledge base (not a DuckDB file).")
    if "version number" in lower:
        return KnowledgeBaseError(
            f"The knowledge base {path} was written by a newer DuckDB; upgrade the package duckdb."
        )
    return KnowledgeBaseError(
        f"The knowledge base {path} is damaged or cut short ({reason}). It was left as it is; "
        "restore it from a copy, or name another with `kb`."
    )


_SIGNS = {
    "no space left": errno.ENOSPC,
    "disk quota": errno.EDQUOT,
    "read-only file system": errno.EROFS,
    "permission denied": errno.EACCES,
    "too many open files": errno.EMFILE,
    "file too large": errno.EFBIG,
    "cannot allocate memory": errno.ENOMEM,
}
"""What DuckDB's messages hold where the system refused something, and its number for it."""
