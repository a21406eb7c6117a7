"""Evenly spread search: a scrambled Sobol sequence (Owen 1998; Bousquet et al. 2017)."""

from advisor.encoding import sobol
from advisor.strategies.sequence import SequenceSearch
from knowledge_base.types import ConfigDict

FIRST = 64
"""Points that are drawn at first; more are drawn when they are used up."""


class SobolSearch(SequenceSearch):
    """Random search that leaves no region out."""

    name = "sobol"
    _sequence: tuple[ConfigDict, ...] = ()

    def point(self, step: int) -> ConfigDict:
        """Return a point of the sequence."""
        if step >= len(self._sequence):
            self._sequence = tuple(sobol(self.space, max(FIRST, 2 * step), seed=self.seed))
        return self._sequence[step]
