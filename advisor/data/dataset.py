"""A table with a target, as the rest of the package sees it."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from knowledge_base.records import DatasetRecord


@dataclass(frozen=True)
class TabularDataset:
    """A data set of numeric and categorical columns.

    Attributes:
        name: display name.
        features: numeric columns as float64, categoricals as `category`; NaN allowed.
        target: one value per row, none missing.
        target_name: its column.
        kind: "classification" or "regression".
        source: where it came from.
        licence: under which it stands, if known.
    """

    name: str
    features: pd.DataFrame
    target: pd.Series
    target_name: str
    kind: str
    source: str | None = None
    licence: str | None = None

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
        """
        frame = self.features.assign(**{self.target_name: self.target})
        frame = frame.reindex(sorted(frame.columns, key=str), axis=1)
        rows = np.zeros(len(frame), dtype=np.uint64)
        for name in frame.columns:
            cells = pd.util.hash_array(_canonical(frame[name])).astype(np.uint64)
            rows = rows * np.uint64(1_000_003) ^ cells
        content = np.sort(rows).tobytes() + repr([str(c) for c in frame.columns]).encode()
        return hashlib.blake2b(content, digest_size=16).hexdigest()

    def record(self) -> DatasetRecord:
        """Return what the knowledge base keeps of it: no rows."""
        return DatasetRecord(
            dataset_id=self.fingerprint,
            name=self.name,
            modality="table",
            n_rows=self.n_rows,
            n_features=self.n_features,
            n_classes=self.n_classes,
            source=self.source,
            licence=self.licence,
        )


def _canonical(column: pd.Series) -> np.ndarray:
    """Return cells that hash alike, whatever type the column was read or used as."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype if column.notna().all() else "object")
    if pd.api.types.is_bool_dtype(column):
        return column.astype(str).to_numpy(dtype=object)
    if pd.api.types.infer_dtype(column, skipna=True) in ("integer", "floating"):
        # Adding zero makes -0.0 the same as 0.0.
        return column.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0
    return column.astype(object).where(column.notna(), "").astype(str).to_numpy(dtype=object)
