"""Which configurations are worth training on further folds."""

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, stdev

from knowledge_base.states import Direction

FOLDS = 4
"""Folds of a data set with few rows: the first one is the split of all shipped trials, and the
four together validate on every known row once."""

FEW_ROWS = 10_000
"""Rows up to which one validation part, a fifth of them, decides by chance between good
configurations (docs/benchmarks/takeaway.md)."""

ENOUGH = 3
"""Configurations trained on all folds, from which on a first fold can be judged."""

DOUBT = 2.0
"""Standard errors by which a first fold must be behind before the others are spared."""


def usual_folds(n_rows: int, stackable: bool) -> int:
    """Return on how many folds a configuration is judged if the user does not say.

    Args:
        n_rows: of the data set.
        stackable: whether the networks of several folds can be trained as one; otherwise each
            fold takes the time of a training, which is better spent on configurations.
    """
    return FOLDS if stackable and n_rows <= FEW_ROWS else 1


class Race:
    """Judges a configuration by its first fold against those that were trained on all.

    A fold has its own difficulty, which all configurations share, and its own luck, which they do
    not: both are learned from the configurations that have all folds, as in F-race's blocks
    (Birattari et al. 2002).
    """

    def __init__(self, direction: str) -> None:
        """Begin without any configuration.

        Args:
            direction: "minimize" or "maximize" the values of folds.
        """
        self._sign = 1.0 if direction == Direction.MAXIMIZE else -1.0
        self._full: list[tuple[float, ...]] = []

    def tell(self, values: Sequence[float]) -> None:
        """Take the values of a configuration on all folds, in their order."""
        self._full.append(tuple(values))

    @property
    def open(self) -> bool:
        """Whether too little is known to spare any configuration the other folds."""
        return len(self._full) < ENOUGH

    @property
    def offset(self) -> float:
        """How much greater the first fold's value is than the mean of all folds, on average."""
        return fmean(values[0] - fmean(values) for values in self._full) if self._full else 0.0

    @property
    def doubt(self) -> float:
        """Standard deviation of what the first fold says of the mean of all folds."""
        residuals = [values[0] - fmean(values) - self.offset for values in self._full]
        return stdev(residuals) if len(residuals) > 1 else float("inf")

    def worth(self, first: float, beside: Sequence[float] = ()) -> bool:
        """Return whether a configuration with this value on the first fold may be the best.

        Args:
            first: its value there.
            beside: values of others there, which are not known on all folds either.
        """
        if self.open:
            return True
        ahead = max((self._sign * (value - first) for value in beside), default=0.0)
        if ahead > DOUBT * sqrt(2) * self.doubt:  # Either of the two may have been lucky.
            return False
        best = max(self._sign * fmean(values) for values in self._full)
        return self._sign * (first - self.offset) + DOUBT * self.doubt >= best
