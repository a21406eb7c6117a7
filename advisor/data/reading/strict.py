"""Strict reading of decoded JSON that a stranger may have edited."""

import math
from collections.abc import Sequence

from knowledge_base.types import JsonObject

MAX_TEXT = 2**20
"""Characters of one text."""

MAX_COLUMNS = 1_000_000
"""Columns of a table."""

MAX_LEVELS = 10_000_000
"""Categories of a column, or names of series: as many as a table may have rows."""

MAX_SERIES_STEPS = 10_000_000
"""Steps of a horizon or a season."""


class NotAReadingError(ValueError):
    """Some JSON is not what a reading writes; says what is wrong with it."""


class Fields:
    """The fields of a JSON object, each of which has to be asked for by its type."""

    def __init__(self, found: object, where: str) -> None:
        """Take an object.

        Raises:
            NotAReadingError: it is none.
        """
        if not isinstance(found, dict):
            raise NotAReadingError(f"{where} is no object")
        self.found: JsonObject = found
        self.where = where
        self.asked: set[str] = set()

    def get(self, name: str) -> object:
        """Return the value of a field that has to be there."""
        if name not in self.found:
            raise self.wrong(name, "is missing")
        self.asked.add(name)
        return self.found[name]

    def text(self, name: str, choices: Sequence[str] = ()) -> str:
        """Return a text, which may have to be one of several."""
        value = self.get(name)
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            raise self.wrong(name, "is no text")
        if choices and value not in choices:
            raise self.wrong(name, f"is not {' or '.join(choices)}")
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a text, None if there is none."""
        return None if self.get(name) is None else self.text(name)

    def flag(self, name: str) -> bool:
        """Return a truth value."""
        value = self.get(name)
        if not isinstance(value, bool):
            raise self.wrong(name, "is neither true nor false")
        return value

    def whole(self, name: str, least: int, most: int) -> int:
        """Return a whole number within limits."""
        value = self.get(name)
        if type(value) is not int or not least <= value <= most:
            raise self.wrong(name, f"is no whole number from {least} to {most}")
        return value

    def number(self, name: str) -> float:
        """Return a finite number."""
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(name, "is no number")
        if not math.isfinite(value) or abs(value) > 1e300:
            raise self.wrong(name, "is no finite number")
        return float(value)

    def items(self, name: str, most: int = MAX_LEVELS) -> list[object]:
        """Return a list."""
        value = self.get(name)
        if not isinstance(value, list) or len(value) > most:
            raise self.wrong(name, f"is no list of at most {most:,} items")
        return value

    def texts(self, name: str, most: int = MAX_LEVELS) -> tuple[str, ...]:
        """Return different texts."""
        found = [item for item in self.items(name, most) if isinstance(item, str)]
        if len(found) < len(self.items(name, most)) or len(set(found)) < len(found):
            raise self.wrong(name, "holds something else than different texts")
        return tuple(found)

    def inner(self, name: str) -> "Fields":
        """Return an object."""
        return Fields(self.get(name), f"`{name}` of {self.where}")

    def done(self) -> None:
        """Refuse fields that nobody asked for.

        Raises:
            NotAReadingError: names one.
        """
        more = sorted(set(map(str, self.found)) - self.asked)
        if more:
            raise NotAReadingError(f"{self.where} has a field `{more[0][:40]}`, which it has not")

    def wrong(self, name: str, what: str) -> NotAReadingError:
        """Return an error that says what is wrong with a field."""
        return NotAReadingError(f"`{name}` of {self.where} {what}")
