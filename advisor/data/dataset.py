"""Data sets as the rest of the package sees them: a base for all modalities, and tables."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd

from advisor.data.intake import Intake
from advisor.data.reading.base import Reading
from knowledge_base.records import DatasetRecord


class Dataset(ABC):
    """What every data set knows of itself, whatever its modality.

    Attributes:
        modality: "table", "image", "text" or "series".
        name: display name.
        kind: "classification", "regression" or "forecasting".
        target_name: what is predicted.
        source: where it came from.
        licence: under which it stands, if known.
        intake: how it was read; None for a data set that was made in Python.
        reading: with which new data are read the same way; None as for `intake`.
    """

    modality: ClassVar[str]
    name: str
    kind: str
    target_name: str
    source: str | None
    licence: str | None
    intake: Intake | None
    reading: Reading[object] | None

    @property
    def predicted(self) -> str:
        """What is predicted as a task says it: other groups are another task."""
        return self.target_name

    @property
    @abstractmethod
    def n_rows(self) -> int:
        """Number of rows, images, texts or points in time."""

    @property
    @abstractmethod
    def n_features(self) -> int:
        """Number of columns, values per image, or series; 1 for texts."""

    @property
    @abstractmethod
    def n_classes(self) -> int | None:
        """Number of classes, None where there are none."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Digest of the content."""

    def record(self) -> DatasetRecord:
        """Return what the knowledge base keeps of it: no rows."""
        return DatasetRecord(
            dataset_id=self.fingerprint,
            name=self.name,
            modality=self.modality,
            n_rows=self.n_rows,
            n_features=self.n_features,
            n_classes=self.n_classes,
            source=self.source,
            licence=self.licence,
        )


def digest_of(parts: Iterable[bytes]) -> str:
    """Return the digest of parts in their order; stored, so it must never change."""
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return found.hexdigest()


@dataclass(frozen=True)
class TabularDataset(Dataset):
    """A data set of numeric and categorical columns.

    Attributes:
        name: display name.
        features: numeric columns as float64, categoricals as `category`; NaN allowed.
        target: one value per row, none missing.
        target_name: its column.
        kind: "classification" or "regression".
        source: where it came from.
        licence: under which it stands, if known.
        intake: how it was read.
        reading: with which new rows are read the same way.
        groups: of each row, with the name of their column; rows of one are not split apart.
    """

    modality: ClassVar[str] = "table"

    name: str
    features: pd.DataFrame
    target: pd.Series
    target_name: str
    kind: str
    source: str | None = None
    licence: str | None = None
    intake: Intake | None = field(default=None, compare=False, repr=False)
    reading: Reading[pd.DataFrame] | None = field(default=None, compare=False, repr=False)
    groups: pd.Series | None = field(default=None, compare=False, repr=False)

    @property
    def predicted(self) -> str:
        """The target, and by what rows are grouped."""
        return with_groups(self.target_name, self.groups)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.features)

    @property
    def n_features(self) -> int:
        """Number of columns besides the target."""
        return self.features.shape[1]

    @property
    def n_classes(self) -> int | None:
        """Number of classes, None for regression."""
        return int(self.target.nunique()) if self.kind == "classification" else None

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the content, whatever the order of rows and columns or the target.

        Numbers count as float64, so that 1 and 1.0 are the same in a CSV and a Parquet file.
        It is stored, so it must never change: no hash of a library that may change is in it.
        """
        frame = self.features.copy()
        frame[self.target_name] = self.target
        frame = frame.reindex(sorted(frame.columns, key=str), axis=1)
        rows = np.zeros(len(frame), dtype=np.uint64)
        for name in frame.columns:
            rows = rows * np.uint64(1_000_003) ^ _hashes(frame[name])
        columns = [str(c) for c in frame.columns]
        if self.groups is not None:  # What is split otherwise is another data set.
            rows = rows * np.uint64(1_000_003) ^ _hashes(self.groups)
            columns.append(f"grouped by {self.groups.name}")
        content = np.sort(rows).tobytes() + repr(columns).encode()
        return hashlib.blake2b(content, digest_size=16).hexdigest()


def with_groups(target: str, groups: pd.Series | None) -> str:
    """Return what a task of grouped rows predicts, such as "label, grouped by patient"."""
    return target if groups is None else f"{target}, grouped by {groups.name}"


def _hashes(column: pd.Series) -> np.ndarray:
    """Return a 64-bit hash per cell, the same whatever type the column was read or used as."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype if column.notna().all() else "object")
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind in ("integer", "floating"):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0  # -0.0 is 0.0
        values[np.isnan(values)] = np.nan  # NaN has many bit patterns; this is one
        return _mixed(values.view(np.uint64))
    codes, texts = pd.factorize(column.astype(object).where(column.notna(), "").astype(str))
    known = [hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts]
    return np.frombuffer(b"".join(known), dtype="<u8").astype(np.uint64)[codes]


def _mixed(bits: np.ndarray) -> np.ndarray:
    """Scatter 64-bit numbers (the finaliser of SplitMix64, Steele et al. 2014)."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
    mixed: np.ndarray = bits ^ (bits >> np.uint64(31))
    return mixed
