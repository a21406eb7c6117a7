"""Cutting one series into windows, each in units of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from advisor.data.preparation.stored import MAX_POINTS, Stored
from advisor.data.series import ROUNDING, is_constant
from knowledge_base.types import JsonObject

MAX_ORIGINS = 100
"""Forecasts of the validation and of the test part, per series."""

LEAST_SPREAD = 0.05
"""Of a window, in units of its series."""

CUT_AT_ONCE = 1_000_000
"""Numbers that are cut into windows at a time."""

SCALE_FIELDS = ("name", "mean", "scale", "naive")
WINDOW_FIELDS = ("length", "lag", "by_window")
"""Fields of what is stored."""


@dataclass(frozen=True)
class SeriesScale:
    """What is learnt of the training part of one series.

    Attributes:
        name: of the series.
        mean, scale: standardise its values.
        naive: mean absolute error of the seasonal naive forecast; None where that makes none.
    """

    name: str
    mean: float
    scale: float
    naive: float | None

    @classmethod
    def fitted(cls, name: str, known: np.ndarray, period: int) -> Self:
        """Return what the known points of a series say."""
        scale = 1.0 if is_constant(known) else float(known.std())
        error = _naive_error(known, period)
        return cls(name, float(known.mean()), scale, None if np.isnan(error) else error)

    def to_dict(self) -> JsonObject:
        """Return it as JSON."""
        return {name: getattr(self, name) for name in SCALE_FIELDS}

    @classmethod
    def from_stored(cls, stored: Stored) -> Self:
        """Return what `to_dict` gave.

        Raises:
            UserError: it is not that.
        """
        return cls(
            stored.text("name"),
            stored.number("mean"),
            stored.number("scale", positive=True),
            stored.optional_number("naive"),
        )


@dataclass(frozen=True)
class Window:
    """How windows are cut.

    Attributes:
        length: points in a window.
        lag: how far back the points lie that they are made relative to; 0 if they are not.
        by_window: whether each is scaled by its own mean and spread.
    """

    length: int
    lag: int
    by_window: bool

    @property
    def needed(self) -> int:
        """Points before a forecast."""
        return self.length + self.lag

    def to_dict(self) -> JsonObject:
        """Return it as JSON."""
        return {name: getattr(self, name) for name in WINDOW_FIELDS}

    @classmethod
    def from_stored(cls, stored: Stored) -> Self:
        """Return what `to_dict` gave.

        Raises:
            UserError: it is not that.
        """
        return cls(
            stored.whole("length", 1, MAX_POINTS),
            stored.whole("lag", 0, MAX_POINTS),
            stored.truth("by_window"),
        )


@dataclass(frozen=True)
class Cut:
    """Windows, and how forecasts that were made of them come back into the unit of the series.

    Attributes:
        inputs: float32, (n, length, 1).
        base: what forecasts are relative to, of the standardised series, (n, horizon).
        middle, spread: of each window, (n, 1).
    """

    inputs: np.ndarray
    base: np.ndarray
    middle: np.ndarray
    spread: np.ndarray


class Cutter:
    """Cuts one series into windows."""

    def __init__(self, values: np.ndarray, scale: SeriesScale, horizon: int) -> None:
        """Standardise the points of a series, in the order of time."""
        self.scale, self.horizon = scale, horizon
        self.values = (values - scale.mean) / scale.scale

    def cut(self, origins: np.ndarray, window: Window) -> Cut:
        """Return windows for forecasts that begin at `origins`; these points need not be there."""
        lag = window.lag
        before = origins[:, None] + np.arange(-window.length, 0)
        after = origins[:, None] + np.arange(self.horizon)
        inputs, base = self.values[before], np.zeros(after.shape)
        if lag:
            inputs = inputs - self.values[before - lag]
            seasons = np.arange(self.horizon) // lag + 1
            base = self.values[after - lag * seasons]
        middle, spread = np.zeros((len(origins), 1)), np.ones((len(origins), 1))
        if window.by_window:
            middle = middle if lag else inputs.mean(1, keepdims=True)
            spread = np.maximum(inputs.std(1, keepdims=True), LEAST_SPREAD)
        inputs = np.clip((inputs - middle) / spread, -10, 10)
        return Cut(inputs[:, :, None].astype(np.float32), base, middle, spread)

    def scales(self, cut: Cut) -> tuple[np.ndarray, np.ndarray]:
        """Return factors (n, 1) and summands (n, horizon) that undo all that was done."""
        factors = cut.spread * self.scale.scale
        return factors, (cut.middle + cut.base) * self.scale.scale + self.scale.mean

    def windows(self, origins: np.ndarray, window: Window) -> list[np.ndarray]:
        """Return windows, targets, scales, offsets and naive errors."""
        cut = self.cut(origins, window)
        after = origins[:, None] + np.arange(self.horizon)
        targets = (self.values[after] - cut.base - cut.middle) / cut.spread
        naive = np.nan if self.scale.naive is None else self.scale.naive
        return [
            cut.inputs,
            targets.astype(np.float32),
            *self.scales(cut),
            np.full(len(origins), naive),
        ]


def cut_part(
    cutters: Sequence[Cutter],
    bounds: Sequence[tuple[int, int]],
    held_out: bool,
    window: Window,
    most: int,
) -> list[np.ndarray]:
    """Return windows, targets, scales, offsets, naive errors and points of one part of all series.

    Where there are more than `most`, an even choice is made first and only that is cut out. It is
    cut out some windows at a time, since cutting takes ten times the memory that stays.

    Args:
        cutters: one per series.
        bounds: where the part begins and ends in each.
        held_out: whether it is for validation or testing.
        window: how windows are cut.
        most: windows of the part.

    Returns:
        The points are those where forecasts begin, counted over all series.
    """
    horizon = cutters[0].horizon
    origins = [_origins(of, held_out, window.needed, horizon) for of in bounds]
    ends = np.cumsum([len(places) for places in origins])
    chosen = np.arange(ends[-1])
    if len(chosen) > most:
        chosen = np.linspace(0, ends[-1] - 1, most).astype(int)
    shares = np.split(chosen, np.searchsorted(chosen, ends[:-1]))
    starts = ends - [len(places) for places in origins]
    at_once = max(CUT_AT_ONCE // (window.length + horizon), 1)
    points_before = np.cumsum([0, *(len(cutter.values) for cutter in cutters)])
    found = []
    for place, cutter in enumerate(cutters):
        share = origins[place][shares[place] - starts[place]]
        for some in np.split(share, range(at_once, len(share), at_once)):
            found.append([*cutter.windows(some, window), some + points_before[place]])
    return [np.concatenate(arrays) for arrays in zip(*found, strict=True)]


def _origins(of: tuple[int, int], held_out: bool, needed: int, horizon: int) -> np.ndarray:
    """Return where forecasts of a part begin, with `needed` points before."""
    origins: np.ndarray = np.arange(max(of[0], needed), of[1] - horizon + 1)
    if held_out and len(origins) > MAX_ORIGINS:
        origins = origins[np.linspace(0, len(origins) - 1, MAX_ORIGINS).astype(int)]
    return origins


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
