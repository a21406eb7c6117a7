"""Columns of dates and times: as points in time, and as numbers that a network can use."""

import datetime
import re
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.tseries.api import guess_datetime_format

from advisor.data.cells import unreadable

DAY = 86_400.0
START = pd.Timestamp("2000-01-01", tz="UTC")
"""Elapsed days are counted from here."""

ALWAYS = {"points": ("days",), "clock": ("hour",), "duration": ("days",)}
"""What is told of a cell even where it is the same in all rows."""

PARTS = {
    "points": ("year", "month", "day", "weekday", "hour", "days"),
    "clock": ("hour",),
    "duration": ("days",),
}
"""All that may be told of a cell."""

SAMPLE = 100
"""Different texts that are looked at to see whether a column holds dates."""

_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T]\d{1,2}:\d{2}.*)?")
_MONTH = re.compile(
    r"(?=.*\d)(?=.*\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))[\w\s,./:'+-]{5,40}", re.I
)
_YEAR_MONTH = re.compile(r"(?:1[5-9]|20|21)\d\d[-/](?:0[1-9]|1[0-2])")
_DAY_FIRST = re.compile(r"\d{1,2}\.\d{1,2}\.\d{2,4}")
_SLASHES = re.compile(r"\d{1,2}/\d{1,2}/\d{2,4}")
_NUMBERS = r"^\s*(\d{1,2})[-/.](\d{1,2})[-/.]\d{2,4}"
_TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?")


def look_like_dates(column: pd.Series) -> bool:
    """Return whether texts are dates of three numbers, as 2024-01-31 and 31.1.2024 are."""
    return all(_DATE.fullmatch(text) for text in _sample(column))


def may_be_dates(column: pd.Series) -> bool:
    """Return whether texts are dates in any form, or times of the day."""
    texts = _sample(column)
    return bool(texts) and any(
        all(form.fullmatch(text) for text in texts)
        for form in (_DATE, _MONTH, _YEAR_MONTH, _TIME_OF_DAY)
    )


@dataclass(frozen=True)
class PointForm:
    """How the texts of a column are read as points in time.

    Attributes:
        format: the one format that all of them have, as `strptime` writes it; None if there is
            none.
        day_first: whether 1/2/2024 is in February.
        each: whether every cell has a form of its own.
    """

    format: str | None
    day_first: bool
    each: bool = False

    def read(self, column: pd.Series) -> pd.Series:
        """Return points in time in UTC, NaT for what is none.

        A text of another form than the column's is read by itself, with day and month in the
        order of the column's.
        """
        known = _points_of(column).dropna()
        if known.empty:
            return _no_points(column)
        found = (
            _each(known, self.day_first)
            if self.each
            else _alike(known, self.day_first, self.format)
        )
        rest = found.isna()
        if rest.any() and not self.each:
            others = _each(known[rest], self.day_first)
            if not others.isna().all():
                found = found.fillna(others.reindex(found.index))
        # pandas forgets the zone where nothing is a point in time.
        return pd.to_datetime(found.reindex(column.index), utc=True)


def point_form(column: pd.Series) -> PointForm:
    """Return the form in which points in time are read.

    1.2.2024 is in February. 1/2/2024 is in January if all dates of the column can have the month
    first, else in February; also where the first number never changes, as in 1/1/2024, 1/2/2024,
    1/3/2024, which are months rather than the first days of one.
    """
    known = _points_of(column).dropna()
    form = PointForm(None, False)
    if known.empty:
        return form
    dots = _DAY_FIRST.match(str(known.iloc[0])) is not None
    orders = (True,) if dots else (True, False) if _months(known) else (False, True)
    for each in (False, True):
        for day_first in orders:
            form = _form(known, day_first, each)
            found = _each(known, day_first) if each else _alike(known, day_first, form.format)
            if not found.isna().any():
                return form
    return form


def times(column: pd.Series) -> pd.Series:
    """Return points in time in UTC, NaT for what is none; years from 1 on are read.

    The column itself tells its form, as `point_form` has it.
    """
    return point_form(column).read(column)


def seconds_since_1970(points: pd.Series) -> np.ndarray:
    """Return points in time as seconds since 1970, NaN for NaT, shape (n,)."""
    try:
        since = points - pd.Timestamp(0, tz="UTC")
    except pd.errors.OutOfBoundsDatetime:  # nanoseconds reach back to 1677 only
        since = points.astype("datetime64[us, UTC]") - pd.Timestamp(0, tz="UTC").as_unit("us")
    found: np.ndarray = since.dt.total_seconds().to_numpy(dtype=float)
    return found


@dataclass(frozen=True)
class DateForm:
    """How a column of dates, times of the day or durations becomes columns of float64.

    Attributes:
        what: "points", "clock" or "duration".
        points: how texts are read as points in time; None where the cells were no texts, so that
            each column of texts tells its own form.
        parts: what is used of each cell, by its name.
    """

    what: str
    points: PointForm | None
    parts: tuple[str, ...]

    def read(self, column: pd.Series) -> dict[str, pd.Series]:
        """Return the columns by what they are; NaN for missing cells.

        Each cell is read by itself, so nothing is learnt from other rows.

        Raises:
            UnreadableError: a cell is no date.
        """
        parts = _parts_of(column, self.what, self.points)
        unread = next(iter(parts.values())).isna() & column.notna()
        if unread.any():
            raise unreadable(column, unread)
        return {name: parts[name] for name in self.parts}


