"""Durations and sizes of memory as people write them: 10m, 1h30m, 500MB, 2GB."""

import re

from knowledge_base.errors import UserError

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")

_BYTES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12,
          "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}  # fmt: skip
_SIZE = re.compile(r"(\d+(?:\.\d+)?)((?:[kmgt]i?)?)b?")


def parse_duration(text: str) -> float:
    """Return seconds for texts such as "90", "90s", "10m" or "1h30m".

    Raises:
        UserError: the text is not a positive duration.
    """
    compact = text.strip().lower().replace(" ", "")
    parts = _DURATION.findall(compact)
    seconds = sum(float(number) * _SECONDS[unit or "s"] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != compact or seconds <= 0:
        raise UserError(f"'{text}' is not a duration. Write 90s, 10m or 1h30m.")
    return seconds


def parse_size(text: str | int) -> int:
    """Return bytes for texts such as "2GB", "500 MB" or "1.5GiB"; whole numbers are bytes.

    Raises:
        UserError: the text is not a positive size.
    """
    found = _SIZE.fullmatch(str(text).strip().lower().replace(" ", ""))
    size = 0 if found is None else int(float(found[1]) * _BYTES[found[2]])
    if size <= 0:
        raise UserError(f"'{text}' is not a size of memory. Write 500MB, 2GB or 1.5GiB.")
    return size


def seconds_text(seconds: float) -> str:
    """Return a duration as people read it: 0.4 s, 12 s, 3 min."""
    if seconds >= 100:
        return f"{seconds / 60:.0f} min"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def size_text(size: float) -> str:
    """Return a size such as "5.2 GB" or "310 MB"."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.{0 if size >= 100 * factor else 1}f} {unit}"
    return f"{size:.0f} bytes"
