"""Columns of texts that are numbers: money, percentages, thousands separators, one unit."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from advisor.data.cells import unreadable
from advisor.data.written import CURRENCY, FACTORS, WrittenForm, decimal_mark, fits, parts_of


@dataclass(frozen=True)
class AmountForm(WrittenForm):
    """How the texts of a column are read as numbers."""

    def read(self, column: pd.Series) -> pd.Series:
        """Return texts as float64, NaN for words that stand for a missing number.

        Raises:
            UnreadableError: a cell is no number, or one of another unit or currency.
        """
        cells, places = _distinct(column)
        found = self.values(cells.tolist())
        values = np.array([np.nan if value is None else value for value in found], dtype=np.float64)
        wrong = np.array([value is None for value in found], dtype=bool)
        known = column.notna().to_numpy()
        if wrong.any():
            which = np.zeros(len(column), dtype=bool)
            which[known] = wrong[places]
            raise unreadable(column, which)
        numbers = pd.Series(np.nan, index=column.index, dtype="float64", name=column.name)
        numbers[known] = values[places]
        return numbers


def amount_form(column: pd.Series) -> AmountForm | None:
    """Return how texts are read as numbers, None if some cell is no number.

    "$1,234.50", "€ 3.000,10", "1 234", "1'234", "12%", "(5.00)" for -5 and "12 kg" are numbers, if
    all cells have one unit at most; where a column has several of k, M and B, these multiply. Which
    of comma and point is the decimal mark is told by the whole column; a lone "1,234" counts as
    one thousand. A percentage stays the number before its sign.
    """
    cells, _ = _distinct(column)
    read = [parts_of(cell) for cell in cells]
    parts = [part for part in read if part is not None]
    if len(parts) < len(read):
        return None
    written = [part for part in parts if part[0]]
    units = frozenset(part[2] for part in written if part[2])
    several = len(units) > 1
    if not written or (several and not units <= FACTORS.keys()):
        return None
    currencies = {found[0].lower() for cell in cells if (found := CURRENCY.search(cell))}
    numbers = [part[0] for part in written]
    decimal = decimal_mark(numbers)
    if decimal is None or len(currencies) > 1:
        return None
    both = decimal == "." and all(fits(number, ",", ".") for number in numbers)
    return AmountForm(None if both else decimal, units, several, next(iter(currencies), ""))


def numbers_in(column: pd.Series) -> pd.Series | None:
    """Return a column of texts as float64, None if some cell is no number."""
    form = amount_form(column)
    return None if form is None else form.read(column)


def _distinct(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return the different texts of a column, and which of them each known cell is."""
    return np.unique(column.dropna().astype(str).to_numpy(dtype=object), return_inverse=True)