def date_form(column: pd.Series) -> DateForm | None:
    """Return how a column of dates is read; None if some cells are no dates.

    A date becomes its year, month, day, weekday (Monday is 0), hour and the days since 2000, as far
    as they are not the same in all rows; a time of the day becomes hours, a duration days.
    """
    kind = pd.api.types.infer_dtype(column, skipna=True)
    clock = kind == "time" or (kind == "string" and _all_match(_TIME_OF_DAY, column))
    what = "duration" if kind in ("timedelta64", "timedelta") else "clock" if clock else "points"
    points = point_form(column) if what == "points" else None
    parts = _parts_of(column, what, points)
    if any((part.isna() & column.notna()).any() for part in parts.values()):
        return None
    used = [name for name, part in parts.items() if name in ALWAYS[what] or part.nunique() > 1]
    texts = column.map(lambda cell: isinstance(cell, str)).any()
    return DateForm(what, points if texts else None, tuple(used))


def _parts_of(column: pd.Series, what: str, form: PointForm | None) -> dict[str, pd.Series]:
    """Return all that is told of each cell, NaN where a cell is none."""
    if what == "duration":
        durations = pd.to_timedelta(column, errors="coerce")
        return {"days": durations.dt.total_seconds() / DAY}
    if what == "clock":
        clock = column.map(_clock, na_action="ignore")
        return {"hour": pd.to_timedelta(clock, errors="coerce").dt.total_seconds() / 3600}
    points = times(column) if form is None else form.read(column)
    parts = {
        "year": points.dt.year,
        "month": points.dt.month,
        "day": points.dt.day,
        "weekday": points.dt.day_of_week,
        "hour": points.dt.hour + points.dt.minute / 60,
        "days": pd.Series(
            (seconds_since_1970(points) - START.timestamp()) / DAY, index=column.index
        ),
    }
    return {name: part.astype("float64") for name, part in parts.items()}


def _points_of(column: pd.Series) -> pd.Series:
    return column.dt.to_timestamp() if isinstance(column.dtype, pd.PeriodDtype) else column


def _no_points(column: pd.Series) -> pd.Series:
    return pd.Series(pd.NaT, index=column.index, dtype="datetime64[us, UTC]")


def _form(known: pd.Series, day_first: bool, each: bool) -> PointForm:
    """Return the form of texts that are read as one form, or each by itself.

    pandas takes the first text for the form of all, with the day first if it has to be.
    """
    first = known.iloc[0]
    if each or not isinstance(first, str):
        return PointForm(None, day_first, each)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        form = guess_datetime_format(first, dayfirst=day_first)
    if form is not None and "%d" in form and "%m" in form and not form.startswith("%Y"):
        day_first = form.index("%d") < form.index("%m")
    return PointForm(form, day_first, each)


def _alike(known: pd.Series, day_first: bool, form: str | None) -> pd.Series:
    """Read cells that are all of one form; None guesses it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas warns of formats that it guesses
        return pd.to_datetime(known, utc=True, errors="coerce", dayfirst=day_first, format=form)


def _each(known: pd.Series, day_first: bool) -> pd.Series:
    """Read cells of several forms; the order of day and month is the same in all of them."""
    texts = known.map(_as_text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = pd.to_datetime(texts, utc=True, errors="coerce", dayfirst=day_first, format="mixed")
        iso = texts.astype(str).str.match(r"\d{4}-")
        if day_first and iso.any():  # pandas would take the month of 2024-02-01 for the day
            plain = pd.to_datetime(texts[iso], utc=True, errors="coerce", format="mixed")
            found[iso] = plain
    numbers = texts.astype(str).str.extract(_NUMBERS).astype(float)
    return found.mask(numbers[1 if day_first else 0] > 12)


def _months(known: pd.Series) -> bool:
    """Return whether dates such as 1/2/2024 are months with the day first."""
    if pd.api.types.infer_dtype(known) != "string" or not _all_match(_SLASHES, known):
        return False
    numbers = known.str.strip().str.extract(_NUMBERS).astype(int)
    return bool(numbers[0].nunique() == 1 and numbers[1].nunique() > 2 and numbers[1].max() <= 12)


def _sample(column: pd.Series) -> list[str]:
    return [str(text).strip() for text in column.dropna().unique()[:SAMPLE]]


def _all_match(form: re.Pattern[str], column: pd.Series) -> bool:
    return all(form.fullmatch(str(text).strip()) for text in column.dropna().unique())


def _clock(cell: object) -> str:
    """Return a time of the day with seconds, as durations are written; "" for what is none."""
    clock = str(cell).strip()
    if _TIME_OF_DAY.fullmatch(clock) is None:
        return ""
    return clock if clock.count(":") > 1 else f"{clock}:00"


def _as_text(cell: object) -> object:
    return cell.isoformat() if isinstance(cell, datetime.date) else cell
