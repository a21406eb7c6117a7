"""Where data sets come from: files, folders, built-in names, frames."""

from advisor.data.dataset import Dataset
from advisor.data.request import DataRequest
from advisor.data.sources.base import DataSource, existing_file
from knowledge_base.errors import UserError
from knowledge_base.registry import Registry

SOURCES: Registry[type[DataSource]] = Registry(
    "source of data sets",
    {
        "frame": "advisor.data.sources.frame:FrameSource",
        "sklearn": "advisor.data.sources.builtin:SklearnSource",
        "csv": "advisor.data.sources.csv:CsvSource",
        "parquet": "advisor.data.sources.parquet:ParquetSource",
        "folder": "advisor.data.sources.folder:ImageFolderSource",
        "npz": "advisor.data.sources.arrays:NpzSource",
        "idx": "advisor.data.sources.arrays:IdxSource",
    },
)
"""All sources, asked in this order; the first that accepts loads."""

__all__ = ["SOURCES", "DataSource", "load_dataset"]


def load_dataset(
    source: object,
    target: str | None = None,
    kind: str | None = None,
    modality: str | None = None,
    text: str | None = None,
    time: str | None = None,
    series: str | None = None,
    horizon: int | None = None,
) -> Dataset:
    """Load a data set: a table, labelled images or texts, or time series.

    Args:
        source: CSV or Parquet file, folder with a folder of images per class, npz or idx file
            of images, `sklearn:NAME` or data frame.
        target: column to predict; built-in data sets and images know theirs.
        kind: "classification" or "regression"; None infers it from the target.
        modality, text, time, series, horizon: as `DataRequest` has them: `text="review"`, or
            `time="month"`, `horizon=12` and `series="shop"`, or `modality="image"`.

    Raises:
        UserError: it cannot be read or used; says what, where and what to do.
    """
    request = DataRequest(target, kind, modality, text, time, series, horizon)
    for make in SOURCES.values():
        candidate = make()
        if candidate.accepts(source):
            return candidate.load(source, request)
    existing_file(source)
    raise UserError(
        f"{source} is neither CSV, Parquet, npz nor idx; name it .csv, .tsv, .parquet or .npz."
    )
