"""Columns of dates, times of the day and durations."""

import math
import re
from datetime import UTC, date, datetime, time, timedelta

from advisor.predictor.export.parts.cells import READERS, Cells, is_missing, wrong_cell
from advisor.predictor.export.parts.files import Json

DAY = 86_400.0
START_OF_DAYS = datetime(2000, 1, 1, tzinfo=UTC)
"""Elapsed days are counted from here."""

TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?")

PARTS_OF_DATES = {
    "points": ("year", "month", "day", "weekday", "hour", "days"),
    "clock": ("hour",),
    "duration": ("days",),
}
"""What is told of a cell, by what the column holds."""


def read_dates(column: Json, cells: Cells) -> dict[str, list[object]]:
    """Return the parts of dates as floats, NaN for what is missing."""
    form = column["reading"]["form"]
    known = PARTS_OF_DATES[form["what"]]
    rows = [
        (math.nan,) * len(known) if is_missing(cell) else _parts_of_cell(column, form, cell)
        for cell in cells
    ]
    return {part: [row[place] for row in rows] for place, part in enumerate(known)}


def _parts_of_cell(column: Json, form: Json, cell: object) -> tuple[float, ...]:
    if form["what"] == "duration":
        if isinstance(cell, timedelta):
            return (cell.total_seconds() / DAY,)
        raise wrong_cell(column, cell, "give a datetime.timedelta")
    if form["what"] == "clock":
        found = TIME_OF_DAY.fullmatch(str(cell).strip())
        if found is None or not isinstance(cell, str | time):
            raise wrong_cell(column, cell, "give a time of the day such as '14:30'")
        return (int(found[1]) + int(found[2]) / 60 + float(found[3] or 0) / 3600,)
    point = _point_of(column, form["points"] or {}, cell)
    days = (point - START_OF_DAYS).total_seconds() / DAY
    hour = point.hour + point.minute / 60
    return (point.year, point.month, point.day, point.weekday(), hour, days)


def _point_of(column: Json, form: Json, cell: object) -> datetime:
    """Return a point in time in UTC; one without a zone is taken to be in UTC."""
    if isinstance(cell, int | float) and float(cell).is_integer():
        cell = str(int(cell))
    point = None
    if isinstance(cell, datetime):
        point = cell
    elif isinstance(cell, date):
        point = datetime(cell.year, cell.month, cell.day)
    elif isinstance(cell, str):
        point = _written_point(cell.strip(), form.get("format"))
    if point is None:
        wanted = f"write it as {form['format']!r}, or" if form.get("format") else "write it as"
        raise wrong_cell(column, cell, f"{wanted} 2024-01-31, or give a datetime")
    return point.replace(tzinfo=point.tzinfo or UTC).astimezone(UTC)


def _written_point(text: str, form: str | None) -> datetime | None:
    readers = [datetime.fromisoformat]
    if form is not None:
        readers.insert(0, lambda cell: datetime.strptime(cell, form))
    for read in readers:
        try:
            return read(text)
        except ValueError:
            continue
    return None


READERS["dates"] = read_dates
