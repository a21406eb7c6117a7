"""The base of all sources of data sets."""

from abc import ABC, abstractmethod
from pathlib import Path

from advisor.data.dataset import Dataset
from advisor.data.request import DataRequest
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


def existing_file(source: object) -> Path:
    """Return the path of a file that exists.

    Raises:
        UserError: it does not, or is a folder.
    """
    path = Path(str(source))
    if path.is_dir():
        raise UserError(
            f"{path} is a folder without folders of images; give a CSV or Parquet file, or a "
            "folder with one folder of images per class."
        )
    if not path.is_file():
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
