"""The base of all search strategies: ask for a configuration, tell what it reached."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from knowledge_base.space import SpaceDefinition

Configuration = dict[str, Any]


@dataclass(frozen=True)
class Observation:
    """A finished trial as a strategy sees it; `value` is None for failed or diverged."""

    config: Mapping[str, Any]
    value: float | None


class SearchStrategy(ABC):
    """Proposes configurations, one at a time.

    What it proposes depends only on the constructor's arguments and what it was told, so
    that a resumed study goes on exactly as it would have. Warm-start configurations are
    proposed first, in their order, by every strategy.
    """

    name: ClassVar[str]

    def __init__(
        self,
        space: SpaceDefinition,
        direction: str = "minimize",
        seed: int = 0,
        warm_start: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Start a search.

        Args:
            space: where to search.
            direction: "minimize" or "maximize".
            seed: of all random choices.
            warm_start: configurations to try first, best first.
        """
        self.space = space
        self.direction = direction
        self.seed = seed
        self.warm_start = [space.complete(config) for config in warm_start]
        self.observations: list[Observation] = []

    def ask(self) -> Configuration:
        """Return the next configuration to try (active hyperparameters only)."""
        told = len(self.observations)
        if told < len(self.warm_start):
            return dict(self.warm_start[told])
        return self.propose()

    def tell(self, config: Mapping[str, Any], value: float | None) -> None:
        """Report a finished trial.

        Args:
            config: the configuration that was tried, whether asked for or not.
            value: its metric; None (or a non-finite number) if it failed or diverged.
        """
        known = value is not None and bool(np.isfinite(value))
        self.observations.append(Observation(dict(config), value if known else None))

    @abstractmethod
    def propose(self) -> Configuration:
        """Return the next configuration after the warm start."""

    def trial_seed(self) -> int:
        """Return a seed that depends on the study's seed and the number of trials told."""
        return int(np.random.SeedSequence([self.seed, len(self.observations)]).generate_state(1)[0])

    def losses(self) -> np.ndarray:
        """Return what was told as values to minimise, NaN for failures, shape (n,)."""
        sign = 1.0 if self.direction == "minimize" else -1.0
        values = [np.nan if o.value is None else sign * o.value for o in self.observations]
        return np.array(values, dtype=float)
