"""How much is read of a file: stated limits, checked before anything is allocated.

A file of some kilobytes can name gigabytes. Whatever comes from a file is therefore measured
first, and refused in one line where it is beyond these limits:

| what | limit |
|---|---|
| a Parquet file, or a database, on disk | 8 GiB |
| rows of one table | 10 million |
| one table in memory | 1 GiB |
| row groups, columns of a Parquet file | 10,000; 200 |
| `study.json` or `checksums.json` | 64 MiB |
| `trials.jsonl` | 1 GiB |
| one line of it, or one JSON text | 16 MiB |
| JSON within JSON | 100 levels |
"""

import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from knowledge_base.errors import DamagedFileError, TooLargeError

MAX_FILE_BYTES = 8 * 2**30
"""Bytes of a Parquet file or a database on disk."""

MAX_ROWS = 10_000_000
"""Rows of one table."""

MAX_TABLE_BYTES = 2**30
"""Bytes of one table in memory, decoded."""

MAX_ROW_GROUPS = 10_000
"""Row groups of a Parquet file."""

MAX_COLUMNS = 200
"""Columns of a Parquet file."""

MAX_DOCUMENT_BYTES = 64 * 2**20
"""Bytes of a file that is one JSON object, such as `study.json`."""

MAX_LINES_BYTES = 2**30
"""Bytes of a file of JSON lines."""

MAX_LINE_BYTES = 16 * 2**20
"""Bytes of one JSON line, or of one JSON text in a table."""

MAX_JSON_DEPTH = 100
"""Levels of JSON objects and lists in each other."""

_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)  # also one that never ends
_BRACKETS = re.compile(rb"[\[\]{}]")


def check_inside(path: Path) -> None:
    """Refuse a link that leads out of the folder that it lies in, whatever it leads to.

    Raises:
        DamagedFileError: it is such a link.
    """
    if path.is_symlink() and path.resolve().parent != path.parent.resolve():
        raise DamagedFileError(f"{path} is a link to another folder, which is not followed.")


def check_file_size(path: Path, limit: int = MAX_FILE_BYTES) -> None:
    """Refuse a file that is too large.

    Raises:
        TooLargeError: it is larger than `limit` bytes.
        OSError: it is not there.
    """
    size = path.stat().st_size
    if size > limit:
        raise TooLargeError(f"{path} has {size:,} bytes; at most {limit:,} are read.")


def check_table(table: pa.Table, what: str) -> None:
    """Refuse a table that could not be read again.

    Raises:
        TooLargeError: it has too many rows or bytes.
    """
    check_size(table.num_rows, table.nbytes, what)


def check_size(rows: int, size: int, what: str) -> None:
    """Refuse what would be a table that could not be read again.

    Args:
        rows: how many.
        size: bytes that they take in memory.
        what: what they are, for the error.

    Raises:
        TooLargeError: there are too many of either.
    """
    _check_rows(rows, what)
    if size > MAX_TABLE_BYTES:
        raise _too_many_bytes(size, what)


def read_columns(file: pq.ParquetFile, names: list[str], path: Path) -> pa.Table:
    """Return columns of a Parquet file, unless it is too large.

    The number of values and the size of the encoded file bound what texts can become, because
    none is longer than all encoded bytes. Only where that bound is too high are texts read as
    dictionaries, which stay as small as they are in the file, and then measured.

    Args:
        file: the open file.
        names: names of columns of plain types.
        path: where it is, for errors.

    Raises:
        TooLargeError: it has too many rows, row groups, columns or bytes.
        pa.ArrowException, OSError: it is damaged.
    """
    metadata = file.metadata
    if metadata.num_columns > MAX_COLUMNS or metadata.num_row_groups > MAX_ROW_GROUPS:
        raise TooLargeError(
            f"{path} has {metadata.num_columns:,} columns and {metadata.num_row_groups:,} row "
            f"groups; at most {MAX_COLUMNS} and {MAX_ROW_GROUPS:,} are read."
        )
    _check_rows(metadata.num_rows, str(path))
    encoded = sum(
        metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups)
    )
    if encoded > MAX_TABLE_BYTES:
        raise _too_many_bytes(encoded, str(path))
    threads = metadata.num_rows > 10_000
    if metadata.num_rows * max(encoded, 8 * len(names)) <= MAX_TABLE_BYTES:
        return file.read(columns=names, use_threads=threads)
    texts = [f.name for f in file.schema_arrow if f.name in names and _is_text(f.type)]
    with pq.ParquetFile(path, read_dictionary=texts) as measured:
        table = measured.read(columns=names, use_threads=threads)
    size = sum(_decoded_bytes(column) for column in table.columns)
    if size > MAX_TABLE_BYTES:
        raise _too_many_bytes(size, str(path))
    return table


def read_json(text: bytes | str, where: str) -> object:
    """Return what a JSON text says, unless it is too large.

    Raises:
        ValueError: it is no JSON, or too long, or nested too deeply.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > MAX_DOCUMENT_BYTES:
        raise ValueError(
            f"{where} has {len(data):,} bytes; at most {MAX_DOCUMENT_BYTES:,} are read"
        )
    if json_depth(data) > MAX_JSON_DEPTH:
        raise ValueError(f"{where} is JSON nested more than {MAX_JSON_DEPTH} levels deep")
    try:
        found: object = json.loads(data)
    except RecursionError:  # pragma: no cover - the depth was checked
        raise ValueError(f"{where} is JSON nested too deeply") from None
    return found


def json_depth(data: bytes) -> int:
    """Return how deeply lists and objects of a JSON text lie in each other."""
    if data.count(b"[") + data.count(b"{") <= MAX_JSON_DEPTH:
        return min(data.count(b"[") + data.count(b"{"), MAX_JSON_DEPTH)
    depth = deepest = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
        if deepest > MAX_JSON_DEPTH:
            break
    return deepest


def _check_rows(rows: int, what: str) -> None:
    if rows > MAX_ROWS:
        raise TooLargeError(f"{what} has {rows:,} rows; at most {MAX_ROWS:,} are read.")


def _too_many_bytes(size: int, what: str) -> TooLargeError:
    return TooLargeError(
        f"{what} would take {size:,} bytes of memory; at most {MAX_TABLE_BYTES:,} are read."
    )


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind)
    )


def _decoded_bytes(column: pa.ChunkedArray) -> int:
    total = 0
    for chunk in column.chunks:
        if isinstance(chunk, pa.DictionaryArray):
            lengths = pc.binary_length(chunk.dictionary)
            total += (pc.sum(lengths.take(chunk.indices)).as_py() or 0) + 4 * len(chunk)
        else:
            total += chunk.nbytes
    return total
