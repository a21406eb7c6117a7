"""Linear forecasters, which a formula gives in milliseconds, beside networks that are trained."""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, cast

import numpy as np

from advisor.models import shared
from advisor.models.base import ClosedForm, Solution
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

    def solutions(self, data: "PreparedData") -> Iterator[Solution]:
        """Yield those of all windows that differ, long ones first; none of too few windows."""
        for config, seen in distinct_windows(
            data, CELL, product(reversed(WINDOWS), DIFFERENCING, SCALING)
        ):
            if len(seen.x_train) < LEAST_WINDOWS:
                continue
            for penalty, weights in _solved(seen.x_train, seen.y_train):
                yield Solution({**config, "penalty": penalty}, seen, weights)

    def made(self, config: Config) -> bool:
        """Whether a configuration is one of a linear forecaster."""
        return config.get("cell") == CELL


def _solved(x: np.ndarray, y: np.ndarray) -> Iterator[tuple[float, dict[str, np.ndarray]]]:
    """Yield every penalty and the weights of its layer.

    Args:
        x: windows (n, length, 1).
        y: what follows them, (n, horizon).
    """
    x, y = x.reshape(len(x), -1).astype(np.float64), y.astype(np.float64)
    x_mean, y_mean = x.mean(0), y.mean(0)
    # Both products are those of all penalties.
    values, vectors = np.linalg.eigh((x - x_mean).T @ (x - x_mean))
    right = vectors.T @ ((x - x_mean).T @ (y - y_mean))
    for penalty in PENALTIES:
        weight = vectors @ (right / (np.maximum(values, 0.0) + penalty)[:, None])
        yield (
            penalty,
            {
                "linear.weight": np.ascontiguousarray(weight.T, dtype=np.float32),
                "linear.bias": (y_mean - x_mean @ weight).astype(np.float32),
            },
        )


def distinct_windows(
    data: "PreparedData", cell: str, choices: Iterable[tuple[int, str, str]]
) -> "Iterator[tuple[ConfigDict, PreparedData]]":
    """Yield configurations with the windows that they cut, none that an earlier one cuts.

    Args:
        data: one fold.
        cell: what stands for the recurrent cells.
        choices: lengths, differencing and scaling.
    """
    preparation = cast("SeriesPreparation", data.preparation)
    known = set()
    for length, differencing, scaling in choices:
        window = preparation.windowed(length, differencing, scaling).chosen_window
        if window in known:
            continue
        known.add(window)
        config: ConfigDict = {"cell": cell, "window": length, "differencing": differencing,
                              "scaling": scaling}  # fmt: skip
        yield config, windows_of(config, data)


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
