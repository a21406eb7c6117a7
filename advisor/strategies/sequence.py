"""The base of strategies that learn nothing: what they ask is a fixed sequence."""

from abc import abstractmethod
from itertools import count

from advisor.strategies.base import Configuration, SearchStrategy


class SequenceSearch(SearchStrategy):
    """Asks for the warm start, then for the points of a sequence, whatever it is told.

    Several may be asked for before any is told. A search that was cut off while some of them
    were running asks for just those again, then for the points that follow.
    """

    adaptive = False

    def propose(self) -> Configuration:
        """Return the first point of the sequence that is neither told nor pending."""
        left = self.taken()
        warm = 0
        for place, config in enumerate(self.warm_start):
            if config not in self.warm_start[:place]:
                warm += 1
                left.remove(config)  # the warm start was asked for before any point
        for step in count(warm):
            config = self.point(step)
            if config not in left:
                return dict(config)
            left.remove(config)
        raise AssertionError("sequences do not end")

    @abstractmethod
    def point(self, step: int) -> Configuration:
        """Return the point at a place, counted from 0 with the warm start; cheap if repeated."""
