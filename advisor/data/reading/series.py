"""Series: the history that a forecast follows, and the times of what is forecast."""

import datetime
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from advisor.data.cells import UnreadableError, cells_of
from advisor.data.dates import PointForm
from advisor.data.inference import check_columns
from advisor.data.intake import Intake, beside, counted
from advisor.data.names import with_plain_names
from advisor.data.reading import forms
from advisor.data.reading.base import NewRows, Reading
from advisor.data.reading.columns import CategoryColumn, NumberColumn
from advisor.data.reading.spacing import Spacing
from advisor.data.reading.strict import MAX_SERIES_STEPS, Fields
from advisor.data.reading.table import check_there
from advisor.data.reading.target import TargetReading
from advisor.data.request import DataRequest
from advisor.data.sources import RawTable, open_rows
from advisor.data.timeline import (
    GAP,
    check_numbers,
    check_times,
    rows_by_series,
    seconds_of,
    weekends,
)
from knowledge_base.errors import UserError
from knowledge_base.types import JsonObject


@dataclass(frozen=True)
class History:
    """One series up to where its forecast begins.

    Attributes:
        name: of the series; "" where there is but one.
        values: in the order of time, shape (n,), float64.
        ahead: the times of the forecast, as the source writes its own, (horizon,).
    """

    name: str
    values: np.ndarray
    ahead: tuple[str | float | int, ...]


