"""The base of all sources of data sets."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from advisor.data.dataset import TabularDataset
from knowledge_base.errors import UserError


class DataSource(ABC):
    """One way to get a data set; adding a file format or a modality is adding a file here."""

    @abstractmethod
    def accepts(self, source: Any) -> bool:
        """Return whether `source` is of this kind."""

    @abstractmethod
    def load(self, source: Any, target: str | None, kind: str | None) -> TabularDataset:
        """Load the data set.

        Args:
            source: something that this source accepts.
            target: column to predict, if it is not known anyway.
            kind: "classification" or "regression"; None infers it.

        Raises:
            UserError: it cannot be read or used.
        """


def existing_file(source: Any) -> Path:
    """Return the path of a file that exists.

    Raises:
        UserError: it does not, or is a folder.
    """
    path = Path(str(source))
    if path.is_dir():
        raise UserError(f"{path} is a folder; give a CSV or Parquet file.")
    if not path.is_file():
        raise UserError(f"The file {path} does not exist.")
    return path


def one_line(error: Exception) -> str:
    """Return what an error of a library says, on one line and without a full stop."""
    return " ".join(str(error).split()).rstrip(".")
