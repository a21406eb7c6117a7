"""Evenly spread search: a scrambled Sobol sequence (Owen 1998; Bousquet et al. 2017)."""

from advisor.encoding import sobol
from advisor.strategies.base import Configuration
from advisor.strategies.sequence import SequenceSearch

FIRST = 64


class SobolSearch(SequenceSearch):
    """Random search that leaves no region out."""

    name = "sobol"
    _sequence: tuple[Configuration, ...] = ()

    def point(self, step: int) -> Configuration:
        """Return a point of the sequence."""
        if step >= len(self._sequence):
            self._sequence = tuple(sobol(self.space, max(FIRST, 2 * step), seed=self.seed))
        return self._sequence[step]
