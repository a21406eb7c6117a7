"""Locks on studies: one process runs a study, and the lock goes with the process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
