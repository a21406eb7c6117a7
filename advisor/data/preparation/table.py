"""Tables to arrays: imputed, scaled and one-hot, fitted on the training part only.

scikit-learn decides what is learnt of the training part; NumPy applies it, to the rows that are
trained on as to new ones, so that both come out the same to the last bit.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd

from advisor.data.dataset import TabularDataset
from advisor.data.preparation import target as targets
from advisor.data.preparation.base import (
    Arrays,
    Features,
    Preparation,
    PreparedData,
    arrays_of,
)
from advisor.data.preparation.encoders import (
    CATEGORY_FIELDS,
    NUMBER_FIELDS,
    CategoryColumn,
    NumberColumn,
    fit_columns,
)
from advisor.data.preparation.stored import MAX_INPUTS, Stored, damaged
from advisor.data.preparation.target import Target
from advisor.data.splits import Splits, split_indices
from knowledge_base.errors import UserError
from knowledge_base.types import JsonObject

FARTHEST = 10
"""Where inputs are clipped: a value far outside the training part must not blow up the network's
first layer."""

MAX_SHOWN = 5
"""Columns that an error names."""


@dataclass(frozen=True)
class TablePreparation(Preparation):
    """Numbers, then one indicator per category.

    Attributes:
        target: classes, or how numbers of the target are standardised.
        numbers: columns of numbers, in the order of the inputs.
        categories: columns of categories, in the order of the inputs behind them.
    """

    target: Target
    numbers: tuple[NumberColumn, ...]
    categories: tuple[CategoryColumn, ...]

    modality: ClassVar[str] = "table"

    @cached_property
    def n_inputs(self) -> int:
        """Columns after encoding."""
        return len(self.numbers) + sum(column.width for column in self.categories)

    @property
    def groups(self) -> tuple[tuple[int, int], ...]:
        """First input and number of inputs of each column of categories."""
        widths = [column.width for column in self.categories]
        starts = np.cumsum([len(self.numbers), *widths])
        return tuple(zip(starts[:-1].tolist(), widths, strict=True)) if sum(widths) else ()

    def inputs(self, features: Features) -> np.ndarray:
        """Return float32 of shape (n, n_inputs).

        Raises:
            UserError: a column is missing, or one of numbers holds something else.
        """
        if not isinstance(features, pd.DataFrame):
            raise TypeError(f"a table needs a frame, not a {type(features).__name__}")
        self._check_columns(features)
        # Networks add up numbers in another order where these lie in another order in memory.
        order: Literal["C", "F"] = "F" if self.n_inputs > 1 and not self.categories else "C"
        inputs = np.zeros((len(features), self.n_inputs), dtype=np.float32, order=order)
        # What is too large for float32 becomes infinite, and is clipped.
        with np.errstate(over="ignore"):
            for place, number in enumerate(self.numbers):
                inputs[:, place] = number.encoded(features[number.name])
        for (start, _), category in zip(self.groups, self.categories, strict=True):
            places = category.places(features[category.name])
            rows = np.flatnonzero(places >= 0)
            inputs[rows, start + places[rows]] = 1
        return np.clip(inputs, -FARTHEST, FARTHEST, out=inputs)

    def in_unit(self, values: np.ndarray, features: Features) -> np.ndarray:
        """Return numbers in the target's own unit."""
        return self.target.in_unit(values)

    def stand_in(self, rows: int = 2) -> PreparedData:
        """Return rows of zeros."""
        x, y = np.zeros((rows, self.n_inputs), dtype=np.float32), self.target.zeros(rows)
        return self._data(arrays_of([(x, y)] * 3), self.target.n_outputs)

    def to_dict(self) -> JsonObject:
        """Return it as strict JSON."""
        return {
            "modality": self.modality,
            "target": self.target.to_dict(),
            "numbers": [column.to_dict() for column in self.numbers],
            "categories": [column.to_dict() for column in self.categories],
        }

    @classmethod
    def from_dict(cls, found: object) -> Self:
        """Return what `to_dict` gave.

        Raises:
            UserError: it is not that.
        """
        stored = Stored(found, "the table", ("modality", "target", "numbers", "categories"))
        stored.one_of("modality", [cls.modality])
        made = cls(
            Target.from_stored(stored.part("target", targets.FIELDS)),
            tuple(map(NumberColumn.from_stored, stored.parts("numbers", NUMBER_FIELDS))),
            tuple(map(CategoryColumn.from_stored, stored.parts("categories", CATEGORY_FIELDS))),
        )
        names = made._names()
        if not names or len(set(names)) != len(names) or made.n_inputs > MAX_INPUTS:
            raise damaged(f"a table has 1 to {MAX_INPUTS:,} columns with names of their own")
        return made

    def prepared(self, dataset: TabularDataset, splits: Splits) -> PreparedData:
        """Return the parts of the data set that this was fitted on."""
        codes = dataset.kind == "classification"
        y = (
            dataset.target.cat.codes.to_numpy(dtype=np.int64)
            if codes
            else self.target.encoded(dataset.target)
        )
        parts = (splits.train, splits.valid, splits.test)
        arrays = arrays_of((self.inputs(dataset.features.iloc[rows]), y[rows]) for rows in parts)
        n_outputs = (dataset.n_classes or 0) if codes else 1
        return replace(self._data(arrays, n_outputs), valid_rows=splits.valid)

    def _data(self, arrays: Arrays, n_outputs: int) -> PreparedData:
        return PreparedData(
            **arrays,
            kind=self.target.kind,
            n_inputs=self.n_inputs,
            n_outputs=n_outputs,
            target_mean=self.target.mean,
            target_scale=self.target.scale,
            categories=self.groups,
            preparation=self,
        )

    def _names(self) -> list[str]:
        return [*(one.name for one in self.numbers), *(one.name for one in self.categories)]

    def _check_columns(self, features: pd.DataFrame) -> None:
        missing = [name for name in self._names() if name not in features.columns]
        if missing:
            shown = ", ".join(f"'{name}'" for name in missing[:MAX_SHOWN])
            raise UserError(f"The new rows lack {shown}, which the model was trained on.")


def prepare_table(
    dataset: TabularDataset, seed: int = 0, fold: int | None = 0, test: bool = True
) -> PreparedData:
    """Split and encode; nothing is learnt from validation and test parts."""
    splits = split_indices(dataset, seed, fold, test)
    target = Target.fitted(dataset.target, dataset.kind, splits.train)
    numbers, categories = fit_columns(dataset.features.iloc[splits.train])
    return TablePreparation(target, numbers, categories).prepared(dataset, splits)
