"""Columns of texts that are numbers: money, percentages, thousands separators, one unit."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

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


def numbers_in(column: pd.Series) -> pd.Series | None:
    """Return a column of texts as float64, None if some cell is no number.

    "$1,234.50", "€ 3.000,10", "1 234", "1'234", "12%", "(5.00)" for -5 and "12 kg" are numbers, if
    all cells have one unit at most; where a column has several of k, M and B, these multiply. Which
    of comma and point is the decimal mark is told by the whole column; a lone "1,234" counts as
    one thousand. A percentage stays the number before its sign.
    """
    cells, places = np.unique(column.dropna().astype(str).to_numpy(dtype=object),
                              return_inverse=True)  # fmt: skip
    read = [_parts(cell) for cell in cells]
    parts = [part for part in read if part is not None]
    if len(parts) < len(read):
        return None
    written = [part for part in parts if part[0]]
    units = {part[2] for part in written if part[2]}
    several = len(units) > 1
    if not written or (several and not units <= FACTORS.keys()):
        return None
    currencies = {found[0].lower() for cell in cells if (found := _CURRENCY.search(cell))}
    decimal = _decimal_mark([part[0] for part in written])
    if decimal is None or len(currencies) > 1:
        return None
    values = [_value(part, decimal, several) for part in parts]
    numbers = pd.Series(np.nan, index=column.index, dtype="float64", name=column.name)
    numbers[column.notna()] = np.array(values, dtype=float)[places]
    return numbers


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
