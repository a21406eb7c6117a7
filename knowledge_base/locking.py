"""Locks on studies: one process runs a study, and the lock goes with the process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

from filelock import BaseFileLock, FileLock, Timeout

from knowledge_base.errors import UserError

LOCK = ".lock"
"""File in a study's folder that is locked."""


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a study for this process; the lock goes with the process, however it ends.

    Raises:
        UserError: another process is running the study.
    """
    lock = hold(path)
    try:
        yield
    finally:
        lock.release()


def hold(path: Path) -> BaseFileLock:
    """Take a study for this process, until the lock is released or collected, or the process ends.

    Raises:
        UserError: another process is running the study, or another part of this one; or its
            folder cannot be written to.
    """
    lock = FileLock(str(path / LOCK), thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f"Another process is running the study '{path.name}', or another tuner of this "
            "process is; its `close()` gives the study free."
        ) from None
    except OSError as error:
        raise UserError(f"The study {path} cannot be written: {error}.") from error
    return lock


def is_held(file: Path) -> bool:
    """Return whether a living process holds the lock of a file; nothing is written.

    Whoever only looks shares the lock for an instant, which nobody who holds it notices.
    """
    if fcntl is None:  # pragma: no cover - Windows
        return file.exists()
    try:
        descriptor = os.open(file, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
