"""Rows of CSV, JSON Lines and JSON files as they stand there, each with its line.

A row that cannot be read is rejected with its line and stops no other. Sizes are looked at before
anything of the size is kept.
"""

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TextIO

from knowledge_base.errors import ContributionError
from knowledge_base.importers.contribution import Rejection
from knowledge_base.space.reading import parse_json

SEPARATORS = {".csv": ",", ".tsv": "\t"}
JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")

MAX_FILE = 2**30
"""Bytes of the largest file of trials."""

MAX_ARRAY = 2**28
"""Bytes of the largest JSON file that is one array, which has to be read as a whole."""

MAX_LINE = 2**24
"""Bytes (CSV: characters) of the longest line."""

MAX_COLUMNS = 10_000
"""Most columns of a table."""

CONFIG = "config."
"""How columns may begin that are hyperparameters; their name follows."""


@dataclass
class Rows:
    """Rows of a table.

    Attributes:
        file: name of the file, for places such as "runs.csv:12".
        columns: names of all columns, in order; those of a nested `config` begin with `CONFIG`.
        cells: cells of each row by column; those that are missing are left out.
        lines: line of each row, from 1; in a JSON array its place.
        rejected: rows that could not be read.
    """

    file: str
    columns: list[str] = field(default_factory=list)
    cells: list[dict[str, object]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)

    def add(self, line: int, cells: dict[str, object]) -> None:
        """Add a row that could be read."""
        self.lines.append(line)
        self.cells.append(cells)

    def reject(self, line: int, reason: str) -> None:
        """Add a row that could not."""
        self.rejected.append(Rejection(self.place(line), reason))

    def place(self, line: int) -> str:
        """Return how a row is named: by its file and line."""
        return f"{self.file}:{line}"


def read_rows(path: Path) -> Rows:
    """Return the rows of a file, by its name: CSV, tab-separated, JSON Lines or a JSON array.

    Raises:
        ContributionError: the file is missing, too large, no text in UTF-8, or has no rows.
    """
    if not path.is_file():
        raise ContributionError(f"The file {path} does not exist.")
    try:
        if path.stat().st_size > MAX_FILE:
            raise ContributionError(f"{path} is larger than {MAX_FILE // 2**30} GiB; divide it.")
        if path.suffix.lower() in JSON_SUFFIXES:
            with path.open("rb") as binary:
                rows = _read_json(binary, path)
        else:
            with path.open(encoding="utf-8-sig", newline="") as text:
                rows = _read_separated(text, path, SEPARATORS.get(path.suffix.lower(), ","))
    except UnicodeDecodeError as error:
        raise ContributionError(f"{path} cannot be read: it is no text in UTF-8.") from error
    except OSError as error:
        raise ContributionError(f"{path} cannot be read: {error.strerror}.") from error
    if not rows.cells and not rows.rejected:
        raise ContributionError(f"{path} has no rows.")
    if len(rows.columns) > MAX_COLUMNS:
        raise ContributionError(f"{path} has more than {MAX_COLUMNS:,} columns.")
    return rows


def _read_separated(file: TextIO, path: Path, separator: str) -> Rows:
    rows = Rows(path.name)
    reader = csv.reader(_short_lines(file, path), delimiter=separator, strict=True)
    try:
        rows.columns = next(reader, [])
    except csv.Error as error:
        raise ContributionError(f"{path} cannot be read: its first line: {error}.") from error
    _check_header(rows.columns, path)
    width = len(rows.columns)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return rows
        except csv.Error as error:
            last = reader.line_num
            until = f" (up to line {last})" if last > line else ""
            rows.reject(line, f"its quotes or characters are wrong{until}: {error}")
            continue
        if not cells or (len(cells) == 1 and not cells[0].strip()):
            continue
        if len(cells) != width:
            rows.reject(line, f"{_count(len(cells), 'cell')} under {_count(width, 'column')}")
            continue
        named = zip(rows.columns, cells, strict=True)
        rows.add(line, {name: cell for name, cell in named if cell != ""})


