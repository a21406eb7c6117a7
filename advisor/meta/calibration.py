"""Honest expectations: how far recommendations were off when each past task was left out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.meta.past_task import PastTask
from advisor.meta.portfolio import greedy_portfolio
from advisor.meta.scores import normal_share
from advisor.meta.similarity import SHARPNESSES, Alike, even_or_alike

MIN_RESIDUALS = 15
"""With fewer comparisons nothing is claimed."""

MIN_CASES = 10
"""With fewer left-out tasks all past tasks are weighted evenly."""

MAX_LEFT_OUT = 60
"""Past tasks that are left out in turn."""

PICKS = 5
"""Recommendations that are compared on each of them."""

LOWER, UPPER = 0.1, 0.9
"""Quantiles of the residuals that the interval lies between."""

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
        told: mean of what was said about beating the default.
        true: share that did beat it.
        slope: how much of a difference in what is said comes true.
        sharpness: how sharply past tasks are weighted, as served left-out tasks best.
    """

    shift: float = 0.0
    low: float = -np.inf
    high: float = np.inf
    told: float = 0.5
    true: float = 0.5
    slope: float = 0.5
    sharpness: float = 0.0

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
        return float(np.clip(self.true + self.slope * (raw - self.told), 0.0, 1.0))


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
    places = range(0, len(tasks), max(len(tasks) // MAX_LEFT_OUT, 1))
    alike = Alike([task.metafeatures for task in tasks], scores)
    cases = [_case(tasks, alike, shares, place) for place in places]
    cases = [case for case in cases if len(case.others) and len(case.tried)]
    sharpness = _sharpness(cases, scores, shares)
    residuals: list[float] = []
    beats: list[tuple[float, float]] = []
    for case in cases:
        weights = even_or_alike(case.expected, sharpness)
        for column in case.picks(scores, weights):
            expected = normal_share(scores[case.others, column])
            unit = spread_of(weights, expected) + FLOOR
            residuals.append(float((shares[case.place, column] - weights @ expected) / unit))
            if np.isfinite(default_shares[case.place]):
                told = beats_default(weights, scores[case.others, column], default[case.others])
                true = shares[case.place, column] > default_shares[case.place]
                beats.append((told, float(true)))
    if len(residuals) < MIN_RESIDUALS:
        return Calibration(sharpness=sharpness)
    low, high = np.quantile(residuals, [LOWER, UPPER])
    shift_low_high = (float(np.mean(residuals)), float(low), float(high))
    return Calibration(*shift_low_high, *_regression(beats), sharpness)


@dataclass(frozen=True)
class _Case:
    """A left-out task: what may speak for it, how alike that is, and what can be compared."""

    place: int
    others: np.ndarray
    expected: np.ndarray
    tried: np.ndarray

    def picks(self, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the candidates that the others recommend, among those that were tried."""
        within = scores[np.ix_(self.others, self.tried)]
        return self.tried[greedy_portfolio(within, weights, PICKS)]


def _case(tasks: Sequence[PastTask], alike: Alike, shares: np.ndarray, place: int) -> _Case:
    held = tasks[place]
    unrelated = [t for t, task in enumerate(tasks) if t != place and not _related(task, held)]
    others = np.array(unrelated, dtype=int)
    expected = alike.expected(place, others)
    return _Case(place, others, expected, np.flatnonzero(np.isfinite(shares[place])))


def _sharpness(cases: Sequence[_Case], scores: np.ndarray, shares: np.ndarray) -> float:
    """Return the sharpness that serves left-out tasks best, if clearly better than none.

    Clearly: by more than one standard error of the paired difference.
    """
    if len(cases) < MIN_CASES:
        return 0.0
    reached = {
        sharpness: np.array([_reached(case, scores, shares, sharpness) for case in cases])
        for sharpness in SHARPNESSES
    }
    best = max(SHARPNESSES, key=lambda sharpness: reached[sharpness].mean())
    gain = reached[best] - reached[SHARPNESSES[0]]
    clearly = gain.mean() > gain.std() / np.sqrt(len(gain))
    return best if clearly else SHARPNESSES[0]


def _reached(case: _Case, scores: np.ndarray, shares: np.ndarray, sharpness: float) -> float:
    """Return the best share after 1, 3 and 5 recommendations, on average."""
    picks = case.picks(scores, even_or_alike(case.expected, sharpness))
    best = np.maximum.accumulate(shares[case.place, picks])
    return float(np.mean([best[min(k, len(best)) - 1] for k in (1, 3, 5)]))


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


def _related(task: PastTask, held: PastTask) -> bool:
    return held.dataset_id is not None and task.dataset_id == held.dataset_id


def _regression(beats: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Return mean told, share true and slope of the least-squares line, slope in [0, 1]."""
    if len(beats) < MIN_RESIDUALS:
        return 0.5, 0.5, 0.5
    told, true = np.array(beats).T
    centred = told - told.mean()
    slope = float(np.clip((centred @ true) / max(centred @ centred, 1e-9), 0.0, 1.0))
    # One success and one failure are added, so that nothing is certain.
    return float(told.mean()), float((true.sum() + 1) / (len(true) + 2)), slope
