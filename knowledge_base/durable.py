"""Writing files so that they are there as a whole or not at all, whatever is killed and when."""

import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO


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


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write that takes the place of `path` at the end of the block.

    If the block raises, `path` stays as it was and nothing is left behind.

    Raises:
        OSError: the folder cannot be written to.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("wb") as file:
            yield file
            flush_file(file)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give a folder to fill that becomes `path` at the end of the block; durable then.

    If the block raises, nothing is left behind. Until the end the folder lies beside `path`,
    under a name that begins with a dot.

    Raises:
        OSError: `path` exists and is not an empty folder, or cannot be written to.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        flush_folder(temporary)
        os.replace(temporary, path)
        flush_folder(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    with replacing(path) as file:
        file.write(text.encode("utf-8"))


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write an object as indented JSON, whole or not at all."""
    write_text(path, json.dumps(content, indent=2))


def append_line(path: Path, line: bytes) -> None:
    """Append a line; durable on return. A half line that a killed writer left is cut off first."""
    with path.open("ab+") as file:
        _cut_half_line(file)
        file.write(line + b"\n")
        flush_file(file)


def whole_lines(path: Path) -> list[bytes]:
    """Return the lines of a file without a half-written last one; none if there is no file."""
    content = path.read_bytes() if path.is_file() else b""
    return content[: content.rfind(b"\n") + 1].splitlines()


def _cut_half_line(file: IO[bytes]) -> None:
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        return
    file.seek(size - 1)
    if file.read(1) != b"\n":
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
    file.seek(0, os.SEEK_END)
