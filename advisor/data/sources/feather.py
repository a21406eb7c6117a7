"""Feather files, which hold Arrow's own columns."""

from typing import ClassVar

from advisor.data.limits import check_cells
from advisor.data.request import DataRequest
from advisor.data.sources.base import DataSource, RawTable, as_path, existing_file
from advisor.data.sources.parquet import BROKEN, plain_frame
from advisor.faults import one_line
from knowledge_base.errors import UserError


class FeatherSource(DataSource):
    """Feather files (.feather, .arrow); their own types are kept."""

    SUFFIXES: ClassVar[tuple[str, ...]] = (".feather", ".arrow")

    def accepts(self, source: object) -> bool:
        """Return whether the file name is one of a Feather file."""
        path = as_path(source)
        return path is not None and path.suffix.lower() in self.SUFFIXES

    def read(self, source: object, request: DataRequest) -> RawTable:
        """Read the file batch by batch, as long as it is within the limits."""
        import pyarrow as pa
        import pyarrow.ipc

        path = existing_file(source)
        packed = path.stat().st_size
        try:
            with pa.memory_map(str(path)) as mapped, pa.ipc.open_file(mapped) as file:
                rows, batches = 0, []
                for number in range(file.num_record_batches):
                    batches.append(file.get_batch(number))
                    rows += batches[-1].num_rows
                    check_cells(rows, len(file.schema), packed, str(path))
                frame = plain_frame(pa.Table.from_batches(batches, file.schema))
        except UserError:
            raise
        except (pa.ArrowException, *BROKEN) as error:
            raise UserError(f"{path} is not a whole Feather file: {one_line(error)}.") from error
        return RawTable(frame, request, path.name, "file")
