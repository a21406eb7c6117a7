"""Columns of dates and times: as points in time, and as numbers that a network can use."""

import datetime
import re
import warnings

import numpy as np
import pandas as pd

DATES = frozenset({"datetime64", "datetime", "date", "timedelta64", "timedelta", "time", "period"})
"""Types of cells, as pandas infers them, that are dates, times of day or durations."""

DAY = 86_400.0
START = pd.Timestamp("2000-01-01", tz="UTC")
"""Elapsed days are counted from here."""

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


def times(column: pd.Series) -> pd.Series:
    """Return points in time in UTC, NaT for what is none; years from 1 on are read.

    1.2.2024 is in February. 1/2/2024 is in January if all dates of the column can have the month
    first, else in February; also where the first number never changes, as in 1/1/2024, 1/2/2024,
    1/3/2024, which are months rather than the first days of one.
    """
    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.to_timestamp()
    known = column.dropna()
    if known.empty:
        return pd.Series(pd.NaT, index=column.index, dtype="datetime64[us, UTC]")
    dots = _DAY_FIRST.match(str(known.iloc[0])) is not None
    for read in (_alike, _each):
        for day_first in (True,) if dots else (True, False) if _months(known) else (False, True):
            found = read(known, day_first)
            if not found.isna().any():
                return found.reindex(column.index)
    return found.reindex(column.index)


def seconds_since_1970(points: pd.Series) -> np.ndarray:
    """Return points in time as seconds since 1970, NaN for NaT, shape (n,)."""
    try:
        since = points - pd.Timestamp(0, tz="UTC")
    except pd.errors.OutOfBoundsDatetime:  # nanoseconds reach back to 1677 only
        since = points.astype("datetime64[us, UTC]") - pd.Timestamp(0, tz="UTC").as_unit("us")
    found: np.ndarray = since.dt.total_seconds().to_numpy(dtype=float)
    return found


def date_parts(column: pd.Series) -> dict[str, pd.Series]:
    """Return a column of dates, times of the day or durations as columns of float64.

    A date becomes its year, month, day, weekday (Monday is 0), hour and the days since 2000, as far
    as they are not the same in all rows; a time of the day becomes hours, a duration days. Each
    cell is read by itself, so nothing is learnt from other rows.

    Returns:
        Columns by what they are, such as "month"; empty if some cells are no dates.
    """
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind in ("timedelta64", "timedelta"):
        return {"days": pd.to_timedelta(column).dt.total_seconds() / DAY}
    if kind == "time" or (kind == "string" and _all_match(_TIME_OF_DAY, column)):
        clock = column.map(lambda cell: _padded(str(cell)), na_action="ignore")
        hours = pd.to_timedelta(clock, errors="coerce").dt.total_seconds() / 3600
        return {} if (hours.isna() & column.notna()).any() else {"hour": hours}
    points = times(column)
    if (points.isna() & column.notna()).any():
        return {}
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
    floats = {name: part.astype("float64") for name, part in parts.items()}
    return {name: part for name, part in floats.items() if name == "days" or part.nunique() > 1}


def _alike(known: pd.Series, day_first: bool) -> pd.Series:
    """Read cells that are all of one form."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas warns of formats that it guesses
        return pd.to_datetime(known, utc=True, errors="coerce", dayfirst=day_first)


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


def _padded(clock: str) -> str:
    """Return a time of the day with seconds, as durations are written."""
    return clock if clock.count(":") > 1 else f"{clock}:00"


def _as_text(cell: object) -> object:
    return cell.isoformat() if isinstance(cell, datetime.date) else cell
