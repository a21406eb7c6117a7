"""Columns of texts that are numbers: money, percentages, thousands separators, one unit."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from advisor.data.cells import unreadable

MISSING = frozenset({"", "-", "--", "\u2013", "\u2014", "?", ".", "..", "n/a", "na", "nan", "none",
                     "null", "unknown", "missing", "tbd"})  # fmt: skip
"""Words that stand for a missing number, in lower case."""

FACTORS = {"k": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6, "b": 1e9, "bn": 1e9}
"""What letters behind a number multiply it by, where a column has several of them."""

_MONEY = r"(?:[$€£¥₹₽₩₺₫฿]|(?:US|A|C|HK|NZ|R)\$|\b(?:USD|EUR|GBP|CHF|JPY|CNY|INR|Rs\.?|kr\.?|zł))"
_SPACES = re.compile(r"[\s\u00a0\u2007\u202f]+")
_SPACED = re.compile(r"(?<=\d)[\s\u00a0\u2007\u202f'\u2019](?=\d{3}(?!\d))")
_FORM = re.compile(
    rf"(?P<minus>[-+\u2212]?)\s*(?:{_MONEY})?\s*(?P<sign>[-+\u2212]?)\s*(?P<number>\d[\d.,]*|[.,]\d+)"
    rf"(?P<power>[eE][-+]?\d+)?\s*(?P<unit>{_MONEY}|%|‰|°?[A-Za-zµ²³/]{{1,6}}\.?)?",
    re.I,
)
_CURRENCY = re.compile(_MONEY, re.I)
_GROUPED = {
    ",": re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}"),  # by twos in India
    ".": re.compile(r"\d{1,3}(?:\.\d{3})+"),
}


@dataclass(frozen=True)
class AmountForm:
    """How the texts of a column are read as numbers.

    Attributes:
        decimal: "." or ","; None where the column fits both, so that new texts tell.
        units: those behind the numbers, in lower case.
        several: whether these multiply, as k and M do.
        currency: that of money, in lower case; "" for none.
    """

    decimal: str | None = None
    units: frozenset[str] = frozenset()
    several: bool = False
    currency: str = ""

    def read(self, column: pd.Series) -> pd.Series:
        """Return texts as float64, NaN for words that stand for a missing number.

        Raises:
            UnreadableError: a cell is no number, or one of another unit or currency.
        """
        cells, places = _distinct(column)
        read = [_parts(cell) for cell in cells]
        decimal = self.decimal or _decimal_mark([part[0] for part in read if part and part[0]])
        values = np.full(len(cells), np.nan)
        wrong = np.zeros(len(cells), dtype=bool)
        for place, (cell, part) in enumerate(zip(cells, read, strict=True)):
            if part is None or not self._takes(cell, part, decimal):
                wrong[place] = True
            else:
                values[place] = _value(part, decimal or ".", self.several)
        known = column.notna().to_numpy()
        if wrong.any():
            which = np.zeros(len(column), dtype=bool)
            which[known] = wrong[places]
            raise unreadable(column, which)
        numbers = pd.Series(np.nan, index=column.index, dtype="float64", name=column.name)
        numbers[known] = values[places]
        return numbers

    def _takes(self, cell: str, part: "_Parts", decimal: str | None) -> bool:
        """Return whether a number is of the column's form; a missing one always is."""
        digits, _, unit, _ = part
        if not digits:
            return True
        money = _CURRENCY.search(cell)
        same = not (money and self.currency) or money[0].lower() == self.currency
        other = {".": ",", ",": "."}
        fits = decimal is not None and _fits(digits, decimal, other[decimal])
        paid = money is not None and unit == money[0].lower()
        known = not unit or paid or unit in (FACTORS if self.several else self.units)
        return fits and same and known


def amount_form(column: pd.Series) -> AmountForm | None:
    """Return how texts are read as numbers, None if some cell is no number.

    "$1,234.50", "€ 3.000,10", "1 234", "1'234", "12%", "(5.00)" for -5 and "12 kg" are numbers, if
    all cells have one unit at most; where a column has several of k, M and B, these multiply. Which
    of comma and point is the decimal mark is told by the whole column; a lone "1,234" counts as
    one thousand. A percentage stays the number before its sign.
    """
    cells, _ = _distinct(column)
    read = [_parts(cell) for cell in cells]
    parts = [part for part in read if part is not None]
    if len(parts) < len(read):
        return None
    written = [part for part in parts if part[0]]
    units = frozenset(part[2] for part in written if part[2])
    several = len(units) > 1
    if not written or (several and not units <= FACTORS.keys()):
        return None
    currencies = {found[0].lower() for cell in cells if (found := _CURRENCY.search(cell))}
    numbers = [part[0] for part in written]
    decimal = _decimal_mark(numbers)
    if decimal is None or len(currencies) > 1:
        return None
    both = decimal == "." and all(_fits(number, ",", ".") for number in numbers)
    return AmountForm(None if both else decimal, units, several, next(iter(currencies), ""))


def numbers_in(column: pd.Series) -> pd.Series | None:
    """Return a column of texts as float64, None if some cell is no number."""
    form = amount_form(column)
    return None if form is None else form.read(column)


def _distinct(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return the different texts of a column, and which of them each known cell is."""
    return np.unique(column.dropna().astype(str).to_numpy(dtype=object), return_inverse=True)


_Parts = tuple[str, str, str, bool]
"""Digits with their marks, power of ten, unit in lower case, and whether it is negative."""


def _parts(cell: str) -> _Parts | None:
    """Return what a cell consists of, None if it is no number; no digits if it is missing."""
    text = cell.strip()
    if text.lower() in MISSING:
        return "", "", "", False
    bracketed = text.startswith("(") and text.endswith(")")
    text = _SPACED.sub("", text[1:-1].strip() if bracketed else text)
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    negative = bracketed or any(found[group] in ("-", "\u2212") for group in ("minus", "sign"))
    unit = _SPACES.sub("", (found["unit"] or "").lower())
    return found["number"], found["power"] or "", unit, negative


def _decimal_mark(numbers: Sequence[str]) -> str | None:
    """Return "." or ",", None if the numbers of a column do not agree."""
    for mark, other in ((".", ","), (",", ".")):
        if all(_fits(number, mark, other) for number in numbers):
            return mark
    return None


def _fits(number: str, mark: str, other: str) -> bool:
    whole, _, fraction = number.partition(mark)
    grouped = other not in whole or _GROUPED[other].fullmatch(whole) is not None
    return grouped and mark not in fraction and other not in fraction


def _value(part: _Parts, decimal: str, several: bool) -> float:
    digits, power, unit, negative = part
    if not digits:
        return float("nan")
    plain = digits.replace("," if decimal == "." else ".", "").replace(decimal, ".")
    value = float(plain + power) * (FACTORS.get(unit, 1.0) if several else 1.0)
    return -value if negative else value
