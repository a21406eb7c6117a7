"""The base of all sources of data sets."""

import os
from abc import ABC, abstractmethod
from pathlib import Path

from advisor.data.dataset import Dataset
from advisor.data.request import DataRequest
from advisor.faults import one_line
from knowledge_base.errors import UserError


class DataSource(ABC):
    """One way to get a data set; adding a file format is adding a file here."""

    @abstractmethod
    def accepts(self, source: object) -> bool:
        """Return whether `source` is of this kind."""

    @abstractmethod
    def load(self, source: object, request: DataRequest) -> Dataset:
        """Load the data set.

        Args:
            source: something that this source accepts.
            request: what the user said about it.

        Raises:
            UserError: it cannot be read or used.
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


def images_only(request: DataRequest, name: str) -> None:
    """Refuse to read images as something else.

    Raises:
        UserError: the request is for tables, texts or series, or names columns.
    """
    if request.modality not in (None, "image"):
        raise UserError(
            f"{name} holds images; the family asked for takes {request.modality} data. Leave "
            "`family` out, or choose one for images."
        )
    if request.text or request.time:
        raise UserError(f"{name} holds images; `text` and `time` are for tables.")
    for parameter in ("drop", "keep", "as_types"):
        if getattr(request, parameter):
            raise UserError(f"{name} holds images; `{parameter}` is for tables.")
