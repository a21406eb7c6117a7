"""What a search tells its surrogate of the values of trials, and of their noise."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class TargetScale:
    """The transformation of values that `robust_targets` describes.

    Attributes:
        middle: the median of the values it was made for, larger is better.
        unit: their interquartile range, or what stands for it where that is zero.
    """

    middle: float
    unit: float

    @classmethod
    def of(cls, values: np.ndarray) -> "TargetScale":
        """Return the scale of values, NaN for failures, at least one finite, shape (n,)."""
        finite = values[np.isfinite(values)]
        low, high = np.quantile(finite, [0.25, 0.75])
        unit = high - low if high > low else max(float(finite.std()), 1e-12)
        return cls(float(np.median(finite)), float(unit))

    def targets(self, values: np.ndarray) -> np.ndarray:
        """Return finite values on this scale, shape (n,)."""
        standard = (values - self.middle) / self.unit
        compressed: np.ndarray = -np.log1p(np.maximum(-standard, 0.0))
        return np.where(standard < 0, compressed, standard)

    def slopes(self, values: np.ndarray) -> np.ndarray:
        """Return the derivative of `targets` at finite values, shape (n,)."""
        standard = (values - self.middle) / self.unit
        slopes: np.ndarray = 1 / (self.unit * (1 + np.maximum(-standard, 0.0)))
        return slopes


def robust_targets(values: np.ndarray) -> np.ndarray:
    """Return values fit for a Gaussian process: finite and without far outliers.

    Failures count as the worst value seen. What is worse than the median is compressed by a
    logarithm (the lower half of "bilog", Eriksson and Poloczek 2021): how bad a bad
    configuration is says little about where the good ones are.

    Args:
        values: larger is better, NaN for failures, shape (n,), at least one finite.
    """
    return TargetScale.of(values).targets(_filled(values))


def target_noise(values: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    """Return the standard deviations of `robust_targets` from those of the values, shape (n,).

    A deviation is multiplied with the slope of the transformation at its value: one over the
    scale above the median, less and less below it. It is at most the range of the targets.

    Args:
        values: as for `robust_targets`.
        deviations: in the unit of the values, not negative, shape (n,).
    """
    scale, filled = TargetScale.of(values), _filled(values)
    targets = scale.targets(filled)
    noise: np.ndarray = np.minimum(deviations * scale.slopes(filled), targets.max() - targets.min())
    return noise


def _filled(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, values[np.isfinite(values)].min())
