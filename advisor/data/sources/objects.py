"""Data that are in memory in other forms than a frame of pandas."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from advisor.data.names import plain_name
from advisor.data.request import DataRequest
from advisor.data.sources.base import DataSource, Raw, RawImages, RawTable, images_only
from advisor.faults import one_line
from knowledge_base.errors import UserError

TARGET = "target"
"""Name of a target that has none of its own."""


class PairSource(DataSource):
    """A pair (X, y): an array, a frame or lists, and what is to be predicted."""

    def accepts(self, source: object) -> bool:
        """Return whether `source` is a tuple or list of two that are no plain values."""
        return (
            isinstance(source, tuple | list)
            and len(source) == 2
            and all(hasattr(part, "__len__") or hasattr(part, "shape") for part in source)
            and not any(isinstance(part, str | bytes) for part in source)
        )

    def read(self, source: object, request: DataRequest) -> Raw:
        """Put both side by side; images stay images."""
        assert isinstance(source, tuple | list)
        return load_pair(source[0], source[1], request, "the arrays")


class BunchSource(DataSource):
    """What scikit-learn's loaders return, or a dictionary with `data` and `target`."""

    def accepts(self, source: object) -> bool:
        """Return whether `source` is a mapping with both."""
        return isinstance(source, Mapping) and {"data", "target"} <= set(source)

    def read(self, source: object, request: DataRequest) -> Raw:
        """Take its frame if it has one, else its data and target by the names that it gives."""
        assert isinstance(source, Mapping)
        images = source.get("images")
        if request.modality == "image" and images is not None:
            return load_pair(np.asarray(images), source["target"], request, "the data set")
        data = source["data"]
        names = source.get("feature_names")
        if not isinstance(data, pd.DataFrame) and np.ndim(data) == 2 and names is not None:
            data = _frame(_dense(data), "the data set").set_axis(list(names), axis=1)
        return load_pair(data, source["target"], request, "the data set")


class ColumnsSource(DataSource):
    """A dictionary of columns."""

    def accepts(self, source: object) -> bool:
        """Return whether `source` is a mapping."""
        return isinstance(source, Mapping)

    def read(self, source: object, request: DataRequest) -> Raw:
        """Make a frame of it."""
        assert isinstance(source, Mapping)
        return RawTable(_frame(dict(source), "the columns"), request, "the dictionary", "frame")


class ArrowSource(DataSource):
    """Tables of pyarrow and polars, and whatever else turns into a frame of pandas."""

    def accepts(self, source: object) -> bool:
        """Return whether `source` can turn itself into a table."""
        methods = ("to_pandas", "to_arrow", "collect", "to_table", "__arrow_c_stream__")
        if isinstance(source, type | pd.Series | pd.Index):
            return False
        return any(hasattr(source, name) for name in methods)

    def read(self, source: object, request: DataRequest) -> Raw:
        """Turn it into a frame of pandas by way of Arrow."""
        return RawTable(arrow_frame(source), request, "the frame", "frame")


class ArraySource(DataSource):
    """An array with one column per feature, and the target among them by its number."""

    def accepts(self, source: object) -> bool:
        """Return whether `source` is an array."""
        return hasattr(source, "__array__") and not isinstance(source, type | pd.Series | pd.Index)

    def read(self, source: object, request: DataRequest) -> Raw:
        """Make a frame of it."""
        array = np.asarray(source)
        if array.ndim != 2 and array.dtype.names is None:
            raise UserError(
                f"An array of the shape {array.shape} has no target; give a pair (X, y)."
            )
        return RawTable(_frame(array, "the array"), request, "the array", "frame")


def raw_rows(source: object, request: DataRequest) -> Raw | None:
    """Return new rows that are in memory without a target; None for any other source.

    These are a list of rows, records or texts, a column, or an array; `load_pair` takes a tuple.
    """
    if isinstance(source, pd.Series):
        return RawTable(source.to_frame(), request, "the column", "frame")
    if isinstance(source, list) and source and all(isinstance(row, Mapping) for row in source):
        return RawTable(_frame(source, "the rows"), request, "the rows", "frame")
    if isinstance(source, list):
        source = _dense(source)
    if isinstance(source, np.ndarray):
        if source.ndim in (3, 4) and request.modality == "image":
            return RawImages(source, None, request, "the array", "frame")
        return RawTable(_frame(source, "the array"), request, "the array", "frame")
    return None


