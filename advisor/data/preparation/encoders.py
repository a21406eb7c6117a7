"""Columns of a table as numbers: scikit-learn fits them, NumPy applies what it found."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd

from advisor.data.preparation.stored import Level, Stored, damaged, level_of
from knowledge_base.errors import UserError
from knowledge_base.types import JsonObject

MAX_CATEGORIES = 30

HUGE = 1e140
"""Numbers beyond this have squares whose sum may be infinite."""

DIVISOR = 2.0**600
"""What columns of them are divided by, exactly, as by every power of two."""

NUMBER_FIELDS = ("name", "divided", "median", "mean", "scale")
CATEGORY_FIELDS = ("name", "levels", "rare")
"""Fields of stored columns."""


@dataclass(frozen=True)
class NumberColumn:
    """Missing numbers become the median, and all are standardised.

    Attributes:
        name: of the column.
        divided: whether numbers are divided by `DIVISOR` first, since their squares are beyond
            float64; standardising undoes it.
        median, mean, scale: of the training part, after that.
    """

    name: str
    divided: bool
    median: float
    mean: float
    scale: float

    def encoded(self, column: pd.Series) -> np.ndarray:
        """Return standardised numbers, float64.

        Raises:
            UserError: it holds something else than finite numbers and gaps.
        """
        try:
            values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError):
            raise UserError(
                f"The column '{self.name}' of the new rows holds something else than numbers, "
                "which the model was trained on."
            ) from None
        if np.isinf(values).any():
            raise UserError(
                f"The column '{self.name}' of the new rows has infinite values; replace them by a "
                "number or leave the cell empty."
            )
        if self.divided:
            values = values / DIVISOR
        values = np.where(np.isnan(values), self.median, values)
        scaled: np.ndarray = (values - self.mean) / self.scale
        return scaled

    def to_dict(self) -> JsonObject:
        """Return it as JSON."""
        return {name: getattr(self, name) for name in NUMBER_FIELDS}

    @classmethod
    def from_stored(cls, stored: Stored) -> Self:
        """Return what `to_dict` gave.

        Raises:
            UserError: it is not that.
        """
        return cls(
            stored.text("name"),
            stored.truth("divided"),
            stored.number("median"),
            stored.number("mean"),
            stored.number("scale", positive=True),
        )


@dataclass(frozen=True)
class CategoryColumn:
    """One indicator per frequent category of the training part, and one for all rare ones.

    A category that the training part does not have counts as a rare one; it has no indicator
    where there are none, as scikit-learn's "infrequent_if_exist" has it.

    Attributes:
        name: of the column.
        levels: frequent categories in the order of their indicators; None is a missing value.
        rare: the others; their indicator is the last.
    """

    name: str
    levels: tuple[Level | None, ...]
    rare: tuple[Level | None, ...] = ()

    @property
    def width(self) -> int:
        """Number of indicators."""
        return len(self.levels) + bool(self.rare)

    @cached_property
    def _numbers(self) -> dict[Level | None, int]:
        """Indicators by category."""
        rare = dict.fromkeys(self.rare, len(self.levels))
        return {**rare, **{level: place for place, level in enumerate(self.levels)}}

    def places(self, column: pd.Series) -> np.ndarray:
        """Return which indicator is 1 in each row, -1 where none is."""
        coded = column.astype("category")
        unknown = len(self.levels) if self.rare else -1
        found = [*map(level_of, coded.cat.categories), None]
        places = np.array([self._numbers.get(level, unknown) for level in found])
        of_rows: np.ndarray = places[coded.cat.codes.to_numpy()]  # a missing value has code -1
        return of_rows

    def to_dict(self) -> JsonObject:
        """Return it as JSON."""
        return {"name": self.name, "levels": list(self.levels), "rare": list(self.rare)}

    @classmethod
    def from_stored(cls, stored: Stored) -> Self:
        """Return what `to_dict` gave.

        Raises:
            UserError: it is not that.
        """
        levels, rare = stored.optional_levels("levels"), stored.optional_levels("rare")
        if len({*levels, *rare}) != len(levels) + len(rare) or not (levels or rare):
            raise damaged(f"{stored.where} has no categories, or one twice")
        if len(levels) + bool(rare) > MAX_CATEGORIES:
            raise damaged(f"{stored.where} has more than {MAX_CATEGORIES} indicators")
        return cls(stored.text("name"), levels, rare)


def fit_columns(
    train: pd.DataFrame,
) -> tuple[tuple[NumberColumn, ...], tuple[CategoryColumn, ...]]:
    """Learn the columns of a training part: those of numbers, and those of categories."""
    return _numbers(train.select_dtypes("number")), _categories(train.select_dtypes("category"))


def _numbers(train: pd.DataFrame) -> tuple[NumberColumn, ...]:
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import StandardScaler

    if train.shape[1] == 0:
        return ()
    largest = train.abs().max()
    huge = list(largest.index[largest > HUGE])
    if huge:
        train = train.copy()
        train[huge] = train[huge] / DIVISOR
    imputer = SimpleImputer(strategy="median", keep_empty_features=True)
    scaler = StandardScaler().fit(imputer.fit_transform(train))
    learnt = (imputer.statistics_, scaler.mean_, scaler.scale_)
    return tuple(
        NumberColumn(str(name), name in huge, float(median), float(mean), float(scale))
        for name, median, mean, scale in zip(train.columns, *learnt, strict=True)
    )


def _categories(train: pd.DataFrame) -> tuple[CategoryColumn, ...]:
    from sklearn.preprocessing import OneHotEncoder

    if train.shape[1] == 0:
        return ()
    encoder = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=MAX_CATEGORIES, sparse_output=False
    ).fit(train)
    columns = []
    for name, known, infrequent in zip(
        train.columns, encoder.categories_, encoder.infrequent_categories_, strict=True
    ):
        rare = () if infrequent is None else _levels(infrequent)
        others = set(rare)
        levels = tuple(level for level in _levels(known) if level not in others)
        columns.append(CategoryColumn(str(name), levels, rare))
    return tuple(columns)


def _levels(categories: np.ndarray) -> tuple[Level | None, ...]:
    """Return categories of the encoder, where NaN stands for missing values.

    They become pandas' own values, such as its timestamps, as those of columns are.
    """
    found = pd.Index(categories, dtype=object if categories.dtype == object else None)
    missing = found.isna()
    return tuple(
        None if gap else level_of(value) for gap, value in zip(missing, found, strict=True)
    )
