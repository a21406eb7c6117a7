"""Evenly spread search: a scrambled Sobol sequence (Owen 1998; Bousquet et al. 2017)."""

from advisor.spaces import sobol
from advisor.strategies.base import Configuration, SearchStrategy


class SobolSearch(SearchStrategy):
    """Random search that leaves no region out."""

    name = "sobol"

    def propose(self) -> Configuration:
        """Return the next point of the sequence."""
        step = len(self.observations) + len(self.pending)
        return sobol(self.space, step + 1, seed=self.seed)[step]
