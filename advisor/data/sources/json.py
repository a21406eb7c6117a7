"""JSON: records line by line, a list of records, or columns by name."""

import io
import json
from collections.abc import Iterator
from typing import ClassVar

import pandas as pd

from advisor.data.limits import MAX_JSON_BYTES, MAX_LINE_BYTES, check_lines
from advisor.data.request import DataRequest
from advisor.data.sources.base import DataSource, RawTable, as_path, existing_file
from advisor.data.sources.encodings import marked_encoding
from advisor.data.sources.packed import content_of, inner_suffix, is_packed
from advisor.faults import one_line
from knowledge_base.errors import UserError

LINES = (".jsonl", ".ndjson")


class JsonSource(DataSource):
    """JSON Lines (.jsonl, .ndjson) and JSON with records or columns (.json), maybe packed."""

    SUFFIXES: ClassVar[tuple[str, ...]] = (*LINES, ".json")

    def accepts(self, source: object) -> bool:
        """Return whether the file name is one of a JSON file."""
        path = as_path(source)
        return path is not None and inner_suffix(path) in self.SUFFIXES

    def read(self, source: object, request: DataRequest) -> RawTable:
        """Read the file; the types of JSON are kept."""
        path = existing_file(source)
        if not is_packed(path) and path.stat().st_size > MAX_JSON_BYTES:
            raise UserError(f"{path} is larger than {MAX_JSON_BYTES:,} bytes, which is not read.")
        try:
            if inner_suffix(path) in LINES and not is_packed(path):
                check_lines(path)
            content = content_of(path) if is_packed(path) else path.read_bytes()
        except OSError as error:
            raise UserError(f"{path} cannot be read: {one_line(error)}.") from error
        frame = read_json(content, str(path), inner_suffix(path) in LINES)
        return RawTable(frame, request, path.name, "file")


def read_json(content: bytes, where: str, lines: bool) -> pd.DataFrame:
    """Return the columns of JSON text.

    Objects within a record become columns whose names are joined by points.

    Args:
        content: what is in the file.
        where: how errors call it.
        lines: whether each line is a record of its own.

    Raises:
        UserError: it is no JSON of that form, or beyond the limits.
    """
    try:
        text = content.decode(marked_encoding(content[:400]))
    except UnicodeError as error:
        raise UserError(f"{where} is not a text file in UTF-8; save it as UTF-8.") from error
    if not text.strip():
        raise UserError(f"{where} is empty.")
    try:
        return _framed(list(_lines(text, where)) if lines else _records(json.loads(text), where))
    except json.JSONDecodeError as error:
        if not lines and error.msg == "Extra data":  # lines of records in a .json file
            return read_json(content, where, True)
        raise UserError(f"{where} is not JSON: {one_line(error)}.") from error
    except UnicodeEncodeError as error:  # half a character, as "\ud800" is
        raise UserError(f"{where} holds texts that are no Unicode; repair them.") from error
    except (RecursionError, ValueError, TypeError) as error:
        raise UserError(f"{where} cannot be read as JSON: {one_line(error)}.") from error


def _framed(records: list[dict[str, object]] | pd.DataFrame) -> pd.DataFrame:
    """Return records as columns; objects within them become columns of their own."""
    if isinstance(records, pd.DataFrame):
        return records
    if any(isinstance(value, dict) for record in records for value in record.values()):
        return pd.json_normalize(records, max_level=3)
    return pd.DataFrame.from_records(records)


def _lines(text: str, where: str) -> Iterator[dict[str, object]]:
    """Yield the records of JSON Lines; only a line feed ends a line."""
    for number, line in enumerate(io.StringIO(text, newline="\n"), start=1):
        if len(line) > MAX_LINE_BYTES:
            raise UserError(
                f"Line {number} of {where} is longer than {MAX_LINE_BYTES:,} characters."
            )
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise UserError(f"Line {number} of {where} is not JSON: {one_line(error)}.") from error
        if not isinstance(record, dict):
            raise UserError(f"Line {number} of {where} is no object with names and values.")
        yield record


def _records(found: object, where: str) -> list[dict[str, object]] | pd.DataFrame:
    """Return the records of a document; a frame where it has columns instead."""
    if isinstance(found, dict) and found.keys() >= {"columns", "data"}:  # as pandas splits frames
        return pd.DataFrame(found["data"], columns=found["columns"])
    if isinstance(found, dict):
        inner = [records for value in found.values() if (records := _of_records(value))]
        if len(inner) == 1:  # {"data": [...]}
            return inner[0]
        columns = list(found.values())
        if columns and all(isinstance(column, list | dict) for column in columns):
            return pd.DataFrame(
                {name: pd.Series(column, dtype=object if not column else None)
                 for name, column in found.items()}
            )  # fmt: skip
    elif records := _of_records(found):
        return records
    raise UserError(f"{where} holds neither a list of objects nor columns by name.")


def _of_records(found: object) -> list[dict[str, object]]:
    """Return a list of records; an empty one if it holds anything else."""
    records = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    return records if isinstance(found, list) and len(records) == len(found) else []
