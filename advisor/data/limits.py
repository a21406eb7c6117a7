"""How much is read of a file of data: stated limits, checked before anything is allocated.

A file of some kilobytes can name gigabytes. What a file unpacks to is therefore known before it is
unpacked, or unpacking stops where it is more than this:

| what | limit |
|---|---|
| a packed file, an npz file or a gzipped idx file, unpacked | 1 GiB, or 20 times the file |
| cells of a Parquet or Feather file | 1 GiB at 8 bytes each, or 64 times the file |
| one line of a CSV or JSON Lines file | 16 MiB |
| a JSON file | 1 GiB |
| one image | 100 million pixels |
| all images of a folder, decoded | 4 GiB |
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from knowledge_base.errors import UserError

MAX_UNPACKED_BYTES = 2**30
"""Bytes that a packed file may unpack to, however small it is."""

MAX_UNPACKED_RATIO = 20
"""Multiple of its own size that a larger file may unpack to."""

MAX_CELL_RATIO = 64
"""Multiple of its own size that the cells of a columnar file may take."""

MAX_LINE_BYTES = 16 * 2**20
"""Bytes of one line of text."""

MAX_JSON_BYTES = 2**30
"""Bytes of a JSON file."""

MAX_PIXELS = 100_000_000
"""Pixels of one image."""

MAX_IMAGE_BYTES = 4 * 2**30
"""Bytes of all images of a folder, once they are decoded."""

CHUNK = 2**20
"""Bytes that are read at a time."""


class Readable(Protocol):
    """A file that is read in pieces."""

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, at most `size`."""


def check_unpacked(size: int, packed: int, what: str) -> None:
    """Refuse a packed file that unpacks to too much.

    Args:
        size: bytes that it unpacks to, or has unpacked to so far.
        packed: bytes of the file.
        what: how the error calls it.

    Raises:
        UserError: it is too much.
    """
    most = max(MAX_UNPACKED_BYTES, MAX_UNPACKED_RATIO * packed)
    if size > most:
        raise UserError(
            f"{what} unpacks to more than {most:,} bytes, which is not read; unpack it yourself if "
            "you trust it."
        )


def check_cells(rows: int, columns: int, packed: int, what: str) -> None:
    """Refuse a columnar file with more cells than its size makes likely.

    Raises:
        UserError: its cells would take too much memory.
    """
    size, most = 8 * rows * columns, max(MAX_UNPACKED_BYTES, MAX_CELL_RATIO * packed)
    if size > most:
        raise UserError(
            f"{what} has {rows:,} rows of {columns:,} columns, {size:,} bytes; at most {most:,} "
            "are read."
        )


def check_lines(path: Path) -> None:
    """Refuse a file of text with a line of too many bytes; reads it a piece at a time.

    Raises:
        UserError: a line is too long.
        OSError: the file cannot be read.
    """
    if path.stat().st_size <= MAX_LINE_BYTES:
        return
    with path.open("rb") as file:
        check_chunks(iter(lambda: file.read(CHUNK), b""), str(path))


def check_chunks(chunks: Iterator[bytes], what: str) -> None:
    """Refuse text with a line of too many bytes.

    Raises:
        UserError: a line is too long.
    """
    open_line = 0
    for chunk in chunks:
        last = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        open_line = open_line + len(chunk) if last < 0 else len(chunk) - last - 1
        if open_line > MAX_LINE_BYTES:
            raise UserError(
                f"{what} has a line of more than {MAX_LINE_BYTES:,} bytes, which is not read; is "
                "it a table?"
            )


def unpacked(file: Readable, packed: int, what: str, most: int | None = None) -> bytes:
    """Return all that a packed file unpacks to.

    Args:
        file: unpacks while it is read.
        packed: bytes of the file itself.
        what: how errors call it.
        most: bytes after which reading stops; None reads to the end.

    Raises:
        UserError: it is too much; nothing beyond the limit is unpacked.
    """
    content = bytearray()
    for chunk in iter(lambda: file.read(CHUNK), b""):
        content += chunk
        if most is not None and len(content) >= most:
            break
        check_unpacked(len(content), packed, what)
    return bytes(content)
