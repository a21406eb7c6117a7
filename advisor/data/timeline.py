"""Points of series in the order of time: numbers without holes, evenly spaced."""

import numpy as np
import pandas as pd

from advisor.data.columns import check_infinities
from advisor.data.dates import DAY, PointForm, seconds_since_1970, times
from knowledge_base.errors import UserError

GAP = 1.6
"""Multiple of the usual distance between points that makes a gap; months differ in length."""

MAX_VALUE = 1e100
"""Numbers beyond this are not forecast: their squares would be beyond float64."""


def check_numbers(column: pd.Series, name: str) -> None:
    """Refuse what is not a column of finite numbers without holes.

    Raises:
        UserError: says what is wrong and in which row.
    """
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        raise UserError(f"The column '{column.name}' of {name} is not numeric.")
    missing = np.flatnonzero(column.isna())
    if len(missing):
        count = "1 missing value" if len(missing) == 1 else f"{len(missing)} missing values"
        raise UserError(
            f"The column '{column.name}' of {name} has {count}, the first in data row "
            f"{missing[0] + 1}; fill them in, for example by interpolation."
        )
    check_infinities(column.to_frame().astype("float64"), name)
    largest = float(np.abs(column.to_numpy(dtype=float)).max())
    if largest > MAX_VALUE:
        raise UserError(
            f"The column '{column.name}' of {name} has values up to {largest:.3g}; divide them so "
            f"that they are below {MAX_VALUE:g}."
        )


def seconds_of(column: pd.Series, name: str, form: PointForm | None = None) -> np.ndarray:
    """Return times as seconds, numbers as they are, shape (n,).

    Args:
        column: the times.
        name: how errors call the data set.
        form: in which texts are read; None has the column tell.

    Raises:
        UserError: some are none, or missing; names the first.
    """
    if pd.api.types.is_numeric_dtype(column):
        seconds = column.to_numpy(dtype=float, na_value=np.nan)
    else:
        seconds = seconds_since_1970(_times(column, name, form))
    missing = np.flatnonzero(np.isnan(seconds))
    if len(missing):
        raise UserError(
            f"The time column '{column.name}' of {name} is empty in data row {missing[0] + 1}."
        )
    return seconds


def _times(column: pd.Series, name: str, form: PointForm | None) -> pd.Series:
    """Return points in time in UTC, as `advisor.data.dates.times` reads them.

    Raises:
        UserError: some are none; names the first.
    """
    found = times(column) if form is None else form.read(column)
    none = found.isna() & column.notna()
    if not none.any():
        return found
    place = int(np.flatnonzero(none)[0])
    raise UserError(
        f"The column '{column.name}' of {name} does not hold times alone ('{column.iloc[place]}' "
        f"in data row {place + 1}); write all as 2024-01-31 or 2024-01-31 18:00, or as numbers."
    )


def rows_by_series(column: pd.Series, name: str) -> dict[str, np.ndarray]:
    """Return the rows of each series in their order, by its name.

    Raises:
        UserError: the column with the names has a hole.
    """
    missing = np.flatnonzero(column.isna())
    if len(missing):
        raise UserError(
            f"The series column '{column.name}' of {name} is empty in data row {missing[0] + 1}."
        )
    labels, names = pd.factorize(column.astype("string"))
    rows = np.split(np.argsort(labels, kind="stable"), np.cumsum(np.bincount(labels))[:-1])
    return dict(zip(map(str, names), rows, strict=True))


def weekends(seconds: np.ndarray) -> np.ndarray:
    """Return which steps go from a Friday to the Monday after it, shape (n - 1,)."""
    day = (np.floor(seconds / DAY) + 3) % 7  # 1970 began on a Thursday; Monday is 0
    over = np.abs(np.diff(seconds) - 3 * DAY) < 0.1 * DAY
    weekends: np.ndarray = over & (day[:-1] == 4) & (day[1:] == 0)
    return weekends


def check_times(seconds: np.ndarray, jumps: np.ndarray, shown: pd.Series, where: str) -> float:
    """Return the usual distance between points, once the times are in order.

    Args:
        seconds: the times, shape (n,).
        jumps: which steps are no gaps although they are wide, shape (n - 1,).
        shown: the times as they were given.
        where: how errors call the series.
    """
    steps = np.diff(seconds)
    if (steps == 0).any():
        place = int(np.flatnonzero(steps == 0)[0])
        raise UserError(
            f"The time {shown.iloc[place]} appears twice in {where}; keep one row of each, or "
            "name the column that tells series apart with `series`."
        )
    if (steps < 0).any():
        place = int(np.flatnonzero(steps < 0)[0]) + 1
        raise UserError(
            f"The times of {where} are not in order: {shown.iloc[place]} follows "
            f"{shown.iloc[place - 1]}. Sort the rows by time."
        )
    usual = float(np.median(steps)) if len(steps) else 1.0
    wide = np.flatnonzero((steps > GAP * usual) & ~jumps)
    if len(wide):
        place = int(wide[0])
        gaps = "a gap" if len(wide) == 1 else f"{len(wide)} gaps, the first"
        raise UserError(
            f"The times of {where} have {gaps} between {shown.iloc[place]} and "
            f"{shown.iloc[place + 1]}; fill in the missing rows, for example by interpolation."
        )
    return usual
