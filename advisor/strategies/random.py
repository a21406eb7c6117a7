"""Random search (Bergstra and Bengio 2012)."""

from functools import cached_property

from advisor.encoding import sample
from advisor.strategies.sequence import SequenceSearch
from knowledge_base.types import ConfigDict


class RandomSearch(SequenceSearch):
    """Independent draws from the space."""

    name = "random"

    def point(self, step: int) -> ConfigDict:
        """Return the random configuration of a step."""
        if step not in self._drawn:
            self._drawn[step] = sample(self.space, 1, seed=self.step_seed(step))[0]
        return self._drawn[step]

    @cached_property
    def _drawn(self) -> dict[int, ConfigDict]:
        return {}
