"""Where data sets come from: files, folders, built-in names, frames."""

from collections.abc import Mapping, Sequence

from advisor.data.dataset import Dataset
from advisor.data.request import DataRequest
from advisor.data.sources.base import DataSource, existing_file
from advisor.data.sources.packed import content_of, is_packed
from knowledge_base.errors import UserError
from knowledge_base.registry import Registry

SOURCES: Registry[type[DataSource]] = Registry(
    "source of data sets",
    {
        "frame": "advisor.data.sources.frame:FrameSource",
        "sklearn": "advisor.data.sources.builtin:SklearnSource",
        "csv": "advisor.data.sources.csv:CsvSource",
        "parquet": "advisor.data.sources.parquet:ParquetSource",
        "json": "advisor.data.sources.json:JsonSource",
        "excel": "advisor.data.sources.excel:ExcelSource",
        "feather": "advisor.data.sources.feather:FeatherSource",
        "stdin": "advisor.data.sources.stdin:StdinSource",
        "folder": "advisor.data.sources.folder:ImageFolderSource",
        "npz": "advisor.data.sources.arrays:NpzSource",
        "idx": "advisor.data.sources.arrays:IdxSource",
        "pair": "advisor.data.sources.objects:PairSource",
        "bunch": "advisor.data.sources.objects:BunchSource",
        "columns": "advisor.data.sources.objects:ColumnsSource",
        "arrow": "advisor.data.sources.objects:ArrowSource",
        "array": "advisor.data.sources.objects:ArraySource",
    },
)
"""All sources, asked in this order; the first that accepts loads."""

__all__ = ["SOURCES", "DataSource", "load_dataset"]


def load_dataset(
    source: object,
    target: object = None,
    kind: str | None = None,
    modality: str | None = None,
    text: object = None,
    time: object = None,
    series: object = None,
    horizon: int | None = None,
    *,
    drop: Sequence[object] | str | None = None,
    keep: Sequence[object] | str | None = None,
    as_types: Mapping[str, str] | None = None,
    size: int | Sequence[int] | None = None,
) -> Dataset:
    """Load a data set: a table, labelled images or texts, or time series.

    Its `intake` says what was read as what, and what was left out.

    Args:
        source: a file of a table (CSV, JSON, JSON Lines, Parquet, Feather or Excel, text also
            packed as .gz, .bz2, .xz or .zip), "-" for standard input, a folder with a folder
            of images per class, an npz or idx file of images, `sklearn:NAME`, a frame of pandas
            or polars, a table of pyarrow, a pair (X, y), a Bunch of scikit-learn, or a
            dictionary of columns.
        target: column to predict; built-in data sets, images and pairs know theirs.
        kind: "classification" or "regression"; None infers it from the target.
        modality, text, time, series, horizon: as `DataRequest` has them: `text="review"`, or
            `time="month"`, `horizon=12` and `series="shop"`, or `modality="image"`.
        drop: columns of a table to leave out.
        keep: columns to use although they look like identifiers.
        as_types: as what columns are to be read: "category", "number", "date", "text" or
            "drop", by name.
        size: side to resize images to, or width and height.

    Raises:
        UserError: it cannot be read or used; says what, where and what to do.
    """
    request = DataRequest.of(
        target, kind, modality, text, time, series, horizon, drop, keep, as_types, size
    )
    for make in SOURCES.values():
        candidate = make()
        if candidate.accepts(source):
            return candidate.load(source, request)
    path = existing_file(source)
    if is_packed(path):
        content_of(path)  # says what is wrong with it
    raise UserError(
        f"{path} is neither CSV, JSON, Parquet, Feather, Excel, npz nor idx; give it the suffix of "
        "what it is, such as .csv, .jsonl, .parquet, .feather, .xlsx or .npz."
    )
