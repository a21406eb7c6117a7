"""Reading a preparation that was stored as JSON, and that a stranger may have edited.

What is read has limits, so that some bytes cannot ask for gigabytes:

| what | limit |
|---|---|
| numbers in a list, columns, words, series, classes | 1,000,000 each |
| columns after encoding | 1,000,000 |
| values of an image | 16,777,216 |
| points of a window, a season or a horizon | 1,000,000 |
"""

import math
import sys
from collections.abc import Sequence
from typing import cast

import numpy as np

from knowledge_base.errors import UserError
from knowledge_base.types import JsonObject

MAX_ENTRIES = 1_000_000
"""Entries of a list."""

MAX_INPUTS = 1_000_000
"""Columns after encoding."""

MAX_IMAGE_VALUES = 2**24
"""Channels times height times width."""

MAX_POINTS = 1_000_000
"""Points of a window, of a season, or of a horizon."""

Level = str | bool | int | float
"""A class or a category, as JSON has it."""


def level_of(value: object) -> Level:
    """Return a class or a category as JSON has it; what JSON has not becomes its text."""
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float) and not math.isfinite(plain):
        return str(plain)
    return plain if isinstance(plain, str | bool | int | float) else str(value)


def damaged(what: str) -> UserError:
    """Return the error for a stored preparation that is none.

    Args:
        what: a sentence on what is wrong, without its end.
    """
    return UserError(f"The stored preparation of the data cannot be used: {what}.")


class Stored:
    """One JSON object; its methods return fields once they are what they must be.

    All of them raise a `UserError` for what is not there, not of the type, or too large.
    """

    def __init__(self, found: object, where: str, names: Sequence[str]) -> None:
        """Take an object that must have exactly these fields.

        Args:
            found: the decoded JSON.
            where: what it describes, for errors.
            names: its fields.
        """
        if not isinstance(found, dict):
            raise damaged(f"{where} is no JSON object")
        missing = [name for name in names if name not in found]
        if missing:
            raise damaged(f"{where} lacks '{missing[0]}'")
        strange = [name for name in found if name not in names]
        if strange:
            raise damaged(f"{where} has '{str(strange[0])[:40]}', which is unknown")
        self._found: JsonObject = found
        self.where = where

    def _wrong(self, name: str, wanted: str) -> UserError:
        return damaged(f"'{name}' of {self.where} is not {wanted}")

    def is_null(self, name: str) -> bool:
        """Return whether a field is null."""
        return self._found[name] is None

    def text(self, name: str) -> str:
        """Return a text."""
        value = self._found[name]
        if not isinstance(value, str):
            raise self._wrong(name, "a text")
        return value

    def truth(self, name: str) -> bool:
        """Return true or false."""
        value = self._found[name]
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def whole(self, name: str, least: int, most: int) -> int:
        """Return a whole number within bounds."""
        value = self._found[name]
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self._wrong(name, f"a whole number from {least} to {most:,}")
        return value

    def number(self, name: str, positive: bool = False) -> float:
        """Return a finite number."""
        value = _number(self._found[name])
        if value is None or (positive and value <= 0):
            raise self._wrong(name, "a positive number" if positive else "a finite number")
        return value

    def optional_number(self, name: str) -> float | None:
        """Return a positive number, or None for null."""
        return None if self._found[name] is None else self.number(name, positive=True)

    def entries(self, name: str, length: int | None = None) -> list[object]:
        """Return a list, of that length if one is given."""
        value = self._found[name]
        if not isinstance(value, list) or len(value) > MAX_ENTRIES:
            raise self._wrong(name, f"a list of at most {MAX_ENTRIES:,} entries")
        if length is not None and len(value) != length:
            raise self._wrong(name, f"a list of {length} entries")
        return value

    def numbers(
        self, name: str, length: int | None = None, positive: bool = False
    ) -> tuple[float, ...]:
        """Return a list of finite numbers."""
        values = [_number(entry) for entry in self.entries(name, length)]
        if any(value is None or (positive and value <= 0) for value in values):
            raise self._wrong(name, f"a list of {'positive' if positive else 'finite'} numbers")
        return tuple(value for value in values if value is not None)

    def wholes(self, name: str, length: int, least: int, most: int) -> tuple[int, ...]:
        """Return a list of that many whole numbers within bounds."""
        values = self.entries(name, length)
        found = tuple(v for v in values if isinstance(v, int) and not isinstance(v, bool))
        if len(found) != length or any(not least <= value <= most for value in found):
            raise self._wrong(name, f"a list of whole numbers from {least} to {most:,}")
        return found

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of different texts."""
        values = self.entries(name)
        texts = tuple(value for value in values if isinstance(value, str))
        if len(set(texts)) != len(values):
            raise self._wrong(name, "a list of different texts")
        return texts

    def levels(self, name: str) -> tuple[Level, ...]:
        """Return a list of different texts, truth values and finite numbers."""
        levels = self.optional_levels(name)
        if None in levels:
            raise self._wrong(name, "a list of texts and numbers")
        return tuple(level for level in levels if level is not None)

    def optional_levels(self, name: str) -> tuple[Level | None, ...]:
        """Return a list as `levels` does, where None, for null, may be one of them."""
        levels: list[Level | None] = []
        for value in self.entries(name):
            if not (value is None or isinstance(value, str | bool) or _number(value) is not None):
                raise self._wrong(name, "a list of texts and finite numbers")
            levels.append(cast(Level | None, value))
        if len(set(levels)) != len(levels):
            raise self._wrong(name, "a list of different entries")
        return tuple(levels)

    def part(self, name: str, names: Sequence[str]) -> "Stored":
        """Return an object within this one."""
        return Stored(self._found[name], f"'{name}' of {self.where}", names)

    def parts(self, name: str, names: Sequence[str]) -> list["Stored"]:
        """Return a list of objects within this one."""
        return [
            Stored(entry, f"entry {place} of '{name}' of {self.where}", names)
            for place, entry in enumerate(self.entries(name), start=1)
        ]

    def one_of(self, name: str, known: Sequence[str]) -> str:
        """Return one of the words."""
        value = self.text(name)
        if value not in known:
            raise self._wrong(name, " or ".join(known))
        return value


def _number(value: object) -> float | None:
    """Return a finite number, None for anything else; whole numbers may be too large for one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= sys.float_info.max else None