def _short_lines(file: TextIO, path: Path) -> Iterator[str]:
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise ContributionError(f"{path}: line {number} is longer than {_mebibytes(MAX_LINE)}.")
        yield line


def _check_header(columns: Sequence[str], path: Path) -> None:
    seen: set[str] = set()
    for place, name in enumerate(columns, 1):
        if not name.strip():
            raise ContributionError(f"{path}: column {place} has no name (an index that was saved "
                                    "with the table?); drop it.")  # fmt: skip
        if name in seen:
            raise ContributionError(f"{path}: two columns are called {name!r}.")
        seen.add(name)


def _read_json(file: BinaryIO, path: Path) -> Rows:
    rows = Rows(path.name)
    columns: dict[str, None] = {}
    begins = file.read(2**16).removeprefix(b"\xef\xbb\xbf").lstrip()
    file.seek(0)
    if begins.startswith(b"["):
        objects: Iterator[tuple[int, object]] = enumerate(_array(file, path), 1)
    else:
        objects = _lines(file, rows)
    for line, found in objects:
        if not isinstance(found, dict):
            rows.reject(line, "one object per line, or an array of objects, is expected")
            continue
        cells = _flat(found)
        if isinstance(cells, str):
            rows.reject(line, cells)
            continue
        columns |= dict.fromkeys(cells)
        if len(columns) > MAX_COLUMNS:
            break
        rows.add(line, cells)
    rows.columns = list(columns)
    if not rows.cells and rows.rejected:
        first = rows.rejected[0].reason
        raise ContributionError(f"{path} cannot be read: one object per line, or an array of "
                                f"objects, is expected ({first}).")  # fmt: skip
    return rows


def _array(file: BinaryIO, path: Path) -> list[object]:
    content = file.read(MAX_ARRAY + 1)
    if len(content) > MAX_ARRAY:
        raise ContributionError(f"{path} is one array of more than {_mebibytes(MAX_ARRAY)}; write "
                                "one object per line instead.")  # fmt: skip
    try:
        found = parse_json(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise
    except ValueError as error:
        raise ContributionError(f"{path} cannot be read: {error}.") from error
    except RecursionError:
        raise ContributionError(f"{path} cannot be read: it is nested too deep.") from None
    assert isinstance(found, list)
    return found


def _lines(file: BinaryIO, rows: Rows) -> Iterator[tuple[int, object]]:
    """Yield the objects of lines, which only \\n divides: texts may hold U+2028."""
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE and not line.endswith(b"\n"):
            while not line.endswith(b"\n") and (line := file.readline(MAX_LINE)):
                pass
            rows.reject(number, f"the line is longer than {_mebibytes(MAX_LINE)}")
            continue
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line.strip():
            continue
        try:
            found = parse_json(line.decode("utf-8"))
        except UnicodeDecodeError:
            rows.reject(number, "the line is no text in UTF-8")
        except json.JSONDecodeError as error:
            rows.reject(number, f"the line is no JSON: {error.msg} (character {error.colno})")
        except ValueError as error:
            rows.reject(number, f"the line cannot be read: {error}")
        except RecursionError:
            rows.reject(number, "the line is nested too deep")
        else:
            yield number, found


def _flat(row: dict[str, object]) -> dict[str, object] | str:
    """Return a row with its `config` unfolded, or why that is impossible."""
    config = row.get("config")
    # Each line has texts of its own for the same names, which would need more than the cells do.
    cells = {sys.intern(name): cell for name, cell in row.items() if not _is_missing(cell)}
    if config is None or not isinstance(config, dict):
        return cells
    del cells["config"]
    for name, cell in config.items():
        column = sys.intern(f"{CONFIG}{name}")
        if column in cells:
            return f"{name} is there twice"
        if not _is_missing(cell):
            cells[column] = cell
    return cells


def _is_missing(cell: object) -> bool:
    """Return whether a cell is null or NaN, by which pandas writes missing ones."""
    return cell is None or cell != cell


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _mebibytes(size: int) -> str:
    return f"{size // 2**20} MiB"
