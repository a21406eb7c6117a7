"""Where data sets come from: files, folders, built-in names, frames."""

from typing import Any

from advisor.data.dataset import Dataset
from advisor.data.request import DataRequest
from advisor.data.sources.arrays import IdxSource, NpzSource
from advisor.data.sources.base import DataSource, existing_file
from advisor.data.sources.builtin import SklearnSource
from advisor.data.sources.csv import CsvSource
from advisor.data.sources.folder import ImageFolderSource
from advisor.data.sources.frame import FrameSource
from advisor.data.sources.parquet import ParquetSource
from knowledge_base.errors import UserError

SOURCES: tuple[DataSource, ...] = (
    FrameSource(),
    SklearnSource(),
    CsvSource(),
    ParquetSource(),
    ImageFolderSource(),
    NpzSource(),
    IdxSource(),
)
"""Asked in this order; the first that accepts loads."""

__all__ = ["SOURCES", "DataSource", "load_dataset"]


def load_dataset(
    source: Any, target: str | None = None, kind: str | None = None, **more: Any
) -> Dataset:
    """Load a data set: a table, labelled images or texts, or time series.

    Args:
        source: CSV or Parquet file, folder with a folder of images per class, npz or idx file
            of images, `sklearn:NAME` or data frame.
        target: column to predict; built-in data sets and images know theirs.
        kind: "classification" or "regression"; None infers it from the target.
        **more: further fields of `DataRequest`: `text="review"`, or `time="month"`,
            `horizon=12` and `series="shop"`, or `modality="image"`.

    Raises:
        UserError: it cannot be read or used; says what, where and what to do.
    """
    request = DataRequest(target, kind, **more)
    for candidate in SOURCES:
        if candidate.accepts(source):
            return candidate.load(source, request)
    existing_file(source)
    raise UserError(
        f"{source} is neither CSV, Parquet, npz nor idx; name it .csv, .tsv, .parquet or .npz."
    )
