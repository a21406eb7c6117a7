"""Recurrent networks that forecast time series."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from advisor.predictor.export.parts.averaging import Model, Preparation, Prepared, loaded
from advisor.predictor.export.parts.files import HERE, Json
from advisor.predictor.export.parts.layers import finish
from advisor.predictor.export.parts.recurrence import cells_of

ROUNDING = 1e-13
"""Spread of a series, relative to its largest number, that rounding alone may make."""

LEAST_SPREAD = 0.05
"""Of a window, in standard deviations of its series."""

FARTHEST = 10
"""Where inputs are clipped."""


class SeriesPreparation(Preparation):
    """The last points of series to windows, in units of their own; scales are of each fold."""

    def __init__(self, content: Json) -> None:
        """Take what preparation.json holds."""
        self.horizon: int = content["horizon"]
        self.scales: list[dict[str, tuple[float, float]]] = [
            {one["name"]: (one["mean"], one["scale"]) for one in fold["series"]}
            for fold in content["folds"]
        ]

    def prepare(self, rows: object, networks: Sequence[Json]) -> list[Prepared]:
        """Return windows (n, length, 1), factors (n, 1) and summands (n, horizon) per network.

        Args:
            rows: a dict from the names of series to their points in the order of time, up to
                where the forecast begins; or the points of a single series.
            networks: as `Preparation.prepare` has them.
        """
        if isinstance(rows, str) or not isinstance(rows, Mapping | Sequence):
            raise ValueError("give a dict from names of series to points, or a list of points")
        histories = rows if isinstance(rows, Mapping) else {"": rows}
        series = {
            str(name): torch.tensor([float(point) for point in points], dtype=torch.float64)
            for name, points in histories.items()
        }
        if not series:
            raise ValueError("there is no series to forecast")
        found = []
        for one in networks:
            cut = [self._cut(name, points, one) for name, points in series.items()]
            found.append(tuple(torch.cat(parts) for parts in zip(*cut, strict=True)))
        return found

    def _cut(self, name: str, points: Tensor, one: Json) -> Prepared:
        length, lag = one["window"]["length"], one["window"]["lag"]
        if len(points) < length + lag:
            raise ValueError(
                f"the series {name!r} has {len(points)} points; the model needs the last "
                f"{length + lag} before the forecast"
            )
        if not bool(points.isfinite().all()):
            raise ValueError(f"the series {name!r} has missing or infinite values")
        mean, scale = self.scales[one["fold"]].get(name) or scale_of(points)
        values = (points - mean) / scale
        window, base = values[-length:], torch.zeros(self.horizon, dtype=torch.float64)
        if lag:  # windows and forecasts are relative to what was `lag` points before
            window = window - values[len(values) - length - lag : len(values) - lag]
            base = values[-lag:].repeat(self.horizon // lag + 1)[: self.horizon]
        middle, spread = torch.zeros((), dtype=torch.float64), torch.ones((), dtype=torch.float64)
        if one["window"]["by_window"]:
            middle = middle if lag else window.mean()
            spread = window.std(correction=0).clamp(min=LEAST_SPREAD)
        inputs = ((window - middle) / spread).clamp(-FARTHEST, FARTHEST)
        factors, summands = spread * scale, (middle + base) * scale + mean
        return inputs.float().reshape(1, length, 1), factors.reshape(1, 1), summands.unsqueeze(0)


def scale_of(points: Tensor) -> tuple[float, float]:
    """Return the mean and the spread of a series that was not trained on."""
    constant = bool(points.max() - points.min() <= ROUNDING * points.abs().max())
    return float(points.mean()), 1.0 if constant else float(points.std(correction=0))


class ForecastNetwork(nn.Module):
    """Windows (n, length, 1) to forecasts (n, horizon)."""

    def __init__(self, config: Json, horizon: int) -> None:
        """Build the layers of a configuration."""
        super().__init__()
        units = config["units"]
        self.cells = cells_of(config, 1)
        self.head = nn.Sequential(
            nn.Linear(units, units), *finish(config, units), nn.Linear(units, horizon)
        )

    def forward(self, windows: Tensor) -> Tensor:
        """Return all steps ahead."""
        states, _ = self.cells(windows)
        return cast("Tensor", self.head(states[:, -1]))


class LinearForecast(nn.Module):
    """Windows (n, length, 1) to forecasts (n, horizon), by one linear layer."""

    def __init__(self, length: int, horizon: int) -> None:
        """Build the layer."""
        super().__init__()
        self.linear = nn.Linear(length, horizon)

    def forward(self, windows: Tensor) -> Tensor:
        """Return all steps ahead."""
        return cast("Tensor", self.linear(windows.flatten(1)))


def build_network(config: Json, form: Json) -> nn.Module:
    """Return the network for `n_outputs` steps ahead."""
    if config["cell"] in ("linear", "smoothing"):
        return LinearForecast(form["window"]["length"], form["n_outputs"])
    return ForecastNetwork(config, form["n_outputs"])


def load(folder: Path = HERE) -> Model:
    """Return the trained model, which lies beside this file."""
    return loaded(folder, build_network, SeriesPreparation)


@cache
def _model() -> Model:
    return load()


def predict(rows: object) -> list[object]:
    """Return the forecast of each series: a dict from names to points, or the points of one."""
    return _model().predict(rows)
