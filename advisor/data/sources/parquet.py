"""Parquet files."""

from pathlib import Path

from advisor.data.dataset import Dataset
from advisor.data.frames import interpret
from advisor.data.request import DataRequest
from advisor.data.sources.base import DataSource, existing_file
from advisor.faults import one_line
from knowledge_base.errors import UserError


class ParquetSource(DataSource):
    """Parquet files; their own types are kept."""

    def accepts(self, source: object) -> bool:
        """Return whether the file name is one of a Parquet file."""
        return Path(str(source)).suffix.lower() in (".parquet", ".pq")

    def load(self, source: object, request: DataRequest) -> Dataset:
        """Read the file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = existing_file(source)
        try:
            frame = pq.ParquetFile(path).read().to_pandas()
        except (pa.ArrowException, OSError) as error:
            raise UserError(f"{path} is not a whole Parquet file: {one_line(error)}.") from error
        return interpret(frame, request, path.name, "file")
