"""Where data sets come from: files, built-in names, frames."""

from typing import Any

from advisor.data.dataset import TabularDataset
from advisor.data.sources.base import DataSource, existing_file
from advisor.data.sources.builtin import SklearnSource
from advisor.data.sources.csv import CsvSource
from advisor.data.sources.frame import FrameSource
from advisor.data.sources.parquet import ParquetSource
from knowledge_base.errors import UserError

SOURCES: tuple[DataSource, ...] = (FrameSource(), SklearnSource(), CsvSource(), ParquetSource())
"""Asked in this order; the first that accepts loads."""

__all__ = ["SOURCES", "DataSource", "load_dataset"]


def load_dataset(source: Any, target: str | None = None, kind: str | None = None) -> TabularDataset:
    """Load a data set from a CSV or Parquet file, a built-in name or a frame.

    Args:
        source: path, `sklearn:NAME` or data frame.
        target: column to predict; built-in data sets know theirs.
        kind: "classification" or "regression"; None infers it from the target.

    Raises:
        UserError: it cannot be read or used; says what, where and what to do.
    """
    for candidate in SOURCES:
        if candidate.accepts(source):
            return candidate.load(source, target, kind)
    existing_file(source)
    raise UserError(f"{source} is neither CSV nor Parquet; name it .csv, .tsv or .parquet.")
