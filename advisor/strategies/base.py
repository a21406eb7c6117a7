"""The base of all search strategies: suggest what to try next, hear what came of it.

The interface is that of the designers of Vizier (Song et al. 2022, "Open source Vizier"): the
caller keeps the trials; a strategy is told which of them ended and which are being tried.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from knowledge_base.errors import UserError
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import Config, ConfigDict

if TYPE_CHECKING:
    from advisor.encoding.remedies import Remedy
    from advisor.surrogates import Prior

OTHERS = 64
"""Random configurations that are looked through in place of one that was asked already."""


class Exhausted(UserError):
    """A strategy has nothing else to suggest: the search is over."""


@dataclass(frozen=True)
class Observation:
    """A trial that ended, as a strategy sees it.

    Attributes:
        config: what was tried.
        value: its metric; None (or a number that is not finite) if it failed or diverged.
        seconds: what it took, if known.
        curve: validation metric after each epoch, if known.
        gradients: slopes of the validation loss by continuous hyperparameters, if known.
        remedies: changes that should have helped it; None if nothing was wrong with it, empty
            if something was but the space offers no change against it.
        folds: value of each fold by its number, where it was judged on folds.
    """

    config: Config
    value: float | None
    seconds: float | None = None
    curve: tuple[float | None, ...] = ()
    gradients: Mapping[str, float] | None = None
    remedies: "tuple[Remedy, ...] | None" = None
    folds: Mapping[int, float] = field(default_factory=dict)


class SearchStrategy(ABC):
    """Suggests configurations, one at a time or several for several workers.

    What it suggests depends only on the constructor's arguments, on what it started from, on
    the trials that ended and on those that are being tried; so a resumed study goes on exactly
    as it would have. Warm-start configurations are suggested first, in their order, by every
    strategy. Trials may end in any order, and trials that were not suggested may be told too.

    Attributes:
        name: as users call it.
        needs_gradients: whether trials must bring gradients.
        adaptive: whether it learns from trials that end. If not, a runner may take many
            suggestions before any trial ends, and train them together.
        options: keyword arguments of the constructor that other strategies lack.
        space, direction, seed: as given.
        warm: configurations to try first, complete.
        prior: what past tasks expect, for strategies that learn from it.
        observations: all trials that ended, in the order in which they were told.
        active: all configurations that are being tried, in the order of their suggestion.
    """

    name: ClassVar[str]
    needs_gradients: ClassVar[bool] = False
    adaptive: ClassVar[bool] = True
    options: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, space: SpaceDefinition, direction: str = "minimize", seed: int = 0) -> None:
        """Prepare a search.

        Args:
            space: where to search.
            direction: "minimize" or "maximize".
            seed: the seed of all random choices.

        Raises:
            UserError: the strategy cannot search that space.
        """
        self.check(space)
        self.space: SpaceDefinition = space
        self.direction: str = direction
        self.seed: int = seed
        self.warm: list[ConfigDict] = []
        self.prior: Prior | None = None
        self.observations: list[Observation] = []
        self.active: list[ConfigDict] = []

    @classmethod
    def check(cls, space: SpaceDefinition) -> None:
        """Refuse a space that the strategy cannot search.

        Raises:
            UserError: names the hyperparameter.
        """
        return None

    def start_from(self, warm: Sequence[Config], prior: "Prior | None" = None) -> None:
        """Hear what the past says, before the first update and the first suggestion.

        Args:
            warm: configurations to try first, best first.
            prior: what past tasks expect elsewhere.

        Raises:
            SpaceError: a configuration is not in the space.
            ValueError: the search has begun.
        """
        if self.observations or self.active:
            raise ValueError("a search hears what the past says before it begins")
        self.warm = [self.space.complete(config) for config in warm]
        self.prior = prior

    def update(self, completed: Sequence[Observation], active: Sequence[Config]) -> None:
        """Hear what happened since the last update.

        Args:
            completed: the trials that ended since then, in their order.
            active: all configurations that are being tried now. A suggestion that is neither
                among them nor among the trials that ended may be made again.
        """
        self.observations += [_finite(observation) for observation in completed]
        self.active = [dict(config) for config in active]

    def suggest(self, count: int = 1) -> list[ConfigDict]:
        """Return the next configurations to try (active hyperparameters only).

        Each takes those before it as being tried, and all count as being tried until the next
        update says which are. Where fewer than `count` are left, it returns these.

        Raises:
            Exhausted: none is left.
        """
        found: list[ConfigDict] = []
        for _ in range(count):
            taken = self.taken()
            waiting = (config for config in self.warm if config not in taken)
            warm = next(waiting, None)
            try:
                config = self._untried(taken) if warm is None else dict(warm)
            except Exhausted:
                if found:
                    break
                raise
            self.active.append(config)
            found.append(dict(config))
        return found

    def _untried(self, taken: Sequence[ConfigDict]) -> ConfigDict:
        """Return what the strategy proposes, or a random configuration where it repeats itself.

        A training that is asked for again teaches nothing. In a space that seems to hold
        nothing else the repetition stays.
        """
        from advisor.encoding import sample

        proposed = self.propose()
        if proposed not in taken:
            return proposed
        others = sample(self.space, OTHERS, seed=self.step_seed())
        return next((dict(config) for config in others if config not in taken), proposed)

    def stops(self, curve: Sequence[float | None]) -> bool:
        """Return whether a running trial should end now; most strategies never say so.

        Args:
            curve: validation metric after each of its epochs so far.
        """
        return False

    @abstractmethod
    def propose(self) -> ConfigDict:
        """Return the next configuration after the warm start.

        Raises:
            Exhausted: there is none.
        """

    def taken(self) -> list[ConfigDict]:
        """Return the configurations of trials that ended, then those that are being tried."""
        return [dict(o.config) for o in self.observations] + self.active

    def step_seed(self, step: int | None = None) -> int:
        """Return a seed of the study's seed and a step; default the number of trials so far."""
        if step is None:
            step = len(self.observations) + len(self.active)
        return int(np.random.SeedSequence([self.seed, step]).generate_state(1)[0])

    @property
    def sign(self) -> float:
        """What values are multiplied with so that larger is better: 1 or -1."""
        return 1.0 if self.direction == "maximize" else -1.0

    def goodness(self) -> np.ndarray:
        """Return the values told so that larger is better, NaN for failures, shape (n,)."""
        values = [np.nan if o.value is None else self.sign * o.value for o in self.observations]
        return np.array(values, dtype=float)


def _finite(observation: Observation) -> Observation:
    """Return the observation without a value that is no number."""
    if observation.value is None or isfinite(observation.value):
        return observation
    return replace(observation, value=None)
