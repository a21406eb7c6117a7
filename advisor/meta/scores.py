"""Scores that are comparable between tasks: the share of random configurations beaten.

Raw metrics cannot be averaged over tasks (0.7 accuracy is excellent on one and poor on
another); ranks within the task can (Feurer et al. 2018, "Scalable meta-learning for
Bayesian optimization"; Wistuba et al. 2015, "Sequential model-free hyperparameter tuning").
"""

import numpy as np

RANDOM_STRATEGIES = frozenset({"random", "sobol"})
MIN_REFERENCE = 20
"""Fewer random trials than this say too little about what random configurations reach."""


def goodness(values: np.ndarray, completed: np.ndarray, direction: str) -> np.ndarray:
    """Return values for which larger is better, `-inf` for trials without a value.

    Args:
        values: metric per trial, shape (n,), NaN where there is none.
        completed: boolean mask, shape (n,).
        direction: "minimize" or "maximize".
    """
    signed = values if direction == "maximize" else -values
    return np.where(completed & np.isfinite(values), signed, -np.inf)


def share_beaten(good: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return the share of `reference` trials that each trial beats; ties count half.

    Args:
        good: goodness per trial, shape (n,).
        reference: goodness of random trials of the same task, shape (m,), m > 0.

    Returns:
        Scores in [0, 1], shape (n,).
    """
    ordered = np.sort(reference)
    below = np.searchsorted(ordered, good, side="left")
    not_above = np.searchsorted(ordered, good, side="right")
    scores = (below + not_above) / (2 * len(ordered))
    return np.where(np.isneginf(good), 0.0, scores)


def poststratified_share(
    good: np.ndarray, expected: np.ndarray, random_expected: np.ndarray, strata: int = 5
) -> np.ndarray:
    """Estimate the share of random configurations beaten from trials that a tuner chose.

    A tuner tries good configurations, so that ranks among its own trials understate them.
    Trials are grouped into strata by what other tasks expect of their configuration; each
    stratum counts by its share among random configurations (post-stratification, Holt and
    Smith 1979). Strata that the tuner never entered count as its nearest entered stratum
    above them would, at best, and as beaten where none of its trials fell below them.

    Args:
        good: goodness per trial, shape (n,).
        expected: score that the other tasks expect for each trial, shape (n,).
        random_expected: the same for a random sample of configurations, shape (m,).
        strata: number of equally likely groups of random configurations.
    """
    edges = np.quantile(random_expected, np.linspace(0, 1, strata + 1)[1:-1])
    stratum = np.searchsorted(edges, expected, side="right")
    total = np.zeros(len(good))
    for group in range(strata):
        members = good[stratum == group]
        if len(members):
            total += share_beaten(good, members)
        elif (stratum > group).any():
            # Others expect these to be worse than everything tried: beaten by all that worked.
            total += np.where(np.isneginf(good), 0.0, 1.0)
    return total / strata
