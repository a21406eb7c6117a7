"""Honest expectations: how far recommendations were off when each past task was left out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.meta.past_task import PastTask
from advisor.meta.portfolio import greedy_portfolio
from advisor.meta.scores import normal_share
from advisor.meta.similarity import learn_agreement, task_weights

MIN_RESIDUALS = 15
MAX_LEFT_OUT = 60
PICKS = 5
LOWER, UPPER = 0.1, 0.9
FLOOR = 0.05
"""Spread over tasks below which recommendations are not told apart by it."""


@dataclass(frozen=True)
class Calibration:
    """How recommendations on left-out past tasks came out.

    Residuals are actual minus expected shares, in units of the spread of the share over
    the tasks that speak for it (normalised split conformal prediction, Papadopoulos et al.
    2002).

    Attributes:
        shift: mean residual (picking the best of many predictions makes them too hopeful).
        low, high: 10% and 90% quantiles of the residuals.
        honesty: factor that brings probabilities of beating the default to what came true.
    """

    shift: float = 0.0
    low: float = -np.inf
    high: float = np.inf
    honesty: float = 0.5

    def expected(self, raw: float, spread: float) -> float:
        """Return the corrected expectation in [0, 1]."""
        return float(np.clip(raw + self.shift * (spread + FLOOR), 0.0, 1.0))

    def interval(self, raw: float, spread: float) -> tuple[float, float]:
        """Return the 80% interval in [0, 1]."""
        unit = spread + FLOOR
        low, high = np.clip([raw + self.low * unit, raw + self.high * unit], 0.0, 1.0)
        return float(low), float(high)

    def probability(self, raw: float) -> float:
        """Return the corrected probability of beating the default, in [0, 1]."""
        return float(np.clip(0.5 + self.honesty * (raw - 0.5), 0.0, 1.0))


def calibrate(
    tasks: Sequence[PastTask],
    scores: np.ndarray,
    shares: np.ndarray,
    default: np.ndarray,
    default_shares: np.ndarray,
) -> Calibration:
    """Recommend configurations to every past task from the others, and compare.

    Past tasks on the left-out task's own data set are left out with it, and what agrees with
    what is learned without it. Only candidates that were tried on the left-out task can be
    compared. With too few comparisons nothing is claimed: the interval is [0, 1].

    Args:
        tasks: past tasks, length t.
        scores: normal scores expected of candidates, shape (t, c).
        shares: shares that candidates reached, NaN where not tried, shape (t, c).
        default: normal score expected of the default, shape (t,).
        default_shares: share that it reached, NaN where not tried, shape (t,).
    """
    residuals: list[float] = []
    beats: list[tuple[float, float]] = []
    for left_out in range(0, len(tasks), max(len(tasks) // MAX_LEFT_OUT, 1)):
        found = _left_out(tasks, scores, shares, default, default_shares, left_out)
        residuals += found[0]
        beats += found[1]
    if len(residuals) < MIN_RESIDUALS:
        return Calibration()
    low, high = np.quantile(residuals, [LOWER, UPPER])
    return Calibration(float(np.mean(residuals)), float(low), float(high), _honesty(beats))


def spread_of(weights: np.ndarray, shares: np.ndarray) -> float:
    """Return the weighted standard deviation of shares over tasks, both shape (t,)."""
    mean = weights @ shares
    return float(np.sqrt(max(weights @ (shares - mean) ** 2, 0.0)))


def beats_default(weights: np.ndarray, scores: np.ndarray, default: np.ndarray) -> float:
    """Return the weighted share of tasks that expect more of a candidate than of the default.

    Args:
        weights: shape (t,).
        scores, default: normal scores of the candidate and of the default, shape (t,).
    """
    return float(weights @ normal_share((scores - default) / 0.3))


def _left_out(
    tasks: Sequence[PastTask],
    scores: np.ndarray,
    shares: np.ndarray,
    default: np.ndarray,
    default_shares: np.ndarray,
    place: int,
) -> tuple[list[float], list[tuple[float, float]]]:
    held = tasks[place]
    others = np.array(
        [t for t, task in enumerate(tasks) if t != place and not _related(task, held)]
    )
    tried = np.flatnonzero(np.isfinite(shares[place]))
    if not len(others) or not len(tried):
        return [], []
    metafeatures = [tasks[t].metafeatures for t in others]
    agreement = learn_agreement(metafeatures, scores[others])
    expected = agreement.predict(held.metafeatures, metafeatures)
    nobody = np.zeros(len(others), dtype=bool)
    weights = task_weights(expected, nobody, np.ones(len(others)))
    residuals, beats = [], []
    for column in tried[greedy_portfolio(scores[np.ix_(others, tried)], weights, PICKS)]:
        expected_shares = normal_share(scores[others, column])
        unit = spread_of(weights, expected_shares) + FLOOR
        residuals.append(float((shares[place, column] - weights @ expected_shares) / unit))
        if np.isfinite(default_shares[place]):
            told = beats_default(weights, scores[others, column], default[others])
            beats.append((told, float(shares[place, column] > default_shares[place])))
    return residuals, beats


def _related(task: PastTask, held: PastTask) -> bool:
    return held.dataset_id is not None and task.dataset_id == held.dataset_id


def _honesty(beats: Sequence[tuple[float, float]]) -> float:
    """Return the factor that minimises the Brier score of 0.5 + factor (p - 0.5)."""
    if len(beats) < MIN_RESIDUALS:
        return 0.5
    told, true = np.array(beats).T - 0.5
    return float(np.clip((told @ true) / max(told @ told, 1e-9), 0.0, 1.0))
