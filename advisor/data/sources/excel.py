"""Excel workbooks."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pandas as pd

from advisor.data.limits import check_unpacked
from advisor.data.request import DataRequest
from advisor.data.sources.base import DataSource, RawTable, as_path, existing_file
from advisor.faults import one_line
from knowledge_base.archives import BROKEN
from knowledge_base.errors import UserError


class ExcelSource(DataSource):
    """The first sheet of an .xlsx workbook, with a header; needs openpyxl."""

    SUFFIXES: ClassVar[tuple[str, ...]] = (".xlsx", ".xlsm")

    def accepts(self, source: object) -> bool:
        """Return whether the file name is one of a workbook."""
        path = as_path(source)
        return path is not None and path.suffix.lower() in self.SUFFIXES

    def read(self, source: object, request: DataRequest) -> RawTable:
        """Read the first sheet that is not empty; the types of its cells are kept."""
        path = existing_file(source)
        try:
            import openpyxl  # noqa: F401
        except ImportError:
            raise UserError(
                f"To read {path.name}, install openpyxl (pip install 'advisor-automl[excel]'), or "
                "save the sheet as CSV."
            ) from None
        self._check_size(path)
        try:
            reader: Callable[..., dict[str, pd.DataFrame]] = pd.read_excel
            sheets = reader(path, sheet_name=None, engine="openpyxl")
        except Exception as error:  # openpyxl raises whatever happens to it
            raise UserError(f"{path} is not a whole workbook: {one_line(error)}.") from error
        filled = {name: sheet for name, sheet in sheets.items() if sheet.size}
        if not filled:
            raise UserError(f"{path} is empty.")
        name, frame = next(iter(filled.items()))
        notes = [f"Of {len(filled)} sheets, '{name}' was read."] if len(filled) > 1 else []
        return RawTable(frame.dropna(how="all"), request, path.name, "file", notes=notes)

    @staticmethod
    def _check_size(path: Path) -> None:
        """Refuse a workbook, which is a zip file, that unpacks to too much."""
        try:
            with zipfile.ZipFile(path) as archive:
                size = sum(member.file_size for member in archive.infolist())
        except BROKEN as error:
            raise UserError(f"{path} is not a whole workbook: {one_line(error)}.") from error
        check_unpacked(size, path.stat().st_size, str(path))
