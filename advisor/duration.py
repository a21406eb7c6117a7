"""Durations as people write them: 90, 90s, 10m, 1h30m."""

import re

from knowledge_base.errors import UserError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PATTERN = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")


def parse_duration(text: str) -> float:
    """Return seconds for texts such as "90", "90s", "10m" or "1h30m".

    Raises:
        UserError: the text is not a positive duration.
    """
    compact = text.strip().lower().replace(" ", "")
    parts = _PATTERN.findall(compact)
    seconds = sum(float(number) * _UNITS[unit or "s"] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != compact or seconds <= 0:
        raise UserError(f"'{text}' is not a duration. Write 90s, 10m or 1h30m.")
    return seconds
