"""Time series to forecast: one or many, evenly spaced, without gaps."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd

from advisor.data.cells import cells_of
from advisor.data.dataset import Dataset, digest_of
from advisor.data.dates import DAY, point_form
from advisor.data.inference import check_columns, check_rows, target_column
from advisor.data.intake import Intake, beside, counted
from advisor.data.reading.base import Reading
from advisor.data.reading.columns import NumberColumn
from advisor.data.reading.series import History, SeriesReading, series_names
from advisor.data.reading.spacing import spacing_of
from advisor.data.reading.target import TargetReading
from advisor.data.request import DataRequest
from advisor.data.timeline import check_numbers, check_times, rows_by_series, seconds_of, weekends
from knowledge_base.errors import UserError

MIN_POINTS = 30
"""Points of the shortest series, for a training, a validation and a test part."""

HELD_OUT_SHARE = 0.2
PERIODS = {
    900.0: 96, 1800.0: 48, 3600.0: 24, DAY: 7, 7 * DAY: 52, 30.4 * DAY: 12, 91.3 * DAY: 4,
}  # fmt: skip
"""Seconds between points to points per season: day, week or year."""

ROUNDING = 1e-13
"""Spread of a series, relative to its largest number, that rounding alone may make."""

WORKDAYS = 5
"""Points per season of a series that leaves out weekends."""


@dataclass(frozen=True)
class SeriesDataset(Dataset):
    """Evenly spaced series of numbers.

    Attributes:
        values: one array per series, in the order of time, each of at least `MIN_POINTS`.
        series_names: one name for each.
        horizon: steps ahead to forecast.
        period: points per season, 1 if none is known.
    """

    modality: ClassVar[str] = "series"

    name: str
    values: tuple[np.ndarray, ...]
    series_names: tuple[str, ...]
    target: str
    horizon: int
    period: int = 1
    kind: str = "forecasting"
    source: str | None = None
    licence: str | None = None
    intake: Intake | None = field(default=None, compare=False, repr=False)
    reading: Reading[tuple[History, ...]] | None = field(default=None, compare=False, repr=False)

    @property
    def target_name(self) -> str:  # type: ignore[override]
        """The column and how far ahead: another horizon is another task."""
        return f"{self.target}, {self.horizon} ahead"

    @property
    def n_rows(self) -> int:
        """Number of points of all series."""
        return sum(len(series) for series in self.values)

    @property
    def n_features(self) -> int:
        """Number of series."""
        return len(self.values)

    @property
    def n_classes(self) -> int | None:
        """Always None: series have no classes."""
        return None

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the values in the order of time, whatever the order of the series."""
        parts = sorted((series + 0.0).astype("<f8").tobytes() for series in self.values)
        return digest_of([b"series", *parts])


