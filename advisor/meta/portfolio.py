"""Greedy portfolios: configurations that complement each other over past tasks."""

import numpy as np


def greedy_portfolio(scores: np.ndarray, weights: np.ndarray, size: int) -> list[int]:
    """Pick the configurations that maximise the weighted mean of the best score per task.

    The objective is monotone submodular, so that the greedy choice reaches at least
    1 - 1/e of the optimum (Nemhauser et al. 1978; Wistuba et al. 2015; Feurer et al. 2022,
    "Auto-sklearn 2.0"). Ties go to the configuration with the better mean score.

    Args:
        scores: share of random configurations beaten, shape (tasks, candidates).
        weights: of the tasks, shape (tasks,).
        size: how many to pick; fewer come back when there are fewer candidates.

    Returns:
        Column indices, first pick first.
    """
    mean = weights @ scores
    best = np.zeros(len(weights))
    chosen: list[int] = []
    for _ in range(min(size, scores.shape[1])):
        gain = weights @ np.maximum(scores, best[:, None]) + 1e-6 * mean
        gain[chosen] = -np.inf
        pick = int(np.argmax(gain))
        chosen.append(pick)
        best = np.maximum(best, scores[:, pick])
    return chosen
