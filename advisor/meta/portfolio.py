"""Greedy portfolios: configurations that complement each other over past tasks."""

import numpy as np

MEAN_SHARE = 0.2


def greedy_portfolio(scores: np.ndarray, weights: np.ndarray, size: int) -> list[int]:
    """Pick the configurations that maximise the weighted mean of the best score per task.

    A share of each configuration's own mean score is added: the past tasks are only a sample,
    and what is good on many of them deserves its place without improving on any.

    The objective is monotone submodular, so that the greedy choice reaches at least
    1 - 1/e of the optimum (Nemhauser et al. 1978; Wistuba et al. 2015; Feurer et al. 2022,
    "Auto-sklearn 2.0").

    Args:
        scores: larger is better, shape (tasks, candidates).
        weights: of the tasks, shape (tasks,).
        size: how many to pick; fewer come back when there are fewer candidates.

    Returns:
        Column indices, first pick first.
    """
    mean = weights @ scores
    best = np.full(len(weights), scores.min(initial=0.0))
    chosen: list[int] = []
    for _ in range(min(size, scores.shape[1])):
        gain = weights @ np.maximum(scores, best[:, None]) + MEAN_SHARE * mean
        gain[chosen] = -np.inf
        pick = int(np.argmax(gain))
        chosen.append(pick)
        best = np.maximum(best, scores[:, pick])
    return chosen
