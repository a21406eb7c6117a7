"""Numbers as people write them: money, percentages, thousands separators, one unit.

This needs Python's standard library alone: exported models have a copy of it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

MISSING = frozenset({"", "-", "--", "\u2013", "\u2014", "?", ".", "..", "n/a", "na", "nan", "none",
                     "null", "unknown", "missing", "tbd"})  # fmt: skip
"""Words that stand for a missing number, in lower case."""

REMEMBERED = 2**16
"""Cells that are not taken apart a second time once their column is known to be of amounts."""

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
CURRENCY = re.compile(_MONEY, re.I)
_GROUPED = {
    ",": re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}"),  # by twos in India
    ".": re.compile(r"\d{1,3}(?:\.\d{3})+"),
}


@dataclass(frozen=True)
class WrittenForm:
    """How texts are read as numbers.

    Attributes:
        decimal: "." or ","; None where a column fits both, so that new texts tell.
        units: those behind the numbers, in lower case.
        several: whether these multiply, as k and M do.
        currency: that of money, in lower case; "" for none.
    """

    decimal: str | None = None
    units: frozenset[str] = frozenset()
    several: bool = False
    currency: str = ""

    def values(self, cells: Sequence[str]) -> list[float | None]:
        """Return the texts of a column as numbers.

        NaN stands for a word that means a missing number, None for a text that is no number, or
        one of another unit or currency.
        """
        read = [parts_of(cell) for cell in cells]
        decimal = self.decimal or decimal_mark([part[0] for part in read if part and part[0]])
        return [
            _value(part, decimal or ".", self.several)
            if part is not None and self._takes(cell, part, decimal)
            else None
            for cell, part in zip(cells, read, strict=True)
        ]

    def _takes(self, cell: str, part: "Parts", decimal: str | None) -> bool:
        """Return whether a number is of the column's form; a missing one always is."""
        digits, _, unit, _ = part
        if not digits:
            return True
        other = "," if decimal == "." else "."
        if decimal is None or not fits(digits, decimal, other):
            return False
        known = not unit or unit in (FACTORS if self.several else self.units)
        if known and not self.currency:
            return True
        money = CURRENCY.search(cell)
        if money is None:
            return known
        paid = unit == money[0].lower()
        return (known or paid) and self.currency in ("", money[0].lower())


Parts = tuple[str, str, str, bool]
"""Digits with their marks, power of ten, unit in lower case, and whether it is negative."""


@lru_cache(maxsize=REMEMBERED)
def parts_of(cell: str) -> Parts | None:
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


def decimal_mark(numbers: Sequence[str]) -> str | None:
    """Return "." or ",", None if the numbers of a column do not agree."""
    for mark, other in ((".", ","), (",", ".")):
        if all(fits(number, mark, other) for number in numbers):
            return mark
    return None


def fits(number: str, mark: str, other: str) -> bool:
    """Return whether a number is written with `mark` before its fraction, `other` in groups."""
    whole, _, fraction = number.partition(mark)
    grouped = other not in whole or _GROUPED[other].fullmatch(whole) is not None
    return grouped and mark not in fraction and other not in fraction


def _value(part: Parts, decimal: str, several: bool) -> float:
    digits, power, unit, negative = part
    if not digits:
        return float("nan")
    plain = digits.replace("," if decimal == "." else ".", "").replace(decimal, ".")
    value = float(plain + power) * (FACTORS.get(unit, 1.0) if several else 1.0)
    return -value if negative else value
