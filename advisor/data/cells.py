"""Cells of columns: of which kind they are, and which of them cannot be read."""

import numpy as np
import pandas as pd

DATES = frozenset({"datetime64", "datetime", "date", "timedelta64", "timedelta", "time", "period"})
"""Types of cells, as pandas infers them, that are dates, times of day or durations."""

CELLS = ("texts", "numbers", "truths", "dates", "others")
"""Kinds of cells, as they stand in a source."""

_KINDS = {
    "string": "texts", "boolean": "truths", "integer": "numbers", "floating": "numbers",
    "decimal": "numbers", "mixed-integer-float": "numbers", "empty": "numbers",
    "mixed": "texts", "mixed-integer": "texts",
} | dict.fromkeys(DATES, "dates")  # fmt: skip

MAX_SHOWN = 40
"""Characters of a cell that an error shows."""


class UnreadableError(ValueError):
    """A cell that is not what its column holds.

    Attributes:
        found: what it is, as an error says it.
    """

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found


def cells_of(column: pd.Series) -> str:
    """Return of which kind of `CELLS` most cells are; those of categories are their values.

    A column without any value counts as numbers, as a file without types has it.
    """
    return _KINDS.get(pd.api.types.infer_dtype(unpacked(column), skipna=True), "others")


def unpacked(column: pd.Series) -> pd.Series:
    """Return a column of categories as its values, others as they are."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.astype(column.cat.categories.dtype if column.notna().all() else "object")
    return column


def all_scalars(column: pd.Series) -> bool:
    """Return whether no cell is a list, a mapping or the like."""
    if pd.api.types.infer_dtype(column, skipna=True) in ("string", "boolean"):
        return True  # pandas looked at every cell, at a hundredth of the time
    return all(isinstance(cell, str | int | float | np.generic) for cell in column.dropna())


def unreadable(column: pd.Series, which: pd.Series | np.ndarray) -> UnreadableError:
    """Return an error that shows the first of the cells that cannot be read, which are given."""
    place = int(np.flatnonzero(np.asarray(which))[0])
    shown = " ".join(str(column.iloc[place]).split())
    cut = shown if len(shown) <= MAX_SHOWN else f"{shown[: MAX_SHOWN - 3]}..."
    return UnreadableError(f"'{cut}' in data row {place + 1}")
