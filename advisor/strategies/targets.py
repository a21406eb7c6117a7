"""What a search tells its surrogate of the values of trials, and of their noise."""

import numpy as np


def robust_targets(values: np.ndarray) -> np.ndarray:
    """Return values fit for a Gaussian process: finite and without far outliers.

    Failures count as the worst value seen. What is worse than the median is compressed by a
    logarithm (the lower half of "bilog", Eriksson and Poloczek 2021): how bad a bad
    configuration is says little about where the good ones are.

    Args:
        values: larger is better, NaN for failures, shape (n,), at least one finite.
    """
    standard, _ = _standard(values)
    compressed: np.ndarray = -np.log1p(np.maximum(-standard, 0.0))
    return np.where(standard < 0, compressed, standard)


def target_noise(values: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    """Return the standard deviations of `robust_targets` from those of the values, shape (n,).

    A deviation is multiplied with the slope of the transformation at its value: one over the
    scale above the median, less and less below it. It is at most the range of the targets.

    Args:
        values: as for `robust_targets`.
        deviations: in the unit of the values, not negative, shape (n,).
    """
    standard, scale = _standard(values)
    targets = robust_targets(values)
    slopes = 1 / (scale * (1 + np.maximum(-standard, 0.0)))
    noise: np.ndarray = np.minimum(deviations * slopes, targets.max() - targets.min())
    return noise


def _standard(values: np.ndarray) -> tuple[np.ndarray, float]:
    """Return values in interquartile ranges from the median, failures filled, and that range."""
    finite = values[np.isfinite(values)]
    filled = np.where(np.isfinite(values), values, finite.min())
    middle = np.median(finite)
    low, high = np.quantile(finite, [0.25, 0.75])
    scale = high - low if high > low else max(float(finite.std()), 1e-12)
    return (filled - middle) / scale, float(scale)
