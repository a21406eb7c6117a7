"""Exponential smoothing, whose forecasts are fixed weights of the points of a window."""

from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from advisor.models import shared
from advisor.models.base import ClosedForm, Solution
from advisor.models.linear import distinct_windows
from knowledge_base.types import Config, JsonObject

if TYPE_CHECKING:
    from advisor.data import PreparedData
    from knowledge_base.space import SpaceDefinition

CELL = "smoothing"
"""What stands for the recurrent cells in the configuration of an exponential smoother."""

WINDOW, SCALING = 48, "window"
DIFFERENCING = ("first", "seasonal")
LEVELS = (0.1, 0.2, 0.4, 0.7, 1.0)
TRENDS = (0.0, 0.5, 1.0)

DEFINITION: JsonObject = {
    "name": "exponential_smoother",
    "version": 1,
    "hyperparameters": [
        {"type": "constant", "name": "cell", "value": CELL},
        shared.whole("window", 4, 128, WINDOW, log=True),
        shared.choice("differencing", list(DIFFERENCING), "first"),
        shared.choice("scaling", [SCALING], SCALING),
        shared.real("level", 1e-3, 1.0, 0.4, log=True),
        shared.real("trend", 0.0, 1.0, 0.5),
    ],
}


class ExponentialSmoother(ClosedForm):
    """A smoothed level of the window, and a share of its trend.

    Of first differences: simple exponential smoothing (Brown 1959) without a trend, the Theta
    method (Assimakopoulos and Nikolopoulos 2000, as Hyndman and Billah 2003 write it) with half of
    it, a drift with the whole, and the last point again with a level of 1. Of seasonal ones: the
    last season, moved by a share of the smoothed difference from the season before. Such forecasts
    are hard to beat on short series (Makridakis et al. 2018, "Statistical and machine learning
    forecasting methods"); nothing of them is fitted.
    """

    title = "exponential smoother"

    def space(self) -> "SpaceDefinition":
        """Return what a configuration may be."""
        return _space()

    def solutions(self, data: "PreparedData") -> Iterator[Solution]:
        """Yield first differences, then seasonal ones, where there is a season."""
        choices = [(WINDOW, differencing, SCALING) for differencing in DIFFERENCING]
        for config, seen in distinct_windows(data, CELL, choices):
            seasonal = config["differencing"] == "seasonal"
            weigh = of_seasons if seasonal else of_differences
            length, horizon = seen.x_train.shape[1], data.n_outputs
            for level, trend in product(LEVELS, TRENDS):
                if seasonal and trend == 0 and level != LEVELS[0]:
                    continue  # It is the last season again, whatever the level.
                weights = {
                    "linear.weight": weigh(length, horizon, level, trend).astype(np.float32),
                    "linear.bias": np.zeros(horizon, dtype=np.float32),
                }
                yield Solution({**config, "level": level, "trend": trend}, seen, weights)

    def made(self, config: Config) -> bool:
        """Whether a configuration is one of an exponential smoother."""
        return config.get("cell") == CELL


def of_differences(length: int, horizon: int, level: float, trend: float) -> np.ndarray:
    """Return the weights of first differences for what is added to the last point.

    Args:
        length: differences in a window.
        horizon: steps ahead.
        level: how much of the smoothed level the last point is, in (0, 1].
        trend: how much of the mean difference each step adds.

    Returns:
        Weights (horizon, length), the last difference last.
    """
    ages = np.arange(length)[::-1]
    # The smoothed level lies below the last point by what each difference was not yet followed.
    behind = -((1 - level) ** (ages + 1))
    steps = np.arange(horizon) + (1 - (1 - level) ** (length + 1)) / level
    return np.asarray(behind + trend * steps[:, None] / length)


def of_seasons(length: int, horizon: int, level: float, trend: float) -> np.ndarray:
    """Return the weights of seasonal differences for what is added to the last season.

    Args:
        length: differences in a window.
        horizon: steps ahead.
        level: of smoothing the differences, in (0, 1].
        trend: how much of the smoothed difference is added.

    Returns:
        Weights (horizon, length), the last difference last.
    """
    shares = (1 - level) ** np.arange(length)[::-1]
    return np.tile(trend * shares / shares.sum(), (horizon, 1))


@cache
def _space() -> "SpaceDefinition":
    from knowledge_base.space import SpaceDefinition

    return SpaceDefinition.from_dict(DEFINITION, where="exponential smoothers")
