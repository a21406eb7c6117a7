"""Expected improvement per epoch of going on with a training, or of beginning one.

A training need not be finished: it may be looked at again at any rung and left there. So its
worth is that of the best plan of this kind: train to a rung, go on to the end only if what is
seen there is promising enough, and count what the whole is expected to gain over the best value
so far for each epoch that it is expected to take. It is a one-step index in the manner of
Gittins (1979); without looking in between it is expected improvement per second (Snoek et al.
2012).
"""

from collections.abc import Sequence

import numpy as np

from advisor.curves.base import Forecast
from advisor.curves.normal import expected_excess, quantiles_of_parts

NODES = 15
"""Equally likely outcomes at a rung that are looked at."""

_NODES = quantiles_of_parts(NODES)[::-1]


def improvement_rates(forecasts: Sequence[Forecast], best: float, costs: np.ndarray) -> np.ndarray:
    """Return the expected improvement per unit of cost of m trainings, shape (m,).

    Args:
        forecasts: at the r rungs that are before each training.
        best: the best value so far, larger is better.
        costs: of reaching each rung from where the training stands, increasing, shape (r,), or
            shape (m, r) where they differ.
    """
    m, rungs = forecasts[0].mean.shape
    costs = np.broadcast_to(costs, (m, rungs))
    # gains[h, k]: look at rung h, and go on with the k best of NODES outcomes.
    gains = np.zeros((rungs, NODES + 1, m))
    for forecast in forecasts:
        gains += forecast.weight * forecast.scale.unit * _gains(forecast, best)
    shares = np.arange(NODES + 1)[:, None] / NODES
    found = np.full(m, -np.inf)
    for rung in range(rungs):
        cost = costs[:, rung] + shares * (costs[:, -1] - costs[:, rung])
        found = np.maximum(found, (gains[rung] / cost).max(0))
    return found


def expected_gain(forecasts: Sequence[Forecast], best: float) -> np.ndarray:
    """Return the expected improvement on the best value at the last rung, shape (m,)."""
    total = np.zeros(len(forecasts[0].mean))
    for f in forecasts:
        deviation = np.sqrt(np.maximum(f.covariance[:, -1, -1], 1e-12))
        level = float(f.scale.scores(np.array(best)))
        total += f.weight * f.scale.unit * _improvement(f.mean[:, -1], deviation, level)
    return total


def _gains(forecast: Forecast, best: float) -> np.ndarray:
    """Return the expected gain of each plan on the forecast's scale, shape (r, NODES + 1, m)."""
    level = float(forecast.scale.scores(np.array(best)))
    mean, covariance = forecast.mean.T, forecast.covariance
    deviation = np.sqrt(np.maximum(np.einsum("mii->im", covariance), 1e-12))
    nodes = _NODES[:, None]
    found = np.zeros((len(mean), NODES + 1, mean.shape[1]))
    for rung in range(len(mean) - 1):
        slope = covariance[:, rung, -1] / deviation[rung]
        left = np.sqrt(np.maximum(deviation[-1] ** 2 - slope**2, 1e-12))
        end = _improvement(mean[-1] + slope * nodes, left, level)
        there = np.maximum(mean[rung] + deviation[rung] * nodes - level, 0.0)
        found[rung, 1:] = np.maximum(end, there).cumsum(0) / NODES
        found[rung, :-1] += there[::-1].cumsum(0)[::-1] / NODES
    found[-1] = _improvement(mean[-1], deviation[-1], level)
    return found


def _improvement(mean: np.ndarray, deviation: np.ndarray, level: float) -> np.ndarray:
    gain: np.ndarray = deviation * expected_excess((mean - level) / deviation)
    return gain
