"""Columnar files: Parquet and Feather."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from advisor.data.limits import check_cells, check_unpacked
from advisor.data.request import DataRequest
from advisor.data.sources.base import DataSource, RawTable, as_path, existing_file
from advisor.faults import one_line
from knowledge_base.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

BROKEN = (OSError, ValueError, KeyError, TypeError, AttributeError)
"""What is raised, besides Arrow's own errors, for files that are not whole."""


class ParquetSource(DataSource):
    """Parquet files; their own types are kept."""

    SUFFIXES: ClassVar[tuple[str, ...]] = (".parquet", ".pq")

    def accepts(self, source: object) -> bool:
        """Return whether the file name is one of a Parquet file."""
        path = as_path(source)
        return path is not None and path.suffix.lower() in self.SUFFIXES

    def read(self, source: object, request: DataRequest) -> RawTable:
        """Read the file."""
        path = existing_file(source)
        return RawTable(read_parquet(path, str(path)), request, path.name, "file")


def plain_frame(table: "pa.Table") -> pd.DataFrame:
    """Return a table of Arrow as a frame, once it is known to be whole.

    Raises:
        pa.ArrowException, ValueError, KeyError, TypeError, AttributeError: it is not.
    """
    table.validate(full=True)
    frame: pd.DataFrame = table.to_pandas()
    return frame


def read_parquet(content: Path | bytes, where: str) -> pd.DataFrame:
    """Return the columns of a Parquet file.

    Args:
        content: the file, or what is in it.
        where: how errors call it.

    Raises:
        UserError: it is not whole, or beyond the limits.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        packed = len(content) if isinstance(content, bytes) else content.stat().st_size
        with pq.ParquetFile(io.BytesIO(content) if isinstance(content, bytes) else content) as file:
            stored = file.metadata
            check_cells(stored.num_rows, stored.num_columns, packed, where)
            groups = range(stored.num_row_groups)
            size = sum(stored.row_group(group).total_byte_size for group in groups)
            check_unpacked(size, packed, where)
            frame = plain_frame(file.read())
    except (pa.ArrowException, *BROKEN) as error:
        raise UserError(f"{where} is not a whole Parquet file: {one_line(error)}.") from error
    return frame
