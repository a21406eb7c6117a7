"""Scores that are comparable between tasks: the share of random configurations beaten.

Raw metrics cannot be averaged over tasks (0.7 accuracy is excellent on one and poor on
another); ranks within the task can (Feurer et al. 2018, "Scalable meta-learning for
Bayesian optimization"; Wistuba et al. 2015, "Sequential model-free hyperparameter tuning").
"""

import numpy as np

RANDOM_STRATEGIES = frozenset({"random", "sobol"})
"""Strategies whose trials show what random configurations reach."""

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
    Smith 1979). Of strata that the tuner never entered, those below one that it entered count
    as beaten by everything that worked: others expect them to be worse, and the tuner
    thought so too. Those above count as the best that it entered.

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
            total += np.where(np.isneginf(good), 0.0, 1.0)
        else:
            total += share_beaten(good, good[stratum == stratum.max()])
    return total / strata


def normal_scores(shares: np.ndarray) -> np.ndarray:
    """Return shares in [0, 1] as quantiles of the normal distribution, shape (n,).

    They spread the best and the worst apart, which shares press together. A share is known
    to one half of a trial at best, so it is kept that far from 0 and 1.
    """
    margin = 0.5 / max(len(shares), 20)
    return normal_quantile(np.clip(shares, margin, 1 - margin))


def normal_quantile(p: np.ndarray) -> np.ndarray:
    """Return the standard normal quantile, absolute error below 5e-4 for p in [1e-6, 1 - 1e-6].

    A rational approximation (Abramowitz and Stegun 1964, 26.2.23), because SciPy takes longer
    to import than a recommendation may.
    """
    tail = np.sqrt(-2 * np.log(np.minimum(p, 1 - p)))
    top = 2.515517 + 0.802853 * tail + 0.010328 * tail**2
    bottom = 1 + 1.432788 * tail + 0.189269 * tail**2 + 0.001308 * tail**3
    quantile: np.ndarray = np.where(p < 0.5, -1.0, 1.0) * (tail - top / bottom)
    return quantile


def normal_share(z: np.ndarray) -> np.ndarray:
    """Return the standard normal distribution function, absolute error below 1e-7.

    Abramowitz and Stegun 1964, 26.2.17.
    """
    t = 1 / (1 + 0.2316419 * np.abs(z))
    series = t * (
        0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429)))
    )
    upper: np.ndarray = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi) * series
    return np.where(z >= 0, 1 - upper, upper)
