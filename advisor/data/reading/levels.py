"""Levels of a column of categories, to and from plain JSON with their types."""

import math
import re
from collections.abc import Callable

import numpy as np
import pandas as pd

from advisor.data.reading.strict import Fields
from knowledge_base.types import JsonObject

_PLAIN = re.compile(r"str|string|object|bool|boolean|(u?int|UInt|Int)(8|16|32|64)|(f|F)loat(32|64)")
"""Types of levels that JSON knows the values of; those of others become texts."""

_CLOSED = ("left", "right", "both", "neither")


def levels_to_dict(levels: pd.Index) -> JsonObject:
    """Return levels as plain JSON: texts, numbers, truth values and intervals of numbers."""
    if isinstance(levels, pd.IntervalIndex):
        ends = [[_number(end) for end in side] for side in (levels.left, levels.right)]
        if all(end is not None for side in ends for end in side):
            return {"type": "interval", "left": ends[0], "right": ends[1], "closed": levels.closed}
    values = levels.tolist()
    plain = all(_is_plain(value) for value in values)
    if not plain or _PLAIN.fullmatch(str(levels.dtype)) is None:
        return {"type": "object", "values": [str(value) for value in values]}
    return {"type": str(levels.dtype), "values": values}


def levels_from(fields: Fields) -> pd.Index:
    """Return levels as they were.

    Raises:
        NotAReadingError: they are not different values of one of the types.
    """
    kind = fields.text("type")
    if kind == "interval":
        return _intervals(fields)
    values = fields.items("values")
    fields.done()
    if _PLAIN.fullmatch(kind) is None or not all(_is_plain(value) for value in values):
        raise fields.wrong("values", "are no texts, numbers or truth values")
    try:
        levels = pd.Index(values, dtype=kind)
    except (TypeError, ValueError, OverflowError):
        raise fields.wrong("values", f"are not of the type {kind[:20]}") from None
    if not levels.is_unique or levels.hasnans or levels.tolist() != values:
        raise fields.wrong("values", "are not different values of their type")
    return levels


def _intervals(fields: Fields) -> pd.Index:
    sides = [fields.items(side) for side in ("left", "right")]
    closed = fields.text("closed", _CLOSED)
    fields.done()
    numbers = all(_number(end) is not None for side in sides for end in side)
    if not numbers or len(sides[0]) != len(sides[1]):
        raise fields.wrong("left", "and `right` are not as many numbers")
    make: Callable[..., pd.Index] = pd.IntervalIndex.from_arrays
    try:
        found = make(*sides, closed=closed)
    except (TypeError, ValueError, OverflowError):
        raise fields.wrong("left", "and `right` make no intervals") from None
    if not found.is_unique or found.hasnans:
        raise fields.wrong("left", "and `right` make no different intervals")
    return found


def _number(value: object) -> int | float | None:
    """Return a number as Python has it, None if it is none or not finite."""
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, bool) or not isinstance(plain, int | float):
        return None
    return plain if math.isfinite(plain) else None


def _is_plain(value: object) -> bool:
    return isinstance(value, str | bool) or _number(value) is not None
