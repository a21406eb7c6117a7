"""CSV files."""

import csv
import re
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

import pandas as pd

from advisor.data.dataset import Dataset
from advisor.data.frames import interpret
from advisor.data.inference import check_columns
from advisor.data.request import DataRequest
from advisor.data.sources.base import DataSource, existing_file
from advisor.faults import one_line
from knowledge_base.errors import UserError

SEPARATORS = ",;\t"
_DECIMAL_COMMA = re.compile(r"(^|;)\s*-?\d+,\d+\s*(;|$)")


class CsvSource(DataSource):
    """CSV files in UTF-8 with a header, separated by comma, semicolon or tab.

    Between semicolons numbers may have a decimal comma, as spreadsheets write them in much
    of Europe.
    """

    SUFFIXES: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".txt")

    def accepts(self, source: object) -> bool:
        """Return whether the file name is one of a CSV file."""
        return Path(str(source)).suffix.lower() in self.SUFFIXES

    def load(self, source: object, request: DataRequest) -> Dataset:
        """Read the file; types are inferred."""
        path = existing_file(source)
        try:
            frame = _read(path, request.text)
        except pd.errors.EmptyDataError:
            raise UserError(f"{path} is empty.") from None
        except UnicodeDecodeError as error:
            raise UserError(
                f"{path} is not a text file in UTF-8 (byte {error.start}: {error.reason}); "
                "save it as UTF-8."
            ) from error
        except (pd.errors.ParserError, pd.errors.ParserWarning, csv.Error, OSError) as error:
            raise UserError(f"{path} cannot be read as CSV: {one_line(error)}.") from error
        return interpret(frame, request, path.name, "file")


def _read(path: Path, text: str | None) -> pd.DataFrame:
    """Return the columns by their types; `text` names one whose cells are taken literally."""
    header, first = _first_lines(path)
    separator = max(SEPARATORS, key=header.count)
    # pandas would rename the second of two equal columns without a word.
    check_columns(pd.Index(next(csv.reader([header], delimiter=separator), [])), path.name)
    with warnings.catch_warnings():
        # Rows longer than the header would lose their last cells with a warning only.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        reader: Callable[..., pd.DataFrame] = pd.read_csv
        read = partial(
            reader,
            path,
            sep=separator,
            index_col=False,
            decimal="," if separator == ";" and _DECIMAL_COMMA.search(first) else ".",
            encoding="utf-8-sig",
            skipinitialspace=True,
            low_memory=False,  # with it, the type of a column may change on the way
        )
        frame = read()
        if text in frame.columns:
            # "NA" and "none" are words, and a text of digits is no number.
            frame[text] = read(usecols=[text], dtype=str, keep_default_na=False)[text]
        return frame


def _first_lines(path: Path) -> tuple[str, str]:
    """Return the header and the first row, both '' if there is none."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        lines = (line.rstrip("\n") for line in file)
        filled = (line for line in lines if line.strip())
        return next(filled, ""), next(filled, "")
