"""What trainings will reach: the base of models of learning curves."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.curves.normal import cumulative
from advisor.curves.scale import Scale


@dataclass(frozen=True)
class Forecast:
    """What m trainings are at r rungs under one hypothesis: normal on its scale.

    Attributes:
        weight: probability of the hypothesis.
        scale: the scale of the scores.
        mean: expected scores, shape (m, r).
        covariance: between the rungs of each training, shape (m, r, r).
    """

    weight: float
    scale: Scale
    mean: np.ndarray
    covariance: np.ndarray


class CurveModel(ABC):
    """Says what trainings will have reached at rungs, given the curves that were seen."""

    @abstractmethod
    def forecasts(
        self, inputs: np.ndarray, trials: np.ndarray, rungs: Sequence[int]
    ) -> list[Forecast]:
        """Return what is expected under every hypothesis; their weights sum to 1.

        Args:
            inputs: encoded configurations, shape (m, d).
            trials: which of the trainings that were seen each is, -1 for a new one, shape (m,).
            rungs: at which rungs, length r.
        """


def quantiles(
    forecasts: Sequence[Forecast], levels: Sequence[float], reached: np.ndarray | None = None
) -> np.ndarray:
    """Return quantiles of the last rung's value, shape (m, q): of the mixture, by bisection.

    Args:
        forecasts: at least one.
        levels: in (0, 1), length q.
        reached: what each training has reached already, below which its best value cannot fall,
            shape (m,).
    """
    low, high = (
        np.array([f.scale.values(f.mean[:, -1] + side * 8 * _deviation(f)) for f in forecasts])
        for side in (-1, 1)
    )
    wanted = np.array(levels)
    lower = np.tile(low.min(0)[:, None], (1, len(wanted)))
    upper = np.tile(high.max(0)[:, None], (1, len(wanted)))
    for _ in range(60):
        middle = (lower + upper) / 2
        above = probability_below(forecasts, middle) >= wanted
        upper, lower = np.where(above, middle, upper), np.where(above, lower, middle)
    return upper if reached is None else np.maximum(upper, reached[:, None])


def probability_below(forecasts: Sequence[Forecast], values: np.ndarray) -> np.ndarray:
    """Return the probability that the last rung's value is at most so large, shape (m, q).

    Args:
        forecasts: of m trainings.
        values: larger is better, shape (m, q).
    """
    total = np.zeros(values.shape)
    for f in forecasts:
        z = (f.scale.scores(values) - f.mean[:, -1:]) / _deviation(f)[:, None]
        total += f.weight * cumulative(z)
    return total


def _deviation(forecast: Forecast) -> np.ndarray:
    deviation: np.ndarray = np.sqrt(np.maximum(forecast.covariance[:, -1, -1], 1e-12))
    return deviation