def arrow_frame(source: object) -> pd.DataFrame:
    """Return a table of another library as a frame of pandas.

    Raises:
        UserError: it cannot be one.
    """
    import pyarrow as pa

    try:
        for method in ("collect", "to_arrow", "to_table"):  # lazy frames, polars, data sets
            if hasattr(source, method) and not isinstance(source, pa.Table | pa.RecordBatch):
                source = getattr(source, method)()
        found = getattr(source, "to_pandas", lambda: pa.table(source).to_pandas())()
    except (TypeError, ValueError, AttributeError, ImportError, pa.ArrowException) as error:
        raise UserError(
            f"Data of the type {type(source).__name__} cannot be read: {one_line(error)}."
        ) from error
    if not isinstance(found, pd.DataFrame):
        raise UserError(f"Data of the type {type(source).__name__} are no table; give a frame.")
    return found


def load_pair(inputs: object, target: object, request: DataRequest, name: str) -> Raw:
    """Return a table or images of inputs and target that stand side by side.

    Raises:
        UserError: they are not of one length, or cannot be used.
    """
    label = _label(target, request.target)
    dense = inputs if isinstance(inputs, pd.DataFrame) else _dense(inputs)
    if isinstance(dense, np.ndarray) and dense.ndim in (3, 4):
        images_only(request, name)
        return RawImages(dense, label, request, name, "frame")
    frame = _frame(dense, name)
    column = plain_name(label.name)
    if len(frame) != len(label):
        raise UserError(f"{name.capitalize()} have {len(frame)} rows of X but {len(label)} of y.")
    if column in map(plain_name, frame.columns):
        raise UserError(
            f"X has a column '{column}' as y has; leave it out, or call y something else with "
            "`target`."
        )
    joined = frame.reset_index(drop=True)
    joined.columns = [plain_name(name) for name in frame.columns]
    joined[column] = label
    text = request.text or (_texts_of(dense) if request.modality in (None, "text") else None)
    return RawTable(joined, replace(request, target=column, text=text), name, "frame")


def _texts_of(inputs: object) -> str | None:
    """Return the name of the column of texts that lists of texts make."""
    single = isinstance(inputs, np.ndarray) and inputs.ndim == 1 and inputs.dtype.kind in "OU"
    return "0" if single else None


def _label(target: object, name: str | None) -> pd.Series:
    if isinstance(target, pd.DataFrame) or hasattr(target, "to_pandas"):
        target = target if isinstance(target, pd.DataFrame) else target.to_pandas()
    if isinstance(target, pd.DataFrame):
        if target.shape[1] != 1:
            raise UserError(f"y has {target.shape[1]} columns; one is expected.")
        target = target.iloc[:, 0]
    if not isinstance(target, pd.Series):
        array = np.asarray(target)
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim != 1:
            raise UserError(f"y has the shape {array.shape}; one value for each row is expected.")
        plain = array.dtype.kind in "OU"
        target = pd.Series(array.astype(object) if plain else array)
    own = None if target.name is None or target.name == 0 else plain_name(target.name)
    return target.reset_index(drop=True).rename(name or own or TARGET)


def _dense(inputs: object) -> object:
    """Return inputs as an array or frame; sparse matrices become dense."""
    if hasattr(inputs, "toarray"):
        return inputs.toarray()
    if hasattr(inputs, "to_pandas"):
        return arrow_frame(inputs)
    if isinstance(inputs, Sequence) and not isinstance(inputs, str):
        try:
            return np.asarray(inputs, dtype=object if _of_texts(inputs) else None)
        except ValueError as error:
            raise UserError(f"X is no table: {one_line(error)}.") from error
    return np.asarray(inputs) if hasattr(inputs, "__array__") else inputs


def _of_texts(inputs: Sequence[object]) -> bool:
    return any(isinstance(item, str) for item in inputs[:10])


def _frame(found: object, name: str) -> pd.DataFrame:
    try:
        make: Callable[..., pd.DataFrame] = pd.DataFrame
        return found if isinstance(found, pd.DataFrame) else make(found)
    except (ValueError, TypeError) as error:
        raise UserError(f"{name.capitalize()} are no table: {one_line(error)}.") from error
