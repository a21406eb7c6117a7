"""Sizes of memory as people write them: 500MB, 2GB, 1.5GiB."""

import re

from knowledge_base.errors import UserError

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12,
          "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}  # fmt: skip
_PATTERN = re.compile(r"(\d+(?:\.\d+)?)((?:[kmgt]i?)?)b?")


def parse_size(text: str | int) -> int:
    """Return bytes for texts such as "2GB", "500 MB" or "1.5GiB"; whole numbers are bytes.

    Raises:
        UserError: the text is not a positive size.
    """
    found = _PATTERN.fullmatch(str(text).strip().lower().replace(" ", ""))
    size = 0 if found is None else int(float(found[1]) * _UNITS[found[2]])
    if size <= 0:
        raise UserError(f"'{text}' is not a size of memory. Write 500MB, 2GB or 1.5GiB.")
    return size


def size_text(size: float) -> str:
    """Return a size such as "5.2 GB" or "310 MB"."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.{0 if size >= 100 * factor else 1}f} {unit}"
    return f"{size:.0f} bytes"
