"""A bounded sample of a table as plain arrays: what all groups compute on."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionDtype

from advisor.metafeatures.binning import dense, level_codes, quantile_codes
from advisor.metafeatures.sampling import sample_rows

MAX_ROWS = 10_000
MAX_COLUMNS = 200


class Table(Protocol):
    """What is needed of a data set; `advisor.data.TabularDataset` has it."""

    @property
    def features(self) -> pd.DataFrame:
        """Numerics as floats, categoricals as category dtype."""

    @property
    def target(self) -> pd.Series:
        """Classes or numbers, one for each row."""

    @property
    def kind(self) -> str:
        """Either 'classification' or 'regression'."""


@dataclass(frozen=True)
class TableView:
    """Sampled rows and columns of a table; n rows, p numeric and q categorical features.

    Numeric columns and targets are shifted and scaled into [-1, 1], so that no moment of
    any finite input overflows.

    Attributes:
        n_rows: rows of the whole table, those without a target left out.
        n_features: features of the whole table.
        n_numeric: numeric features of the whole table.
        numeric: NaN where missing or infinite, shape (p, n).
        log_scale: log10 of what each numeric column was divided by, shape (p,).
        zero_share: share of zeros in each numeric column, shape (p,).
        categories: codes, -1 where missing, shape (q, n).
        labels: class codes from 0 (classification), else None, shape (n,).
        class_counts: rows of each class in the whole table; empty for regression.
        numbers: target (regression), else None, shape (n,).
        distinct_targets: distinct target values in the whole table.
        seed: what everything random is drawn with.
    """

    n_rows: int
    n_features: int
    n_numeric: int
    numeric: np.ndarray
    log_scale: np.ndarray
    zero_share: np.ndarray
    categories: np.ndarray
    labels: np.ndarray | None
    class_counts: np.ndarray
    numbers: np.ndarray | None
    distinct_targets: int
    seed: int

    @classmethod
    def of(cls, dataset: Table, seed: int) -> "TableView":
        """Sample a data set.

        Columns are taken in the order of their names, which makes every metafeature
        independent of the order of the columns.
        """
        rng = np.random.default_rng(seed)
        target, is_class = _target(dataset)
        present = np.flatnonzero(target >= 0 if is_class else np.isfinite(target))
        target = dense(target[present]) if is_class else target[present]
        rows = sample_rows(len(target), MAX_ROWS, rng, target if is_class else None)
        columns = list(_columns(dataset.features, present[rows], rng))
        numeric, log_scale, zero_share = _numeric([c for c in columns if c.dtype == float], rows)
        return cls(
            n_rows=len(target),
            n_features=dataset.features.shape[1],
            n_numeric=sum(not _is_categorical(dtype) for dtype in dataset.features.dtypes),
            numeric=numeric,
            log_scale=log_scale,
            zero_share=zero_share,
            categories=_stack([c for c in columns if c.dtype != float], rows),
            labels=target[rows] if is_class else None,
            class_counts=np.bincount(target) if is_class else np.empty(0, dtype=int),
            numbers=None if is_class else _unit(target)[0][rows],
            distinct_targets=len(np.unique(target)),
            seed=seed,
        )

    @property
    def n_sampled(self) -> int:
        """Rows in the sample (n)."""
        return int(self.numeric.shape[1])

    @cached_property
    def codes(self) -> list[np.ndarray]:
        """All features as few discrete levels from 0 on, numeric ones first, each (n,)."""
        binned = [quantile_codes(column) for column in self.numeric]
        return binned + [level_codes(column) for column in self.categories]

    @cached_property
    def target_codes(self) -> np.ndarray:
        """The classes, or equal-frequency bins of a numeric target, shape (n,)."""
        return dense(self.labels) if self.labels is not None else quantile_codes(self._numbers)

    @property
    def _numbers(self) -> np.ndarray:
        return np.empty(0) if self.numbers is None else self.numbers


def _target(dataset: Table) -> tuple[np.ndarray, bool]:
    """Return class codes (-1 where missing) or floats, and whether these are classes."""
    if dataset.kind == "classification":
        return _category_codes(dataset.target), True
    return dataset.target.to_numpy(dtype=float, na_value=np.nan), False


def _columns(
    frame: pd.DataFrame, rows: np.ndarray, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yield the sampled columns: floats where numeric, integer codes where categorical."""
    order = np.argsort(np.array([str(name) for name in frame.columns], dtype=object), kind="stable")
    for position in order[sample_rows(len(order), MAX_COLUMNS, rng)]:
        column = frame.iloc[:, position]
        if _is_categorical(column.dtype):
            yield _category_codes(column)[rows]
        else:
            yield column.to_numpy(dtype=float, na_value=np.nan)[rows]


def _is_categorical(dtype: np.dtype | ExtensionDtype) -> bool:
    return not pd.api.types.is_numeric_dtype(dtype)


def _category_codes(column: pd.Series) -> np.ndarray:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy().astype(int)
    return pd.factorize(column)[0]


def _stack(columns: list[np.ndarray], rows: np.ndarray) -> np.ndarray:
    return np.stack(columns) if columns else np.empty((0, len(rows)), dtype=int)


def _numeric(
    columns: list[np.ndarray], rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return unit columns (p, n), log10 of their scales (p,) and shares of zeros (p,)."""
    scaled = [_unit(column) for column in columns]
    numeric = np.stack([unit for unit, _ in scaled]) if scaled else np.empty((0, len(rows)))
    known = [max(int(np.isfinite(column).sum()), 1) for column in columns]
    zeros = [(column == 0).sum() / count for column, count in zip(columns, known, strict=True)]
    return numeric, np.array([scale for _, scale in scaled]), np.array(zeros)


def _unit(values: np.ndarray) -> tuple[np.ndarray, float]:
    """Return values shifted by their median into [-1, 1], and log10 of the divisor.

    Divides before it subtracts: the range of huge values may itself be too large for a float.
    Around the median, ordinary values stay distinct beside one of 1e300.
    """
    finite = np.isfinite(values)
    unit = np.where(finite, values, np.nan)
    largest = np.abs(unit[finite]).max(initial=0.0)
    if largest == 0:
        return unit, 0.0
    unit /= largest
    unit -= np.median(unit[finite])
    reach = np.abs(unit[finite]).max()
    if reach == 0:
        return unit, 0.0
    return unit / reach, float(np.log10(largest) + np.log10(reach))
