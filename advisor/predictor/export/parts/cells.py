"""Cells of tables as they were read in training: each kind of column has a function."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from advisor.predictor.export.parts.files import Json

Cells: TypeAlias = Sequence[object]
"""Raw values of a column; None and NaN are missing."""

READERS: dict[str, Callable[[Json, Cells], dict[str, list[object]]]] = {}
"""By the kind of a column, what makes features of its cells; "" is the column itself."""


def is_missing(cell: object) -> bool:
    """Return whether a cell is None or NaN."""
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def plain_cell(cell: object) -> object:
    """Return a number of NumPy or PyTorch as Python has it; None for what is no time."""
    if isinstance(cell, datetime | timedelta) and cell != cell:
        return None  # as pandas has a missing one
    return cell.item() if hasattr(cell, "item") else cell


def wrong_cell(column: Json, cell: object, wanted: str) -> ValueError:
    """Return an error about a cell that cannot be read."""
    return ValueError(f"the column {column['name']!r} holds {cell!r}; {wanted}")


def column_of(rows: object, name: str) -> list[object]:
    """Return the cells of a column.

    Args:
        rows: a mapping for each row, or one from names of columns to their cells.
        name: of the column.

    Raises:
        ValueError: it is not there.
    """
    if isinstance(rows, Mapping):
        if name not in rows:
            raise ValueError(f"the new rows lack the column {name!r}")
        return [plain_cell(cell) for cell in rows[name]]
    if not isinstance(rows, Sequence) or not all(isinstance(row, Mapping) for row in rows):
        raise ValueError("rows are a list of dicts, or a dict of columns")
    for number, row in enumerate(rows, start=1):
        if name not in row:
            raise ValueError(f"row {number} lacks the column {name!r}; None is what is unknown")
    return [plain_cell(row[name]) for row in rows]
