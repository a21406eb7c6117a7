"""How far chance alone moves the values of trials that were judged on several folds.

A fold's value is what the configuration reaches, plus the fold's difficulty, which all
configurations share, plus its luck, which they do not: the two-way layout of F-race's blocks
(Birattari et al. 2002). Difficulty moves no configuration past another one. Hence the noise of a
comparison is that of the luck alone, and not the standard error of a trial's folds.
"""

from collections.abc import Mapping, Sequence

import numpy as np

MIN_WHOLE = 3
"""Configurations that have all folds, from which on difficulty and luck can be told apart."""

POOLED_DEGREES = 9
"""Degrees of freedom that the luck of all configurations counts for in that of a single one."""

SAME = 1e-6
"""Relative difference up to which a value is the mean of the folds that are told with it."""


def known_noise(values: np.ndarray, folds: Sequence[Mapping[int, float]]) -> np.ndarray | None:
    """Return the standard deviation of each trial's value by the luck of its folds, shape (n,).

    The luck of a configuration is its own as far as its few folds can tell (some configurations
    are less stable than others), drawn towards what is usual: the median over configurations, so
    that one that diverges does not count for all.

    Args:
        values: in the metric's unit, NaN for failures, shape (n,).
        folds: value of each fold by its number, in the same unit; empty for a trial without.
            What has a single fold, or does not say which it had, is as uncertain as one fold is.

    Returns:
        Standard deviations in the metric's unit, 0 for failures; None where too few trials have
        all folds to tell anything.
    """
    count = max((len(each) for each in folds), default=0)
    if count < 2:
        return None
    whole = [place for place, each in enumerate(folds) if _mean_of(each, values[place], count)]
    if len(whole) < MIN_WHOLE:
        return None
    table = np.array([[folds[place][fold] for fold in range(1, count + 1)] for place in whole])
    centred = table - table.mean(1, keepdims=True)
    difficulty = np.median(centred, axis=0)
    luck = centred - (difficulty - difficulty.mean())
    degrees = count - 1
    # The difficulty was estimated from the same values, which takes 1 / n of their variance.
    own = (luck**2).sum(1) / degrees * len(whole) / (len(whole) - 1)
    usual = float(np.median(own)) / _median_of_chi_square(degrees)
    variances = np.full(len(values), usual)
    variances[whole] = (POOLED_DEGREES * usual + degrees * own) / (POOLED_DEGREES + degrees)
    counted = np.array([max(len(each), 1) for each in folds])
    return np.where(np.isfinite(values), np.sqrt(variances / counted), 0.0)


def _mean_of(folds: Mapping[int, float], value: float, count: int) -> bool:
    """Return whether a trial has all folds and its value is their mean.

    A function of the user's may call something else a fold.
    """
    if len(folds) != count or set(folds) != set(range(1, count + 1)):
        return False
    found = np.array(list(folds.values()))
    if not np.isfinite(found).all() or not np.isfinite(value):
        return False
    return bool(abs(found.mean() - value) <= SAME * max(float(np.abs(found).max()), 1e-300))


def _median_of_chi_square(degrees: int) -> float:
    """Return the median of a chi-square variable over its degrees (Wilson and Hilferty 1931)."""
    return float((1 - 2 / (9 * degrees)) ** 3)
