"""Linear forecasters, which a formula gives in milliseconds, beside networks that are trained."""

from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, cast

import numpy as np

from advisor.models import shared
from advisor.models.base import ClosedForm
from knowledge_base.types import Config, ConfigDict, JsonObject

if TYPE_CHECKING:
    import torch

    from advisor.data import PreparedData
    from advisor.data.preparation.series import SeriesData, SeriesPreparation
    from knowledge_base.space import SpaceDefinition

CELL = "linear"
"""What stands for the recurrent cells in the configuration of a linear forecaster."""

WINDOWS = (4, 8, 12, 24, 48)
DIFFERENCING = ("none", "first", "seasonal")
SCALING = ("series", "window")
PENALTIES = (0.1, 1.0, 10.0)

LEAST_WINDOWS = 3
"""Windows of the training part below which no line is drawn through them."""

DEFINITION: JsonObject = {
    "name": "linear_forecaster",
    "version": 1,
    "hyperparameters": [
        {"type": "constant", "name": "cell", "value": CELL},
        shared.whole("window", 4, 128, 12, log=True),
        shared.choice("differencing", list(DIFFERENCING), "seasonal"),
        shared.choice("scaling", list(SCALING), "window"),
        shared.real("penalty", 1e-3, 1e3, 1.0, log=True),
    ],
}


class LinearForecaster(ClosedForm):
    """All steps of the horizon as linear functions of a window, by ridge regression.

    Zeng et al. 2023, "Are transformers effective for time series forecasting?", found single
    linear layers ahead of deep networks; Toner and Darlow 2024, "An analysis of linear time series
    forecasting models", that their closed form is no worse than training them. The penalty is that
    of Hoerl and Kennard 1970, "Ridge regression"; it is not on the intercept. What is forecast is
    relative to the last point or season where the windows are differenced, so that a large penalty
    leads to the naive forecast.
    """

    title = "linear forecaster"

    def space(self) -> "SpaceDefinition":
        """Return what a configuration may be."""
        return _space()

    def configs(self, data: "PreparedData") -> Iterator[ConfigDict]:
        """Yield those that cut different windows of these series, long ones first."""
        preparation = cast("SeriesPreparation", data.preparation)
        known = set()
        for length, differencing, scaling in product(reversed(WINDOWS), DIFFERENCING, SCALING):
            window = preparation.windowed(length, differencing, scaling).chosen_window
            if window in known:
                continue
            known.add(window)
            for penalty in PENALTIES:
                yield {"cell": CELL, "window": length, "differencing": differencing,
                       "scaling": scaling, "penalty": penalty}  # fmt: skip

    def solve(self, config: Config, data: "PreparedData") -> dict[str, np.ndarray] | None:
        """Return the weights that the training part gives, None of fewer than three windows."""
        if len(data.x_train) < LEAST_WINDOWS:
            return None
        x = data.x_train.reshape(len(data.x_train), -1).astype(np.float64)
        y = data.y_train.astype(np.float64)
        x_mean, y_mean = x.mean(0), y.mean(0)
        x, y = x - x_mean, y - y_mean
        weight = np.linalg.solve(x.T @ x + config["penalty"] * np.eye(x.shape[1]), x.T @ y)
        bias = y_mean - x_mean @ weight
        return {
            "linear.weight": np.ascontiguousarray(weight.T, dtype=np.float32),
            "linear.bias": bias.astype(np.float32),
        }

    def made(self, config: Config) -> bool:
        """Whether a configuration is one of a linear forecaster."""
        return config.get("cell") == CELL


def windows_of(config: Config, data: "PreparedData") -> "PreparedData":
    """Return windows of the configuration's length, differenced and scaled as it says."""
    series = cast("SeriesData", data)
    return series.windows(config["window"], config["differencing"], config["scaling"])


def network_of(data: "PreparedData") -> "torch.nn.Module":
    """Return the linear layer from windows of `data` to their horizon."""
    from advisor.models.recurrent import LinearForecast

    return LinearForecast(data.x_train.shape[1] * data.n_inputs, data.n_outputs)


@cache
def _space() -> "SpaceDefinition":
    from knowledge_base.space import SpaceDefinition

    return SpaceDefinition.from_dict(DEFINITION, where="linear forecasters")
