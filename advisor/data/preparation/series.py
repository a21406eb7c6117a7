"""Time series to windows and forecasts; parts follow each other in time.

Validation and test forecasts are made from a rolling origin (Tashman 2000): from each of many
points in time, with everything before it known and nothing after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from advisor.data.preparation.base import PARTS, PreparedData, arrays_of
from advisor.data.series import ROUNDING, SeriesDataset, is_constant, part_bounds

MAX_ORIGINS = 100
"""Forecasts of the validation and of the test part, per series."""
MAX_WINDOWS = 20_000
"""Windows of each part."""
CUT_AT_ONCE = 1_000_000
"""Numbers that are cut into windows at a time."""
MIN_WINDOWS = 8
"""Windows to train on that no configuration may do without."""
MIN_LENGTH = 2


@dataclass(frozen=True)
class WindowData(PreparedData):
    """Windows (n, length, 1) and what follows them, (n, horizon), in units of each window.

    Attributes:
        offsets: per part, to be added to a forecast in the series' own unit, (n, horizon).
        scales: per part, to be multiplied with it before, (n, 1).
        naive: per part, mean absolute error of the seasonal naive forecast on the training
            part of the window's series, (n,); NaN where that makes no error.
    """

    offsets: tuple[np.ndarray, ...] = ()
    scales: tuple[np.ndarray, ...] = ()
    naive: tuple[np.ndarray, ...] = ()

    modality: ClassVar[str] = "series"
    curve_rows: ClassVar[int | None] = 2000

    def in_unit(self, values: np.ndarray, part: str) -> np.ndarray:
        """Return forecasts in the series' own unit."""
        place, rows = PARTS.index(part), len(values)
        scales, offsets = self.scales[place][:rows], self.offsets[place][:rows]
        forecasts: np.ndarray = values.astype(np.float64) * scales + offsets
        return forecasts

    def naive_error(self, part: str, rows: int | None = None) -> np.ndarray | None:
        """Return the error of the seasonal naive forecast, one number per row."""
        return self.naive[PARTS.index(part)][:rows]


@dataclass(frozen=True)
class SeriesData(PreparedData):
    """Whole series, to be cut into windows by `windows`.

    Attributes:
        series: values in the order of time.
        period: points per season.
        most: windows of each part; an even choice of them where there are more.
    """

    series: tuple[np.ndarray, ...] = ()
    period: int = 1
    most: int = MAX_WINDOWS

    modality: ClassVar[str] = "series"

    def windows(self, length: int, differencing: str, scaling: str) -> WindowData:
        """Return windows for a network.

        Args:
            length: points before the forecast; fewer if the shortest series needs that.
            differencing: "none"; "first", forecasts relative to the last point; "seasonal",
                relative to the last season.
            scaling: "series", by mean and spread of the training part; "window", by those
                of each window too.
        """
        cut = [_Cut(values, self.n_outputs, self.period) for values in self.series]
        lag = self._lag(differencing)
        length = max(min(length, self._room() - lag), MIN_LENGTH)
        found = [_part(cut, part, length, lag, scaling == "window", self.most) for part in PARTS]
        return WindowData(
            **arrays_of((part[0], part[1]) for part in found),
            kind="forecasting",
            n_inputs=1,
            n_outputs=self.n_outputs,
            scales=tuple(part[2] for part in found),
            offsets=tuple(part[3] for part in found),
            naive=tuple(part[4] for part in found),
        )

    def n_rows(self, part: str) -> int:
        """Return the most windows that a part may have."""
        place = PARTS.index(part)
        bounds = [part_bounds(len(values)) for values in self.series]
        points = [of[place + 1] - of[place] for of in bounds]
        return min(sum(min(n, MAX_ORIGINS) if place else n for n in points), self.most)

    def few(self, rows: int = 2) -> "SeriesData":
        """Return the same with hardly any windows."""
        return replace(self, most=rows)

    def _room(self) -> int:
        """Return the most points before a forecast that leave windows enough to train on."""
        shortest = min(part_bounds(len(values))[1] for values in self.series)
        return shortest - self.n_outputs - MIN_WINDOWS

    def _lag(self, differencing: str) -> int:
        """Return how far back differences reach: a point where a season is too long for it."""
        season = self.period if self.period + MIN_LENGTH <= self._room() else 1
        return {"none": 0, "first": 1, "seasonal": season}[differencing]


