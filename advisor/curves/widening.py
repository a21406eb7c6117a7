"""How much wider forecasts have to be than past tasks say on average, learned from them.

Past tasks differ in how far their curves stray, and the covariances of `Deviations` are their
means; a task that strays more is further off than these say. So each past task is forecast by the
others, and forecasts are widened until their intervals hold there what they promise
(recalibration, Kuleshov et al. 2018, with one factor for each length of what was seen).
"""

from collections.abc import Sequence
from copy import copy

import numpy as np
from scipy.special import ndtri

from advisor.curves.base import probability_below
from advisor.curves.gp import CurveGP
from advisor.curves.past import PastCurves, TaskCurves
from advisor.curves.rungs import LAST

COMPARED = 8
"""Past tasks that are forecast by the others."""

SEEN = (0, 1, 2, 3)
"""Rungs that a training has behind it when its end is forecast; later ones are not widened."""

LEAST = 3
"""With fewer tasks nothing is widened: what one of them says of another is no rule."""

FINISHED, RUNNING = 5, 20
"""Trainings of such a task that are finished, and those whose end is forecast."""

HELD = 0.8
"""What the intervals hold by which the factors are chosen."""

WIDEST = 3.0
"""The largest factor."""


def learn_curves(
    tasks: Sequence[TaskCurves],
    weights: np.ndarray | None = None,
    trust: float = 0.9,
    epochs: int = 0,
) -> PastCurves:
    """Fit past tasks as `PastCurves.learn` does, and learn how wide their forecasts have to be.

    Args:
        tasks, weights, trust, epochs: as for `PastCurves.learn`.
    """
    past = PastCurves.learn(tasks, weights, trust, epochs)
    past.widening = learned_widening(past, tasks)
    return past


def learned_widening(past: PastCurves, tasks: Sequence[TaskCurves]) -> np.ndarray:
    """Return what standard deviations of forecasts are multiplied with, shape (rungs,).

    The first is for trainings of which nothing was seen, the next for those seen up to the first
    rung, and so on; none is below 1.

    Args:
        past: what was learned of the tasks.
        tasks: the same ones, in their order.
    """
    factors = np.ones(LAST + 1)
    heavy = np.argsort(-past.weights, kind="stable")[: min(COMPARED, (past.weights > 0).sum())]
    if past.trust <= 0 or len(heavy) < LEAST:
        return factors
    views = {int(t): _without(past, int(t)) for t in heavy}
    for seen in SEEN:
        found = [_surprises(view, tasks[t], seen, t) for t, view in views.items()]
        surprises = np.abs(np.concatenate(found))
        if len(surprises) >= RUNNING:
            factors[seen] = np.quantile(surprises, HELD) / ndtri((1 + HELD) / 2)
    return np.clip(factors, 1.0, WIDEST)


def _without(past: PastCurves, task: int) -> PastCurves:
    """Return what the other tasks say."""
    others = copy(past)
    weights = past.weights * (np.arange(len(past)) != task)
    others.weights = weights / weights.sum()
    return others


def _surprises(past: PastCurves, task: TaskCurves, seen: int, seed: int) -> np.ndarray:
    """Return where the ends of trainings lie in their forecasts, as standard normal scores.

    Args:
        past: what other tasks say.
        task: whose trainings are forecast.
        seen: rungs that they have behind them.
        seed: of the choice of trainings.
    """
    able = np.flatnonzero(np.isfinite(task.values[:, seen - 1 if seen else LAST]))
    if len(able) < 2 * FINISHED:
        return np.zeros(0)
    rows = np.random.default_rng([seed, seen]).permutation(able)[: FINISHED + RUNNING]
    values, places = task.values[rows].copy(), np.arange(FINISHED, len(rows))
    values[FINISHED:, seen:] = np.nan
    known = len(rows) if seen else FINISHED
    model = CurveGP(past, task.inputs[rows[:known]], values[:known])
    running = places if seen else np.full(len(places), -1)
    forecasts = model.forecasts(task.inputs[rows[FINISHED:]], running, [LAST])
    below = probability_below(forecasts, task.values[rows[FINISHED:], LAST, None])[:, 0]
    surprises: np.ndarray = ndtri(np.clip(below, 1e-4, 1 - 1e-4))
    return surprises
