"""Where data sets come from: files, folders, built-in names, frames."""

from advisor.data.request import DataRequest
from advisor.data.sources.base import DataSource, Raw, RawImages, RawTable, existing_file
from advisor.data.sources.objects import raw_rows
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

__all__ = ["SOURCES", "DataSource", "Raw", "RawImages", "RawTable", "open_rows", "open_source"]


def open_rows(source: object, request: DataRequest) -> Raw:
    """Return what is in a source of new rows, which may also be a list or an array of them.

    Raises:
        UserError: it cannot be read; says what, where and what to do.
    """
    raw = raw_rows(source, request)
    return open_source(source, request) if raw is None else raw


def open_source(source: object, request: DataRequest) -> Raw:
    """Return what is in a source, before anything is decided.

    Args:
        source: as `load_dataset` takes it.
        request: what the user said about it.

    Raises:
        UserError: it cannot be read; says what, where and what to do.
    """
    for make in SOURCES.values():
        candidate = make()
        if candidate.accepts(source):
            return candidate.read(source, request)
    path = existing_file(source)
    if is_packed(path):
        content_of(path)  # says what is wrong with it
    raise UserError(
        f"{path} is neither CSV, JSON, Parquet, Feather, Excel, npz nor idx; give it the suffix of "
        "what it is, such as .csv, .jsonl, .parquet, .feather, .xlsx or .npz."
    )
