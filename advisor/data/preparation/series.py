"""Time series to windows and forecasts; parts follow each other in time.

Validation and test forecasts are made from a rolling origin (Tashman 2000): from each of many
points in time, with everything before it known and nothing after it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Self

import numpy as np

from advisor.data.preparation.base import (
    PARTS,
    Features,
    Preparation,
    PreparedData,
    arrays_of,
)
from advisor.data.preparation.cutting import (
    LEAST_SPREAD,
    MAX_ORIGINS,
    SCALE_FIELDS,
    WINDOW_FIELDS,
    Cutter,
    SeriesScale,
    Window,
    cut_part,
)
from advisor.data.preparation.rolling import (
    MIN_LENGTH,
    Bounds,
    bounds_of,
    room_of,
    season_fits,
    series_folds,
)
from advisor.data.preparation.stored import MAX_POINTS, Stored, damaged
from advisor.data.preparation.windows import WindowData
from advisor.data.series import SeriesDataset
from knowledge_base.errors import UserError
from knowledge_base.types import JsonObject

MAX_WINDOWS = 20_000
"""Windows of each part."""

SEASONS, LEAST_SEASON = 2, 6
"""Seasons whose spread errors are measured by, and points that one has at least."""
FIELDS = ("modality", "series", "horizon", "period", "room", "window")


@dataclass(frozen=True)
class SeriesPreparation(Preparation):
    """How series are scaled, and how windows are cut once a configuration has chosen that.

    Inputs and forecasts are of the points that follow each history. The points themselves are not
    stored with it: whoever forecasts gives the last `needed` ones or more.

    Attributes:
        scales: of each series.
        horizon: points of a forecast.
        period: points per season.
        room: the most points before a forecast that the training part has room for.
        window: how windows are cut; None before a configuration has chosen it.
    """

    scales: tuple[SeriesScale, ...]
    horizon: int
    period: int
    room: int
    window: Window | None = None

    modality: ClassVar[str] = "series"

    @cached_property
    def _by_name(self) -> dict[str, SeriesScale]:
        return {scale.name: scale for scale in self.scales}

    def spread(self, name: str, points: np.ndarray) -> float:
        """Return the unit in which errors of the forecast after some points are comparable.

        It is the standard deviation of the last seasons, so that it grows with a series whose
        swings do, and a twentieth of that of the training part at least, as for windows.

        Args:
            name: of the series; one that was not trained on is scaled by the points given.
            points: in the order of time, (n,); those before the last seasons do not count.
        """
        scale = self._by_name.get(name) or SeriesScale.fitted(name, points, self.period)
        recent = points[-SEASONS * max(self.period, LEAST_SEASON) :]
        return max(float(np.std(recent)), LEAST_SPREAD * scale.scale)

    @property
    def needed(self) -> int:
        """Points of each history that a forecast needs."""
        return self.chosen_window.needed

    @property
    def chosen_window(self) -> Window:
        """How windows are cut.

        Raises:
            ValueError: no configuration has chosen that.
        """
        if self.window is None:
            raise ValueError("no configuration has chosen the windows; see `windowed`")
        return self.window

    def windowed(self, length: int, differencing: str, scaling: str) -> Self:
        """Return the preparation of `SeriesData.windows`."""
        season = self.period if season_fits(self.period, self.room) else 1
        lag = {"none": 0, "first": 1, "seasonal": season}[differencing]
        length = max(min(length, self.room - lag), MIN_LENGTH)
        return replace(self, window=Window(length, lag, scaling == "window"))

    def inputs(self, features: Features) -> np.ndarray:
        """Return the last window of each history, float32 (n, length, 1), in their order.

        Args:
            features: points in the order of time by the names of the series. One that was not
                trained on is scaled by all points that are given.

        Raises:
            UserError: a history is too short, or has something else than finite numbers.
        """
        window = self.chosen_window
        cut = [
            cutter.cut(np.array([len(cutter.values)]), window).inputs
            for cutter in self._cutters(features)
        ]
        return np.concatenate(cut)

    def in_unit(self, values: np.ndarray, features: Features) -> np.ndarray:
        """Return forecasts (n, horizon) in the unit of the series."""
        found = []
        for cutter in self._cutters(features):
            origin = np.array([len(cutter.values)])
            found.append(cutter.scales(cutter.cut(origin, self.chosen_window)))
        factors, summands = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
        forecasts: np.ndarray = values.astype(np.float64) * factors + summands
        return forecasts

    def stand_in(self, rows: int = 2) -> PreparedData:
        """Return windows of zeros; before a configuration has chosen them, a series of its mean."""
        if self.window is None:
            # Every configuration's windows have room before the first of these forecasts.
            first, points = self.room + self.horizon, self.horizon + rows
            ends = first + points, first + 2 * points, first + 3 * points
            parts = (0, ends[0]), (ends[0], ends[1]), (ends[1], ends[2])
            mean = np.full(ends[2], self.scales[0].mean)
            return self.data((mean,), (parts,)).few(rows)
        x = np.zeros((rows, self.window.length, 1), dtype=np.float32)
        y = np.zeros((rows, self.horizon), dtype=np.float32)
        return WindowData(
            **arrays_of([(x, y)] * 3),
            kind="forecasting",
            n_inputs=1,
            n_outputs=self.horizon,
            valid_rows=np.arange(rows),
            preparation=self,
            offsets=(np.zeros_like(y, dtype=np.float64),) * 3,
            scales=(np.ones((rows, 1)),) * 3,
            naive=(np.full(rows, np.nan),) * 3,
        )

    def data(self, series: tuple[np.ndarray, ...], bounds: tuple[Bounds, ...]) -> "SeriesData":
        """Return series that this was fitted on as data to train with."""
        empty = np.zeros(0, dtype=np.float32)
        return SeriesData(
            *(empty, empty, empty, empty, empty, empty),
            kind="forecasting",
            n_inputs=1,
            n_outputs=self.horizon,
            preparation=self,
            series=series,
            bounds=bounds,
        )

    def _cutters(self, features: Features) -> list[Cutter]:
        if not isinstance(features, Mapping):
            raise TypeError("the history of series is a mapping from names to points")
        cutters = []
        for name, points in features.items():
            values = np.asarray(points, dtype=np.float64)
            if len(values) < self.needed:
                raise UserError(
                    f"The series '{name}' has {len(values)} points; the model needs the last "
                    f"{self.needed} before the forecast."
                )
            if not np.isfinite(values).all():
                raise UserError(f"The series '{name}' has missing or infinite values.")
            scale = self._by_name.get(name)
            scale = scale or SeriesScale.fitted(name, values, self.period)
            cutters.append(Cutter(values[-self.needed :], scale, self.horizon))
        return cutters

    def to_dict(self) -> JsonObject:
        """Return it as strict JSON."""
        return {
            "modality": self.modality,
            "series": [scale.to_dict() for scale in self.scales],
            "horizon": self.horizon,
            "period": self.period,
            "room": self.room,
            "window": None if self.window is None else self.window.to_dict(),
        }

    @classmethod
    def from_dict(cls, found: object) -> Self:
        """Return what `to_dict` gave.

        Raises:
            UserError: it is not that.
        """
        stored = Stored(found, "the series", FIELDS)
        stored.one_of("modality", [cls.modality])
        scales = tuple(map(SeriesScale.from_stored, stored.parts("series", SCALE_FIELDS)))
        if len({scale.name for scale in scales}) != len(scales) or not scales:
            raise damaged("it has no series, or two of one name")
        window = None
        if not stored.is_null("window"):
            window = Window.from_stored(stored.part("window", WINDOW_FIELDS))
        return cls(
            scales,
            stored.whole("horizon", 1, MAX_POINTS),
            stored.whole("period", 1, MAX_POINTS),
            stored.whole("room", MIN_LENGTH, MAX_POINTS),
            window,
        )


@dataclass(frozen=True)
class SeriesData(PreparedData):
    """Whole series, to be cut into windows by `windows`.

    Attributes:
        series: values in the order of time.
        bounds: where the parts of each begin and end.
        most: windows of each part; an even choice of them where there are more.
    """

    series: tuple[np.ndarray, ...] = ()
    bounds: tuple[Bounds, ...] = ()
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
        assert isinstance(self.preparation, SeriesPreparation)
        preparation = self.preparation.windowed(length, differencing, scaling)
        window = preparation.chosen_window
        cutters = [
            Cutter(values, scale, self.n_outputs)
            for values, scale in zip(self.series, preparation.scales, strict=False)
        ]  # a stand-in has one series, whatever was trained on
        found = [
            cut_part(cutters, [of[place] for of in self.bounds], place > 0, window, self.most)
            for place in range(len(PARTS))
        ]
        return WindowData(
            **arrays_of((part[0], part[1]) for part in found),
            kind="forecasting",
            n_inputs=1,
            n_outputs=self.n_outputs,
            valid_rows=found[PARTS.index("valid")][5],
            preparation=preparation,
            scales=tuple(part[2] for part in found),
            offsets=tuple(part[3] for part in found),
            naive=tuple(part[4] for part in found),
        )

    def n_rows(self, part: str) -> int:
        """Return the most windows that a part may have."""
        place = PARTS.index(part)
        points = [end - start for start, end in (of[place] for of in self.bounds)]
        return min(sum(min(n, MAX_ORIGINS) if place else n for n in points), self.most)

    def few(self, rows: int = 2) -> "SeriesData":
        """Return the same with hardly any windows."""
        return replace(self, most=rows)


def prepare_series(
    dataset: SeriesDataset, seed: int = 0, fold: int | None = 0, test: bool = True
) -> SeriesData:
    """Return the series; the first 60% are for training, the last 20% for testing.

    Further folds train on fewer points; see `advisor.data.preparation.rolling`. Without a fold all
    known points are trained on, in windows as the first fold allows them, so that a configuration
    means the same.
    """
    folds = series_folds(dataset, test)
    if fold is not None and not 0 <= fold < folds:
        raise UserError(
            f"{dataset.name} has too few points for fold {fold}: there are {folds}, from 0 on."
        )
    bounds = tuple(bounds_of(len(values), fold or 0, test) for values in dataset.values)
    room = room_of([train[1] for train, _, _ in bounds], dataset.horizon)
    if fold is None:
        bounds = tuple(((0, valid[1]), valid, held) for _, valid, held in bounds)
    known = [values[: of[0][1]] for values, of in zip(dataset.values, bounds, strict=True)]
    scales = tuple(
        SeriesScale.fitted(name, values, dataset.period)
        for name, values in zip(dataset.series_names, known, strict=True)
    )
    preparation = SeriesPreparation(scales, dataset.horizon, dataset.period, room)
    return preparation.data(dataset.values, bounds)
