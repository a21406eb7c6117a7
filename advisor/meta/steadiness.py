"""How far somebody's trials agree with themselves: configurations that were tried again."""

import numpy as np
import pandas as pd

from advisor.meta.similarity import standard_ranks

MIN_REPEATED = 3
"""Configurations that were tried again before anything is said."""


def steadiness(configs: pd.Series, good: np.ndarray) -> float:
    """Return how far trials of one configuration agree, in [0, 1].

    It is 1 where they differ by half as much as those of any two configurations do, or less, or
    where hardly any was tried again, and 0 where they differ as much.

    Args:
        configs: of each trial, as text, length n.
        good: what each reached, larger is better, -inf where it failed, shape (n,).
    """
    codes, _ = pd.factorize(configs)
    order = np.argsort(codes, kind="stable")
    again = codes[order][1:] == codes[order][:-1]
    if len(np.unique(codes[order][1:][again])) < MIN_REPEATED:
        return 1.0
    ranks = standard_ranks(good[None])[0]
    apart = _mean_difference(ranks)
    if apart <= 0:
        return 1.0
    of_one = np.abs(np.diff(ranks[order]))[again].mean()
    return float(np.clip(2 * (1 - of_one / apart), 0.0, 1.0))


def _mean_difference(values: np.ndarray) -> float:
    """Return the mean absolute difference of any two values (Gini's)."""
    n, ordered = len(values), np.sort(values)
    return float(2 * ((2 * np.arange(1, n + 1) - n - 1) * ordered).sum() / (n * (n - 1)))
