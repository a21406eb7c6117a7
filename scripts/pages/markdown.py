"""Markdown tables and the numbers in them."""

from collections.abc import Iterable, Sequence

import pandas as pd


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], align: str = "") -> str:
    """Return a Markdown table.

    Args:
        columns: titles, "" for none.
        rows: cells of each row, as text or as what `str` makes text of.
        align: "l" or "r" for each column, the last one for all that follow; default the first
            to the left and the others to the right.
    """
    align = align or "lr"
    sides = align + align[-1] * (len(columns) - len(align))
    rule = "".join("|---:" if side == "r" else "|---" for side in sides[: len(columns)])
    lines = [_line(columns), f"{rule}|"]
    return "\n".join([*lines, *(_line(row) for row in rows)])


def _line(cells: Iterable[object]) -> str:
    """Return one row; an empty cell has one space, not two."""
    return "|" + "|".join(f" {cell!s} " if str(cell) else " " for cell in cells) + "|"


def mean_and_error(values: pd.Series, digits: int = 3) -> str:
    """Return the mean with its standard error."""
    return f"{values.mean():.{digits}f} ± {values.sem():.{digits}f}"
