"""The scale on which the values of a task are compared with those of past tasks.

A value is measured from the median finished training in units of the way from there to the
best one, and what is worse than the median is compressed by a logarithm (the lower half of
bilog, Eriksson and Poloczek 2021): first epochs are far below everything that follows.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Scale:
    """A task's scale.

    Attributes:
        middle: the value whose score is 0, larger is better.
        unit: the value whose score is 1 lies so much higher; positive.
    """

    middle: float
    unit: float

    @classmethod
    def of(cls, finals: np.ndarray) -> "Scale":
        """Return the scale of a task from what its finished trainings reached, shape (n,)."""
        middle, best = float(np.median(finals)), float(finals.max())
        spread = max(best - middle, 1e-6 * max(abs(best), abs(middle)), 1e-12)
        return cls(middle, spread)

    def scores(self, values: np.ndarray) -> np.ndarray:
        """Return values, larger is better, on this scale; any shape."""
        return compressed((values - self.middle) / self.unit)

    def values(self, scores: np.ndarray) -> np.ndarray:
        """Return what `scores` would bring to these scores; any shape."""
        return self.middle + self.unit * expanded(scores)

    def log_slopes(self, values: np.ndarray) -> np.ndarray:
        """Return the logarithm of the derivative of `scores`; any shape."""
        below = np.maximum((self.middle - values) / self.unit, 0.0)
        slopes: np.ndarray = -np.log1p(below) - np.log(self.unit)
        return slopes


def compressed(standard: np.ndarray) -> np.ndarray:
    """Return numbers whose negative ones are compressed by a logarithm; any shape."""
    return np.where(standard < 0, -np.log1p(np.maximum(-standard, 0.0)), standard)


def expanded(scores: np.ndarray) -> np.ndarray:
    """Return what `compressed` brings to these numbers; any shape."""
    return np.where(scores < 0, -np.expm1(np.maximum(-scores, 0.0)), scores)
