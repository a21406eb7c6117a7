"""What a cell of a table may be in another type.

This needs Python's standard library alone: exported models have a copy of it.
"""

import math


def other_spellings(cell: object) -> list[bool | float | str]:
    """Return what a cell may be in another type: 1.0 for "1", "1" for 1.0, True for "true"."""
    text = str(cell).strip()
    found: list[bool | float | str] = []
    if text.lower() in ("true", "false"):
        found += [text.lower() == "true", text.capitalize(), text.lower(), text.upper()]
    try:
        number = float(text)
    except ValueError:
        return found
    if not math.isfinite(number):
        return found
    return [*found, number, *([str(int(number))] if number.is_integer() else []), str(number)]
