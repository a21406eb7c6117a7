"""Greedy portfolios: configurations that complement each other over past tasks."""

import numpy as np

MEAN_SHARE = 0.2
"""Share of a configuration's own mean score that is added to what it improves."""

ALIKE = 0.9
"""Correlation under the past tasks' kernel above which two configurations are near-copies."""


def greedy_portfolio(
    scores: np.ndarray, weights: np.ndarray, size: int, alike: np.ndarray | None = None
) -> list[int]:
    """Pick the configurations that maximise the weighted mean of the best score per task.

    A share of each configuration's own mean score is added: the past tasks are only a sample,
    and what is good on many of them deserves its place without improving on any.

    The objective is monotone submodular, so that the greedy choice reaches at least
    1 - 1/e of the optimum (Nemhauser et al. 1978; Wistuba et al. 2015; Feurer et al. 2022,
    "Auto-sklearn 2.0").

    Args:
        scores: larger is better, shape (tasks, candidates).
        weights: how much each task counts, shape (tasks,).
        size: how many to pick; fewer come back when there are fewer candidates.
        alike: correlations, shape (candidates, candidates); near-copies of what was picked
            are passed over, unless nothing else is left. Default: none are known.

    Returns:
        Column indices, first pick first.
    """
    mean = weights @ scores
    best = np.full(len(weights), scores.min(initial=0.0))
    chosen: list[int] = []
    for _ in range(min(size, scores.shape[1])):
        gain = weights @ np.maximum(scores, best[:, None]) + MEAN_SHARE * mean
        pick = int(np.argmax(apart(gain, chosen, alike)))
        chosen.append(pick)
        best = np.maximum(best, scores[:, pick])
    return chosen


def apart(gain: np.ndarray, chosen: list[int], alike: np.ndarray | None) -> np.ndarray:
    """Return the gain without what was chosen and, if anything is left, its near-copies.

    Args:
        gain: shape (candidates,).
        chosen: columns.
        alike: correlations, shape (candidates, candidates), or None.
    """
    gain = gain.copy()
    gain[chosen] = -np.inf
    if alike is None or not chosen:
        return gain
    copies = alike[chosen].max(0) > ALIKE
    distinct = np.where(copies, -np.inf, gain)
    return distinct if np.isfinite(distinct).any() else gain


def distinct(scores: np.ndarray, alike: np.ndarray, n: int) -> list[int]:
    """Return the best candidates, none a near-copy of a better one while others are left.

    Args:
        scores: larger is better, shape (candidates,).
        alike: correlations, shape (candidates, candidates).
        n: how many; fewer come back when there are fewer candidates.
    """
    chosen: list[int] = []
    for _ in range(min(n, len(scores))):
        chosen.append(int(np.argmax(apart(scores, chosen, alike))))
    return chosen
