"""Random search (Bergstra and Bengio 2012)."""

from advisor.spaces import sample
from advisor.strategies.base import Configuration, SearchStrategy


class RandomSearch(SearchStrategy):
    """Independent draws from the space."""

    name = "random"

    def propose(self) -> Configuration:
        """Return a random configuration."""
        return sample(self.space, 1, seed=self.step_seed())[0]
