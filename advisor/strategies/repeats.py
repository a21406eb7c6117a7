"""What did nothing: trials that are the same training under different configurations."""

import numpy as np

from advisor.encoding import Encoder
from advisor.strategies.base import Observation
from knowledge_base.types import Config

SHORTEST = 3
"""Epochs of a curve from which on another one is not the same by chance. An accuracy on few rows
has few values, and many configurations reach the same."""

MOST = 8
"""Sets of hyperparameters that are kept, the last ones."""


class Repeats:
    """Learns from curves that are equal to the last digit which changes changed nothing.

    A patience that was never at its end, or a hyperparameter that a user's network does not look
    at, makes no other training. Where the two curves of two configurations are the same, those
    that differ from any trial in no more than these two do are not worth one.

    Attributes:
        columns: sets of columns of the encoder, each boolean of shape (d,).
    """

    def __init__(self, encoder: Encoder) -> None:
        """Prepare for configurations of that encoder."""
        self._owners = encoder.owners
        self._seen: dict[tuple[float | None, ...], list[Config]] = {}
        self._sets: dict[frozenset[str], np.ndarray] = {}

    @property
    def columns(self) -> list[np.ndarray]:
        """Return the sets of columns in which configurations differed and trainings did not."""
        return list(self._sets.values())

    def hear(self, observation: Observation) -> None:
        """Take note of a trial that ended."""
        curve = observation.curve
        if len(curve) < SHORTEST or len(set(curve)) < SHORTEST or not observation.finished:
            return
        same = self._seen.setdefault(curve, [])
        for config in same:
            self._add(config, observation.config)
        same.append(observation.config)

    def _add(self, one: Config, other: Config) -> None:
        differing = frozenset(name for name in {*one, *other} if one.get(name) != other.get(name))
        if not differing:
            return
        self._sets.pop(differing, None)
        self._sets[differing] = np.array([name in differing for name in self._owners])
        while len(self._sets) > MOST:
            self._sets.pop(next(iter(self._sets)))
