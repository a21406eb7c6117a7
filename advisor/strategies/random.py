"""Random search (Bergstra and Bengio 2012)."""

from functools import cached_property

from advisor.encoding import sample
from advisor.strategies.base import Configuration
from advisor.strategies.sequence import SequenceSearch


class RandomSearch(SequenceSearch):
    """Independent draws from the space."""

    name = "random"

    def point(self, step: int) -> Configuration:
        """Return the random configuration of a step."""
        if step not in self._drawn:
            self._drawn[step] = sample(self.space, 1, seed=self.step_seed(step))[0]
        return self._drawn[step]

    @cached_property
    def _drawn(self) -> dict[int, Configuration]:
        return {}
