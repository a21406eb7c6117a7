"""Writing files so that they are there as a whole or not at all, whatever is killed and when.

What is written lies beside its place until it is whole, under a name that begins with a dot, and
its writer holds a lock on it. A killed writer's lock goes with it, so that the next writer of
the same place can tell what was left behind from what is being written, and removes it.
"""

import errno
import json
import os
import re
import shutil
import stat
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows, where an open file cannot be removed anyway
    fcntl = None  # type: ignore[assignment]

PRIVATE_FOLDER = 0o700
"""Mode of folders that only their owner may look into."""

_ABANDONED_SECONDS = 60.0
"""Age from which something without a lock counts as left behind; locking comes after making."""


def reason_of(error: OSError) -> str:
    """Return in some words why something could not be read or written."""
    told = {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the disk quota is used up",
        errno.EROFS: "the file system is read-only",
        errno.EACCES: "no permission",
        errno.EPERM: "no permission",
        errno.EMFILE: "too many open files",
        errno.ENOMEM: "not enough memory",
        errno.EFBIG: "the file would be too large",
        errno.ENAMETOOLONG: "the name is too long",
        errno.ENFILE: "too many open files",
        errno.ENOTDIR: "a folder of its path is a file",
        errno.EIO: "the disk cannot be read or written",
    }
    told_otherwise = error.strerror or (str(error).splitlines() or ["no reason"])[0]
    return told.get(error.errno or 0, told_otherwise)


def flush_folder(path: Path) -> None:
    """Flush a folder's entries; without it a rename may be lost in a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_file(file: IO[bytes] | IO[str]) -> None:
    """Flush what was written to an open file to the disk."""
    file.flush()
    os.fsync(file.fileno())


def private_folder(path: Path) -> None:
    """Make a folder that only its owner may look into, and those above it; one that is there stays.

    Raises:
        OSError: it cannot be made.
    """
    _make_parents(path, PRIVATE_FOLDER)


def tighten(path: Path) -> None:
    """Let only its owner read a file or a folder, if it is there.

    It never fails: some file systems know no owners, and what is another's is his to close.
    """
    if os.name != "posix":  # pragma: no cover - Windows, whose files inherit their folder's rights
        return
    with suppress(OSError, NotImplementedError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            path.chmod(mode & ~0o077)


@contextmanager
def replacing(path: Path, private: bool = False) -> Iterator[BinaryIO]:
    """Give a file to write that takes the place of `path` at the end of the block.

    If the block raises, `path` stays as it was and nothing is left behind.

    Args:
        path: where it will be.
        private: whether only its owner may read it.

    Raises:
        OSError: the folder cannot be written to.
    """
    _remove_abandoned(path)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with open(temporary, "wb", opener=private_opener if private else None) as file:
            _lock(file.fileno())
            yield file
            flush_file(file)
        os.replace(temporary, path)
        flush_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path, private: bool = False) -> Iterator[Path]:
    """Give a folder to fill that becomes `path` at the end of the block; durable then.

    If the block raises, nothing is left behind. Until the end the folder lies beside `path`,
    under a name that begins with a dot.

    Args:
        path: where it will be.
        private: whether only its owner may look into it.

    Raises:
        OSError: `path` exists and is not an empty folder, or cannot be written to.
    """
    if path.is_symlink():  # A folder cannot take the place of a link; it is made where that leads.
        path = Path(os.path.realpath(path))
    _remove_abandoned(path)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    mode = PRIVATE_FOLDER if private else 0o777
    made = _make_parents(path.parent, mode)
    descriptor = None
    try:
        temporary.mkdir(mode=mode)
        descriptor = os.open(temporary, os.O_RDONLY)
        _lock(descriptor)
        yield temporary
        os.fsync(descriptor)
        os.replace(temporary, path)
        flush_folder(path.parent)
        made.clear()
    finally:
        if descriptor is not None:
            os.close(descriptor)
        shutil.rmtree(temporary, ignore_errors=True)
        for folder in made:
            with suppress(OSError):  # Somebody else has put something into it.
                folder.rmdir()


def write_text(path: Path, text: str, private: bool = False) -> None:
    """Write a text file, whole or not at all; with `private` for its owner only."""
    with replacing(path, private) as file:
        file.write(text.encode("utf-8"))


def write_json(path: Path, content: Mapping[str, object], private: bool = False) -> None:
    """Write an object as indented JSON, whole or not at all; with `private` for its owner only."""
    write_text(path, json.dumps(content, indent=2), private)


def private_opener(path: str, flags: int) -> int:
    """Open a file, for `open(opener=...)`, that only its owner may read if it is new."""
    return os.open(path, flags, 0o600)


def append_line(path: Path, line: bytes, private: bool = False) -> None:
    """Append a line; durable on return. A half line that a killed writer left is cut off first.

    With `private`, a new file is for its owner only.
    """
    new = not path.exists()
    with open(path, "ab+", opener=private_opener if private else None) as file:
        _cut_half_line(file)
        end = file.seek(0, os.SEEK_END)
        try:
            file.write(line + b"\n")
            flush_file(file)
        except OSError:
            with suppress(OSError):  # A half line is never read, and the next writer cuts it off.
                os.ftruncate(file.fileno(), end)
            raise
    if new:
        flush_folder(path.parent)


def whole_lines(path: Path) -> list[bytes]:
    """Return the lines of a file without a half-written last one; none if there is no file."""
    content = path.read_bytes() if path.is_file() else b""
    return content[: content.rfind(b"\n") + 1].split(b"\n")[:-1]


def ends_within_a_line(path: Path) -> bool:
    """Return whether a file's last line has no end: its writer was killed, or is at it."""
    if not path.is_file() or path.stat().st_size == 0:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _cut_half_line(file: IO[bytes]) -> None:
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        return
    file.seek(size - 1)
    if file.read(1) != b"\n":
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
    file.seek(0, os.SEEK_END)


def _make_parents(path: Path, mode: int) -> list[Path]:
    """Make a folder and those above it; return those that were not there, deepest first."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):  # `Path.mkdir` would give those above the usual mode.
        folder.mkdir(mode=mode, exist_ok=True)
    path.mkdir(mode=mode, exist_ok=True)  # It fails where a file has its place.
    return missing


def _lock(descriptor: int) -> bool:
    """Lock an open file or folder for this process, if it is free."""
    if fcntl is None:  # pragma: no cover - Windows
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # Somebody holds it, or the file system knows no locks.
        return False
    return True


def _remove_abandoned(path: Path) -> None:
    """Remove what killed writers of `path` left beside it."""
    pattern = re.compile(re.escape(f".{path.name}.") + "[0-9a-f]{32}")
    try:
        left = [name for name in os.listdir(path.parent) if pattern.fullmatch(name)]
    except OSError:
        return  # There is no such folder yet, or it cannot be looked into.
    for name in left:
        with suppress(OSError):
            _remove_unlocked(path.parent / name)


def _remove_unlocked(path: Path) -> None:
    if time.time() - path.stat().st_mtime < _ABANDONED_SECONDS:
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if not _lock(descriptor):
            return
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)