def to_series(
    frame: pd.DataFrame, request: DataRequest, name: str, source: str, licence: str | None
) -> SeriesDataset:
    """Return the series of a frame; columns other than target, time and series are ignored.

    Raises:
        UserError: no such columns, times that repeat, go back or have gaps, missing values,
            series that are too short, or a horizon that is too long for them.
    """
    frame = frame.rename(columns=str)
    check_columns(frame.columns, name)
    if request.kind not in (None, "forecasting"):
        raise UserError(f"A time series is forecast; `kind={request.kind}` does not apply.")
    target = target_column(frame, request.target, name)
    if request.time is None:
        raise UserError(f"Say which column of {name} holds the times with `time`.")
    if target in (request.time, request.series):
        other = "time" if target == request.time else "series"
        raise UserError(f"`{other}` and `target` are both '{target}'; they must differ.")
    time = target_column(frame, request.time, name)
    check_rows(frame, name)
    check_numbers(frame[target], name)
    if frame[target].nunique() < 2:
        raise UserError(f"The column '{target}' of {name} is constant; nothing to forecast.")
    seconds = seconds_of(frame[time], name)
    by_number = pd.api.types.is_numeric_dtype(frame[time])
    values, steps, workdays = {}, [], False
    by_series = {"": np.arange(len(frame))}
    if request.series is not None:
        by_series = rows_by_series(frame[target_column(frame, request.series, name)], name)
    for label, rows in by_series.items():
        where = name if request.series is None else f"the series '{label}' of {name}"
        jumps = np.zeros(len(rows) - 1, dtype=bool) if by_number else weekends(seconds[rows])
        steps.append(check_times(seconds[rows], jumps, frame[time].iloc[rows], where))
        workdays |= bool(jumps.any())
        if len(rows) < MIN_POINTS:
            points = "1 point" if len(rows) == 1 else f"{len(rows)} points"
            raise UserError(f"{where} has {points}; at least {MIN_POINTS} are needed.")
        values[str(label)] = frame[target].iloc[rows].to_numpy(dtype=float)
    _check_training_parts(list(values.values()), target, name)
    period = WORKDAYS if workdays else _period(float(np.median(steps)), by_number)
    horizon = _horizon(request.horizon, period, min(map(len, values.values())), name)
    n_points = sum(map(len, values.values()))
    intake = Intake(
        name=name,
        size=f"{counted(n_points, 'point')} of {counted(len(values), 'series', 'series')} in the "
        f"order of '{time}'",
        target=f"'{target}', {counted(horizon, 'step')} ahead",
        left_out=beside(frame.columns, (target, request.time, request.series)),
        notes=(f"Seasons of {period} points are assumed.",) if period > 1 else (),
    )
    reading = SeriesReading(
        TargetReading(target, "forecasting", NumberColumn("numbers")),
        time,
        None if by_number or cells_of(frame[time]) != "texts" else point_form(frame[time]),
        request.series,
        horizon,
        period,
        spacing_of([seconds[rows] for rows in by_series.values()], by_number, workdays),
        series_names(frame, request.series),
    )
    return SeriesDataset(
        name, tuple(values.values()), tuple(values), target, horizon, period, source=source,
        licence=licence, intake=intake, reading=reading,
    )  # fmt: skip


def part_bounds(n: int) -> tuple[int, int, int, int]:
    """Return where the training, validation and test part of n points begin, and the end."""
    held = int(HELD_OUT_SHARE * n)
    return 0, n - 2 * held, n - held, n


def is_constant(values: np.ndarray) -> bool:
    """Return whether numbers are the same but for rounding, which is relative to their size.

    Numbers that are more than a few steps of float64 apart are different, however far from zero.
    """
    return bool(np.ptp(values) <= ROUNDING * np.abs(values).max())


def _check_training_parts(values: Sequence[np.ndarray], target: str, name: str) -> None:
    if all(is_constant(series[: part_bounds(len(series))[1]]) for series in values):
        what = f"The column '{target}' of {name}" if len(values) == 1 else f"Every series of {name}"
        raise UserError(
            f"{what} is constant in its first 60%, which are for training; there is nothing to "
            "learn from."
        )


def _period(step: float, numeric: bool) -> int:
    """Return points per season by the distance between points.

    Numbers count as years where that makes months or quarters, as in many old tables.
    """
    if numeric:
        return next((n for n in (12, 4) if abs(step * n - 1) < 0.05), 1)
    near = min(PERIODS, key=lambda known: abs(np.log(step / known)))
    return PERIODS[near] if abs(np.log(step / near)) < 0.1 else 1


def _horizon(horizon: int | None, period: int, shortest: int, name: str) -> int:
    longest = int(HELD_OUT_SHARE * shortest)
    if horizon is None:
        return max(min(period if period > 1 else 6, longest), 1)
    if horizon > longest:
        raise UserError(
            f"A horizon of {horizon} is too long for {name}: its shortest series has {shortest} "
            f"points, of which validation and test get {longest} each; use "
            f"`horizon={longest}` or less."
        )
    return horizon
