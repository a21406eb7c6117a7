"""Time series to windows and forecasts; parts follow each other in time.

Validation and test forecasts are made from a rolling origin (Tashman 2000): from each of many
points in time, with everything before it known and nothing after it.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from advisor.data.preparation.base import PARTS, PreparedData
from advisor.data.series import HELD_OUT_SHARE, SeriesDataset

MAX_ORIGINS = 100
"""Of validation and of test, per series."""
MAX_WINDOWS = 20_000
MIN_WINDOWS = 8


@dataclass(frozen=True)
class WindowData(PreparedData):
    """Windows (n, length, 1) and what follows them, (n, horizon), in units of each window.

    Attributes:
        offsets: per part, to be added to a forecast in the series' own unit, (n, horizon).
        scales: per part, to be multiplied with it before, (n, 1).
        naive: per part, mean absolute error of the seasonal naive forecast on the training
            part of the window's series, (n,).
    """

    offsets: tuple[np.ndarray, ...] = ()
    scales: tuple[np.ndarray, ...] = ()
    naive: tuple[np.ndarray, ...] = ()

    modality: ClassVar[str] = "series"
    curve_rows: ClassVar[int | None] = 2000

    def in_unit(self, values: np.ndarray, part: str) -> np.ndarray:
        """Return forecasts in the series' own unit."""
        place, rows = PARTS.index(part), len(values)
        return values.astype(np.float64) * self.scales[place][:rows] + self.offsets[place][:rows]

    def naive_error(self, part: str, rows: int | None = None) -> np.ndarray | None:
        """Return the error of the seasonal naive forecast, one number per row."""
        return self.naive[PARTS.index(part)][:rows]


@dataclass(frozen=True)
class SeriesData(PreparedData):
    """Whole series, to be cut into windows by `windows`."""

    series: tuple[np.ndarray, ...] = ()
    period: int = 1

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
        lag = {"none": 0, "first": 1, "seasonal": self.period}[differencing]
        shortest = min(_bounds(len(values))[1] for values in self.series)
        length = max(min(length, shortest - self.n_outputs - lag - MIN_WINDOWS), 2)
        cut = [_Cut(values, self.n_outputs, self.period) for values in self.series]
        parts = [[c.part(p, length, lag, scaling == "window") for c in cut] for p in PARTS]
        joined = [[np.concatenate(arrays) for arrays in zip(*of_part, strict=True)]
                  for of_part in parts]  # fmt: skip
        joined[0] = _thinned(joined[0])
        arrays: dict[str, Any] = {}
        for part, found in zip(PARTS, joined, strict=True):
            arrays |= {f"x_{part}": found[0], f"y_{part}": found[1]}
        return WindowData(
            **arrays,
            kind="forecasting",
            n_inputs=1,
            n_outputs=self.n_outputs,
            scales=tuple(part[2] for part in joined),
            offsets=tuple(part[3] for part in joined),
            naive=tuple(part[4] for part in joined),
        )


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


def _bounds(n: int) -> tuple[int, int, int, int]:
    """Return where the training, validation and test part of n points begin, and the end."""
    held = int(HELD_OUT_SHARE * n)
    return 0, n - 2 * held, n - held, n


class _Cut:
    """Cuts one series into windows."""

    def __init__(self, values: np.ndarray, horizon: int, period: int) -> None:
        self.horizon, self.period = horizon, period
        self.bounds = _bounds(len(values))
        known = values[: self.bounds[1]]
        self.mean, self.scale = float(known.mean()), float(known.std()) or 1.0
        self.values = (values - self.mean) / self.scale
        lag = period if period < len(known) else 1
        self.naive = max(float(np.abs(known[lag:] - known[:-lag]).mean()), 1e-8 * self.scale)

    def part(self, part: str, length: int, lag: int, by_window: bool) -> list[np.ndarray]:
        """Return windows, targets, scales, offsets and naive errors of one part."""
        place = PARTS.index(part)
        first = max(self.bounds[place], length + lag)
        origins = np.arange(first, self.bounds[place + 1] - self.horizon + 1)
        if place and len(origins) > MAX_ORIGINS:
            origins = origins[np.linspace(0, len(origins) - 1, MAX_ORIGINS).astype(int)]
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


def _thinned(part: list[np.ndarray]) -> list[np.ndarray]:
    n = len(part[0])
    if n <= MAX_WINDOWS:
        return part
    rows = np.linspace(0, n - 1, MAX_WINDOWS).astype(int)
    return [array[rows] for array in part]
