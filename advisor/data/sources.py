"""Where data sets come from: files, built-in names, frames."""

import difflib
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from advisor.data.dataset import TabularDataset
from advisor.data.inference import to_dataset
from knowledge_base.errors import UserError


class DataSource(ABC):
    """One way to get a data set; adding a file format or modality is adding a class."""

    @abstractmethod
    def accepts(self, source: Any) -> bool:
        """Return whether `source` is of this kind."""

    @abstractmethod
    def load(self, source: Any, target: str | None, kind: str | None) -> TabularDataset:
        """Load the data set.

        Raises:
            UserError: it cannot be read or used.
        """


class FrameSource(DataSource):
    """A pandas data frame."""

    def accepts(self, source: Any) -> bool:
        """Return whether `source` is a frame."""
        return isinstance(source, pd.DataFrame)

    def load(self, source: Any, target: str | None, kind: str | None) -> TabularDataset:
        """Check and type the frame."""
        return to_dataset(source, target, kind, "the frame", "frame")


class SklearnSource(DataSource):
    """Data sets that scikit-learn brings along, such as `sklearn:digits`."""

    NAMES: ClassVar[dict[str, str]] = {
        "digits": "classification",
        "iris": "classification",
        "wine": "classification",
        "breast_cancer": "classification",
        "diabetes": "regression",
    }

    def accepts(self, source: Any) -> bool:
        """Return whether `source` starts with sklearn:."""
        return str(source).startswith("sklearn:")

    def load(self, source: Any, target: str | None, kind: str | None) -> TabularDataset:
        """Load it; its target is called `target`."""
        name = str(source).partition(":")[2]
        if name not in self.NAMES:
            near = difflib.get_close_matches(name, self.NAMES, n=1) or sorted(self.NAMES)
            raise UserError(f"No built-in data set is called 'sklearn:{name}'. "
                            f"Try sklearn:{' or sklearn:'.join(near)}.")  # fmt: skip
        import sklearn.datasets

        bunch = getattr(sklearn.datasets, f"load_{name}")(as_frame=True)
        return to_dataset(
            bunch.frame,
            target or "target",
            kind or self.NAMES[name],
            str(source),
            "scikit-learn",
            "BSD-3-Clause (distribution)",
        )


class CsvSource(DataSource):
    """CSV files separated by comma, semicolon or tab."""

    SUFFIXES: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".txt")

    def accepts(self, source: Any) -> bool:
        """Return whether the file name is one of a CSV file."""
        return Path(str(source)).suffix.lower() in self.SUFFIXES

    def load(self, source: Any, target: str | None, kind: str | None) -> TabularDataset:
        """Read the file; types are inferred."""
        path = existing_file(source)
        try:
            frame = pd.read_csv(path, sep=_separator(path))
        except pd.errors.EmptyDataError:
            raise UserError(f"{path} is empty.") from None
        except (pd.errors.ParserError, UnicodeDecodeError) as error:
            raise UserError(f"{path} cannot be read as CSV: {error}.") from error
        return to_dataset(frame, target, kind, path.name, "file")


class ParquetSource(DataSource):
    """Parquet files."""

    def accepts(self, source: Any) -> bool:
        """Return whether the file name is one of a Parquet file."""
        return Path(str(source)).suffix.lower() in (".parquet", ".pq")

    def load(self, source: Any, target: str | None, kind: str | None) -> TabularDataset:
        """Read the file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = existing_file(source)
        try:
            frame = pq.read_table(path).to_pandas()
        except (pa.ArrowInvalid, OSError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"{path} is not a whole Parquet file: {reason}") from error
        return to_dataset(frame, target, kind, path.name, "file")


SOURCES: tuple[DataSource, ...] = (FrameSource(), SklearnSource(), CsvSource(), ParquetSource())


def load_dataset(source: Any, target: str | None = None, kind: str | None = None) -> TabularDataset:
    """Load a data set from a CSV or Parquet file, a built-in name or a frame.

    Args:
        source: path, `sklearn:NAME` or data frame.
        target: column to predict; built-in data sets know theirs.
        kind: "classification" or "regression"; None infers it from the target.

    Raises:
        UserError: it cannot be read or used; says what, where and what to do.
    """
    for candidate in SOURCES:
        if candidate.accepts(source):
            return candidate.load(source, target, kind)
    existing_file(source)
    raise UserError(f"{source} is neither CSV nor Parquet; name it .csv, .tsv or .parquet.")


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


def _separator(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        header = file.readline()
    counts = {separator: header.count(separator) for separator in ",;\t"}
    return max(counts, key=lambda separator: counts[separator])
