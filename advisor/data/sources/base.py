"""The base of all sources of data sets."""

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

from advisor.data.request import DataRequest
from advisor.faults import one_line
from knowledge_base.errors import UserError


@dataclass(frozen=True)
class RawTable:
    """Columns as they stand in a source, before anything is decided.

    Attributes:
        frame: one row per example; its columns may have names of any type.
        request: what the user said, with what the source itself knows.
        name: display name, which errors use too.
        source: where it came from, as stored.
        licence: that of the data, if known.
        notes: sentences on how the source was read.
    """

    frame: pd.DataFrame
    request: DataRequest
    name: str
    source: str
    licence: str | None = None
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class RawImages:
    """Images as they stand in a source, before anything is decided.

    Attributes:
        pixels: numbers as `to_images` takes them.
        labels: one per image, shape (n,); None where new images have none.
        request, name, source, licence, notes: as those of a table.
        decoded: whether they are bytes that come from files of images.
        names: one for each image that is a file of its own, else empty.
    """

    pixels: np.ndarray
    labels: pd.Series | None
    request: DataRequest
    name: str
    source: str
    licence: str | None = None
    notes: Sequence[str] = ()
    decoded: bool = False
    names: Sequence[str] = ()


Raw: TypeAlias = RawTable | RawImages
"""What a source gives."""


class DataSource(ABC):
    """One way to get a data set; adding a file format is adding a file here."""

    @abstractmethod
    def accepts(self, source: object) -> bool:
        """Return whether `source` is of this kind."""

    @abstractmethod
    def read(self, source: object, request: DataRequest) -> Raw:
        """Read what is there; what it means is decided elsewhere.

        Args:
            source: something that this source accepts.
            request: what the user said about it.

        Raises:
            UserError: it cannot be read.
        """


def as_path(source: object) -> Path | None:
    """Return a source that is a path, None if it is something else."""
    return Path(source) if isinstance(source, str | os.PathLike) else None


def existing_file(source: object) -> Path:
    """Return the path of a file that exists.

    Raises:
        UserError: it does not, or is a folder, or no path at all.
    """
    path = as_path(source)
    if path is None:
        raise UserError(
            f"Data of the type {type(source).__name__} cannot be read; give a file, a data frame "
            "of pandas, polars or pyarrow, a pair (X, y) or a dictionary of columns."
        )
    try:
        folder, file = path.is_dir(), path.is_file()
    except (OSError, ValueError) as error:  # too long a name, or one with a zero byte
        raise UserError(f"The file {path} cannot be read: {one_line(error)}.") from error
    if folder:
        raise UserError(
            f"{path} is a folder without folders of images; give a CSV or Parquet file, or a "
            "folder with one folder of images per class."
        )
    if not file:
        raise UserError(f"The file {path} does not exist.")
    return path


_NEW = {"table": "a table", "text": "texts", "series": "series"}
"""What models of a modality other than images take."""


def images_only(request: DataRequest, name: str) -> None:
    """Refuse to read images as something else.

    Raises:
        UserError: the request is for tables, texts or series, or names columns.
    """
    if not request.labelled and request.of_frame != "image":
        raise UserError(f"{name} holds images; the model takes {_NEW[request.of_frame]}.")
    if request.modality not in (None, "image"):
        raise UserError(
            f"{name} holds images; the family asked for takes {request.modality} data. Leave "
            "`family` out, or choose one for images."
        )
    if request.text or request.time:
        raise UserError(f"{name} holds images; `text` and `time` are for tables.")
    for parameter in ("drop", "keep", "as_types", "group"):
        if getattr(request, parameter):
            raise UserError(f"{name} holds images; `{parameter}` is for tables.")