def prepare_series(dataset: SeriesDataset, seed: int = 0) -> SeriesData:
    """Return the series; the first 60% are for training, the last 20% for testing."""
    empty = np.zeros(0, dtype=np.float32)
    return SeriesData(
        *(empty, empty, empty, empty, empty, empty),
        kind="forecasting",
        n_inputs=1,
        n_outputs=dataset.horizon,
        series=dataset.values,
        period=dataset.period,
    )


def _part(
    cut: "Sequence[_Cut]", part: str, length: int, lag: int, by_window: bool, most: int
) -> list[np.ndarray]:
    """Return windows, targets, scales, offsets and naive errors of one part of all series.

    Where there are more than `most`, an even choice is made first and only that is cut out. It is
    cut out some windows at a time, since cutting takes ten times the memory that stays.
    """
    origins = [series.origins(part, length + lag) for series in cut]
    ends = np.cumsum([len(places) for places in origins])
    chosen = np.arange(ends[-1])
    if len(chosen) > most:
        chosen = np.linspace(0, ends[-1] - 1, most).astype(int)
    shares = np.split(chosen, np.searchsorted(chosen, ends[:-1]))
    starts = ends - [len(places) for places in origins]
    at_once = max(CUT_AT_ONCE // (length + cut[0].horizon), 1)
    found = [
        series.windows(some, length, lag, by_window)
        for series, places, share, start in zip(cut, origins, shares, starts, strict=True)
        for some in np.split(places[share - start], range(at_once, len(share), at_once))
    ]
    return [np.concatenate(arrays) for arrays in zip(*found, strict=True)]


def _naive_error(known: np.ndarray, period: int) -> float:
    """Return the mean absolute error of repeating the last season, or the last point.

    The last point is repeated where a season is too long, or repeats itself exactly. The error is
    NaN if that errs by nothing either, since then there is no scale for errors (Hyndman and
    Koehler 2006).
    """
    for lag in (period, 1) if period < len(known) else (1,):
        error = float(np.abs(known[lag:] - known[:-lag]).mean())
        if error > ROUNDING * float(np.abs(known).max()):
            return error
    return float("nan")


class _Cut:
    """Cuts one series into windows."""

    def __init__(self, values: np.ndarray, horizon: int, period: int) -> None:
        self.horizon, self.period = horizon, period
        self.bounds = part_bounds(len(values))
        known = values[: self.bounds[1]]
        flat = is_constant(known)
        self.mean, self.scale = float(known.mean()), 1.0 if flat else float(known.std())
        self.values = (values - self.mean) / self.scale
        self.naive = _naive_error(known, period)

    def origins(self, part: str, needed: int) -> np.ndarray:
        """Return where forecasts of a part begin, with `needed` points before."""
        place = PARTS.index(part)
        first = max(self.bounds[place], needed)
        origins: np.ndarray = np.arange(first, self.bounds[place + 1] - self.horizon + 1)
        if place and len(origins) > MAX_ORIGINS:
            origins = origins[np.linspace(0, len(origins) - 1, MAX_ORIGINS).astype(int)]
        return origins

    def windows(
        self, origins: np.ndarray, length: int, lag: int, by_window: bool
    ) -> list[np.ndarray]:
        """Return windows, targets, scales, offsets and naive errors."""
        before = origins[:, None] + np.arange(-length, 0)
        after = origins[:, None] + np.arange(self.horizon)
        inputs, base = self.values[before], np.zeros(after.shape)
        if lag:
            inputs = inputs - self.values[before - lag]
            seasons = np.arange(self.horizon) // lag + 1
            base = self.values[after - lag * seasons]
        middle, spread = np.zeros((len(origins), 1)), np.ones((len(origins), 1))
        if by_window:
            middle = middle if lag else inputs.mean(1, keepdims=True)
            spread = np.maximum(inputs.std(1, keepdims=True), 0.05)
        targets = (self.values[after] - base - middle) / spread
        inputs = np.clip((inputs - middle) / spread, -10, 10)
        return [
            inputs[:, :, None].astype(np.float32),
            targets.astype(np.float32),
            spread * self.scale,
            (middle + base) * self.scale + self.mean,
            np.full(len(origins), self.naive),
        ]
