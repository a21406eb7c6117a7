"""Standard input: a table that another program writes."""

import bz2
import gzip
import io
import lzma
import sys
from functools import cache

from advisor.data.limits import MAX_UNPACKED_BYTES, unpacked
from advisor.data.request import DataRequest
from advisor.data.sources.base import DataSource, RawTable
from advisor.data.sources.csv import read_csv
from advisor.data.sources.json import read_json
from advisor.data.sources.parquet import read_parquet
from advisor.faults import one_line
from knowledge_base.errors import UserError

NAME = "standard input"

_PACKINGS: dict[bytes, type[gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile]] = {
    b"\x1f\x8b": gzip.GzipFile,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ": lzma.LZMAFile,
}


class StdinSource(DataSource):
    """`-`: CSV, JSON, JSON Lines or Parquet from standard input, told by how it begins."""

    def accepts(self, source: object) -> bool:
        """Return whether `source` is a dash."""
        return source == "-" if isinstance(source, str) else False

    def read(self, source: object, request: DataRequest) -> RawTable:
        """Read all of it; once in a process, since it is there only once."""
        content = _content()
        notes: list[str] = []
        if not content.strip():
            raise UserError("Standard input is empty; a table is expected there for the data '-'.")
        start = content[:400].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        if content.startswith(b"PAR1"):
            frame = read_parquet(content, NAME)
        elif start in (b"{", b"["):
            lines = start == b"{" and content.strip().count(b"\n") > 0
            frame = read_json(content, NAME, lines and _first_line_is_whole(content))
        else:
            frame, notes = read_csv(content, NAME, request)
        return RawTable(frame, request, NAME, "file", notes=notes)


@cache
def _content() -> bytes:
    try:
        raw = unpacked(sys.stdin.buffer, MAX_UNPACKED_BYTES, NAME)
        for start, opened in _PACKINGS.items():
            if raw.startswith(start):
                with _unpacking(opened, raw) as file:
                    return unpacked(file, len(raw), NAME)
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise UserError(f"{NAME.capitalize()} cannot be read: {one_line(error)}.") from error
    return raw


def _unpacking(
    kind: type[gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile], raw: bytes
) -> gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile:
    content = io.BytesIO(raw)
    return gzip.GzipFile(fileobj=content) if issubclass(kind, gzip.GzipFile) else kind(content)


def _first_line_is_whole(content: bytes) -> bool:
    """Return whether an object ends in the first line, as in JSON Lines."""
    return content.strip().split(b"\n", 1)[0].rstrip().endswith(b"}")
