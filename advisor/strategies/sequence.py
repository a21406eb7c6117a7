"""The base of strategies that learn nothing: what they suggest is a fixed sequence."""

from abc import abstractmethod
from itertools import count

from advisor.strategies.base import SearchStrategy
from knowledge_base.types import ConfigDict


class SequenceSearch(SearchStrategy):
    """Suggests the warm start, then the points of a sequence, whatever comes of them.

    Several may be taken before any trial ends. A search that was cut off while some of them
    were running suggests just those again, then the points that follow.
    """

    adaptive = False

    def propose(self) -> ConfigDict:
        """Return the first point of the sequence that is neither told nor being tried."""
        left = self.taken()
        warm = 0
        for place, config in enumerate(self.warm):
            if config not in self.warm[:place]:
                warm += 1
                left.remove(config)  # the warm start was suggested before any point
        for step in count(warm):
            config = self.point(step)
            if config not in left:
                return dict(config)
            left.remove(config)
        raise AssertionError("sequences do not end")

    @abstractmethod
    def point(self, step: int) -> ConfigDict:
        """Return the point at a place, counted from 0 with the warm start; cheap if repeated."""
