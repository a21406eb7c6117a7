"""Loading a data set: what is in a source, and what that means."""

from collections.abc import Mapping, Sequence

from advisor.data.dataset import Dataset
from advisor.data.frames import interpret
from advisor.data.images import to_images
from advisor.data.request import DataRequest
from advisor.data.sources import RawImages, open_source


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
    group: object = None,
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
        group: column that says which rows of a table, or texts, belong together: none of them
            are on both sides of a split. It is no feature.

    Raises:
        UserError: it cannot be read or used; says what, where and what to do.
    """
    request = DataRequest.of(
        target,
        kind,
        modality,
        text,
        time,
        series,
        horizon,
        drop,
        keep,
        as_types,
        size,
        group,
    )
    raw = open_source(source, request)
    if isinstance(raw, RawImages):
        return to_images(
            raw.pixels, raw.labels, raw.name, raw.source, raw.licence, raw.request.kind,
            raw.request.size, raw.notes, raw.decoded,
        )  # fmt: skip
    return interpret(raw.frame, raw.request, raw.name, raw.source, raw.licence, raw.notes)
