"""The target: its classes with their own types, or its numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from advisor.data.amounts import amount_form
from advisor.data.cells import UnreadableError, cells_of
from advisor.data.intake import counted
from advisor.data.reading.columns import (
    COLUMNS,
    PLAIN,
    CategoryColumn,
    ColumnReading,
    NumberColumn,
)
from advisor.data.reading.strict import Fields
from knowledge_base.errors import UserError
from knowledge_base.types import JsonObject

EMPTY = frozenset({
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
})  # fmt: skip
"""What pandas reads as a missing cell; a class may be called that."""

KINDS = ("classification", "regression", "forecasting")


@dataclass(frozen=True)
class TargetReading:
    """What is predicted.

    Attributes:
        name: its column.
        kind: "classification", "regression" or "forecasting".
        column: how cells of it are read.
    """

    name: str
    kind: str
    column: ColumnReading

    @property
    def classes(self) -> tuple[object, ...]:
        """The classes in their order and of their own type: int, float, bool or str; () if none."""
        column = self.column
        return tuple(column.levels.tolist()) if isinstance(column, CategoryColumn) else ()

    def labels(self, places: Sequence[int] | np.ndarray) -> pd.Series:
        """Return the classes at places among `classes`, in the user's own type, shape (n,)."""
        if not isinstance(self.column, CategoryColumn):
            raise ValueError("the target has no classes")
        chosen = self.column.levels.take(np.asarray(places, dtype=np.int64))
        return pd.Series(chosen, name=self.name)

    def read(self, column: pd.Series, where: str) -> tuple[pd.Series | None, tuple[str, ...]]:
        """Return new cells as classes or numbers of the training, and notes on them.

        A cell that is missing, or of a class that training had not, is NaN. None stands for a
        column without any value.

        Raises:
            UserError: a cell is neither a class nor a number.
        """
        try:
            found = self.column.read(column)[""]
        except UnreadableError as error:
            raise UserError(
                f"The target '{self.name}' of {where} holds {error.found}, which is not what it "
                "held in training."
            ) from error
        if isinstance(self.column, CategoryColumn):
            return self._classes(found)
        missing = int(found.isna().sum())
        return (found if missing < len(found) else None), _without(missing, len(found), self.name)

    def _classes(self, found: pd.Series) -> tuple[pd.Series | None, tuple[str, ...]]:
        assert isinstance(self.column, CategoryColumn)
        strange = [level for level in self.column.unknown(found) if str(level).strip() not in EMPTY]
        known = found.cat.set_categories(self.column.levels).rename(self.name)
        rows = int(found.isin(strange).sum())
        missing = int(known.isna().sum()) - rows
        if not strange and missing == len(known):
            return None, ()
        if not strange:
            return known, _without(missing, len(known), self.name)
        note = (
            f"{counted(rows, 'row')} of '{self.name}' {'is' if rows == 1 else 'are'} of no class "
            f"that training had ('{strange[0]}'), and cannot be compared."
        )
        return known, (*_without(missing, len(known), self.name), note)

    def to_dict(self) -> JsonObject:
        """Return it as plain JSON."""
        return {"name": self.name, "kind": self.kind, "column": self.column.to_dict()}

    @classmethod
    def from_fields(cls, fields: Fields) -> "TargetReading":
        """Return what `to_dict` wrote.

        Raises:
            NotAReadingError: it did not write that.
        """
        name, kind = fields.text("name"), fields.text("kind", KINDS)
        inner = fields.inner("column")
        by_kind = COLUMNS["categories" if kind == "classification" else "numbers"]
        column = by_kind.from_fields(inner)
        inner.done()
        fields.done()
        if isinstance(column, CategoryColumn) and len(column.levels) < 2:
            raise fields.wrong("column", "has less than two classes")
        return cls(name, kind, column)


def target_reading(target: pd.Series, name: str, kind: str, raw: pd.Series) -> TargetReading:
    """Return how a target was read.

    Args:
        target: classes as `category`, or numbers.
        name: its column.
        kind: of the task.
        raw: the same as it stood in its source.
    """
    cells = cells_of(raw)
    if kind == "classification":
        return TargetReading(name, kind, CategoryColumn(cells, target.cat.categories))
    form = amount_form(raw) if cells == "texts" else None
    return TargetReading(name, kind, NumberColumn(cells, form or PLAIN))


def _without(missing: int, n: int, name: str) -> tuple[str, ...]:
    if not 0 < missing < n:
        return ()
    return (f"{counted(missing, 'row')} without '{name}' cannot be compared.",)