@dataclass(frozen=True)
class SeriesReading(Reading[tuple[History, ...]]):
    """How series were read.

    Attributes:
        target: the numbers that are forecast.
        time: the column with the times.
        points: how texts are read as times; None where these were no texts.
        series: the column that tells series apart, if there is one.
        horizon: steps ahead to forecast.
        period: points per season.
        spacing: the distance between points.
        names: those of the series in training; None without `series`.
    """

    target: TargetReading
    time: str
    points: PointForm | None
    series: str | None
    horizon: int
    period: int
    spacing: Spacing
    names: CategoryColumn | None = None

    modality: ClassVar[str] = "series"

    @property
    def request(self) -> DataRequest:
        """How sources are asked for a history."""
        literal = [] if self.points is None else [self.time]
        if self.series is not None and self.names is not None and self.names.literal:
            literal.append(self.series)
        return DataRequest(
            target=self.target.name, time=self.time, series=self.series, literal=tuple(literal),
            labelled=False,
        )  # fmt: skip

    def read(self, source: object) -> NewRows[tuple[History, ...]]:
        """Return the history of each series, to be forecast from its last point on.

        Raises:
            UserError: as `Reading.read` has it; or times that repeat, go back, have gaps or are
                not as far apart as in training; or missing values.
        """
        raw = open_rows(source, self.request)
        if not isinstance(raw, RawTable):
            raise UserError(f"{raw.name} holds images; series were trained on.")
        frame = with_plain_names(raw.frame)
        check_columns(frame.columns, raw.name)
        times = "numbers" if self.spacing.unit == "numbers" else "dates"
        needed = [(self.target.name, "numbers"), (self.time, times)]
        if self.series is not None:
            needed.append((self.series, "names of series"))
        check_there(frame, needed, raw.name)
        if frame.empty:
            raise UserError(f"{raw.name} has no rows below its header.")
        values, seconds = self._values(frame, raw.name), self._seconds(frame[self.time], raw.name)
        rows, notes = self._rows(frame, raw.name)
        found = []
        for label, places in rows.items():
            where = raw.name if self.series is None else f"the series '{label}' of {raw.name}"
            self._check_spacing(seconds[places], frame[self.time].iloc[places], where)
            ahead = self._written(self.spacing.after(seconds[places[-1]], self.horizon), frame)
            found.append(History(label, values[places], ahead))
        intake = Intake(
            name=raw.name,
            size=f"{counted(len(frame), 'point')} of {counted(len(found), 'series', 'series')} in "
            f"the order of '{self.time}'",
            target=f"'{self.target.name}', {counted(self.horizon, 'step')} ahead",
            left_out=beside(frame.columns, (self.target.name, self.time, self.series)),
            notes=(*raw.notes, *notes),
        )
        return NewRows(tuple(found), None, intake)

    def _values(self, frame: pd.DataFrame, where: str) -> np.ndarray:
        try:
            numbers = self.target.column.read(frame[self.target.name])[""]
        except (UnreadableError, TypeError, ValueError) as error:
            raise UserError(
                f"The column '{self.target.name}' of {where} held numbers in training; now it "
                f"holds {error}."
            ) from error
        check_numbers(numbers.rename(self.target.name), where)
        values: np.ndarray = numbers.to_numpy(dtype=float)
        return values

    def _seconds(self, column: pd.Series, where: str) -> np.ndarray:
        by_number = self.spacing.unit == "numbers"
        cells = cells_of(column)
        if by_number and cells == "texts":
            with suppress(UnreadableError):  # it is refused below
                column = NumberColumn("numbers").read(column)[""].rename(self.time)
        if pd.api.types.is_numeric_dtype(column) != by_number:
            was, now = ("numbers", "dates") if by_number else ("dates", "numbers")
            raise UserError(
                f"The column '{self.time}' of {where} held {was} in training, and no {now}; "
                f"'{column.iloc[0]}' in data row 1 cannot be read so."
            )
        return seconds_of(column, where, self.points if cells == "texts" else None)

    def _rows(self, frame: pd.DataFrame, where: str) -> tuple[dict[str, np.ndarray], list[str]]:
        """Return the rows of each series by its name, and a note on those that are new."""
        if self.series is None or self.names is None:
            return {"": np.arange(len(frame))}, []
        try:
            labels = self.names.read(frame[self.series])[""]
        except UnreadableError as error:
            raise UserError(
                f"The column '{self.series}' of {where} held names of series in training; now it "
                f"holds {error.found}."
            ) from error
        new = self.names.unknown(labels)
        notes = []
        if new:
            notes.append(f"{counted(len(new), 'series', 'series')} not there in training: {new[0]}")
            notes[0] += ", ... ." if len(new) > 1 else "."
        return rows_by_series(labels.astype("object"), where), notes

    def _check_spacing(self, seconds: np.ndarray, shown: pd.Series, where: str) -> None:
        by_number = self.spacing.unit == "numbers"
        jumps = np.zeros(len(seconds) - 1, dtype=bool) if by_number else weekends(seconds)
        step = check_times(seconds, jumps, shown, where)
        if len(seconds) > 1 and not 1 / GAP < step / self.spacing.usual < GAP:
            raise UserError(
                f"The times of {where} are {_distance(step, by_number)} apart, but those of the "
                f"training were {_distance(self.spacing.usual, by_number)}; a forecast needs the "
                "same."
            )

    def _written(self, times: np.ndarray, frame: pd.DataFrame) -> tuple[str | float | int, ...]:
        """Return times as the source writes its own."""
        if self.spacing.unit == "numbers":
            whole = pd.api.types.is_integer_dtype(frame[self.time])
            return tuple(int(t) if whole and t == round(t) else float(t) for t in times)
        points = [pd.Timestamp(time, unit="s").round("us") for time in times]
        form = None if self.points is None else self.points.format
        if form is not None:
            return tuple(point.tz_localize("UTC").strftime(form) for point in points)
        midnight = all(point.time() == datetime.time(0) for point in points)
        return tuple(str(point.date()) if midnight else str(point) for point in points)

    def to_dict(self) -> JsonObject:
        """Return the reading as plain JSON."""
        return {
            "modality": self.modality,
            "target": self.target.to_dict(),
            "time": self.time,
            "points": None if self.points is None else forms.point_to_dict(self.points),
            "series": self.series,
            "horizon": self.horizon,
            "period": self.period,
            "spacing": self.spacing.to_dict(),
            "names": None if self.names is None else self.names.to_dict(),
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> "SeriesReading":
        """Return what `to_dict` wrote.

        Raises:
            NotAReadingError: it did not write that.
        """
        fields.text("modality", (cls.modality,))
        names = None
        if fields.get("names") is not None:
            inner = fields.inner("names")
            names = CategoryColumn.from_fields(inner)
            inner.done()
        reading = cls(
            TargetReading.from_fields(fields.inner("target")),
            fields.text("time"),
            forms.optional_point(fields, "points"),
            fields.optional_text("series"),
            fields.whole("horizon", 1, MAX_SERIES_STEPS),
            fields.whole("period", 1, MAX_SERIES_STEPS),
            Spacing.from_fields(fields.inner("spacing")),
            names,
        )
        fields.done()
        columns = [reading.target.name, reading.time, reading.series]
        if len(set(columns)) < len(columns) or (reading.series is None) != (names is None):
            raise fields.wrong("series", "is not told apart from the other columns")
        if reading.target.kind != "forecasting":
            raise fields.wrong("target", "is not forecast")
        return reading


def series_names(frame: pd.DataFrame, series: str | None) -> CategoryColumn | None:
    """Return how the names of series are read, None if there is but one series."""
    if series is None:
        return None
    names = frame[series].astype("string").astype("object").astype("category").cat.categories
    return CategoryColumn(cells_of(frame[series]), names)


def _distance(step: float, by_number: bool) -> str:
    return f"{step:g}" if by_number else str(pd.Timedelta(seconds=round(step)))
