"""How far apart the points of a series are, and which times come after the last."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from advisor.data.dates import DAY
from advisor.data.reading.strict import Fields
from knowledge_base.types import JsonObject

UNITS = ("numbers", "seconds", "months", "month ends", "workdays")
"""In what distances are: of numbers, or of points in time."""

MAX_MONTHS = 12_000


@dataclass(frozen=True)
class Spacing:
    """The distance between points.

    Attributes:
        unit: one of `UNITS`; workdays are Monday to Friday.
        step: how many of them; months are whole.
        usual: the same in seconds, or in the unit of numbers: the median distance in training.
    """

    unit: str
    step: float
    usual: float

    def after(self, last: float, n: int) -> np.ndarray:
        """Return the n times after one, in seconds since 1970 or numbers as `last` is, (n,)."""
        ahead = np.arange(1, n + 1)
        if self.unit in ("numbers", "seconds"):
            times: np.ndarray = last + self.step * ahead
            return times
        point = pd.Timestamp(last, unit="s")
        if self.unit == "workdays":
            days = [point + pd.offsets.BDay(int(k)) for k in ahead]
        elif self.unit == "months":
            days = [point + pd.DateOffset(months=int(self.step) * int(k)) for k in ahead]
        else:
            days = [point + pd.offsets.MonthEnd(int(self.step) * int(k)) for k in ahead]
        return np.array([day.timestamp() for day in days])

    def to_dict(self) -> JsonObject:
        """Return it as plain JSON."""
        return {"unit": self.unit, "step": self.step, "usual": self.usual}

    @classmethod
    def from_fields(cls, fields: Fields) -> "Spacing":
        """Return what `to_dict` wrote.

        Raises:
            NotAReadingError: it did not write that.
        """
        found = cls(fields.text("unit", UNITS), fields.number("step"), fields.number("usual"))
        fields.done()
        months = found.unit.startswith("month")
        if not (found.step > 0 and found.usual > 0):
            raise fields.wrong("step", "is not above 0")
        if months and not (found.step.is_integer() and found.step <= MAX_MONTHS):
            raise fields.wrong("step", "is no number of months")
        return found


def spacing_of(times: Sequence[np.ndarray], by_number: bool, workdays: bool) -> Spacing:
    """Return the distance between the points of series.

    Args:
        times: of each series in their order, in seconds since 1970 or as numbers.
        by_number: whether they are numbers.
        workdays: whether they leave out weekends.
    """
    usual = float(np.median([np.median(np.diff(series)) for series in times]))
    if by_number:
        return Spacing("numbers", usual, usual)
    if workdays:
        return Spacing("workdays", 1.0, usual)
    if usual < 27 * DAY:
        return Spacing("seconds", usual, usual)
    months, days, last_days = set(), set(), True
    for series in times:
        points = pd.DatetimeIndex(pd.to_datetime(series, unit="s"))
        months |= set(np.diff(points.year * 12 + points.month).tolist())
        days |= set(points.day.tolist())
        last_days &= bool(points.is_month_end.all())
    if len(months) > 1 or not (last_days or len(days) == 1) or min(months) < 1:
        return Spacing("seconds", usual, usual)
    return Spacing("month ends" if last_days else "months", float(months.pop()), usual)
