"""The base of all search strategies: suggest what to try next, hear what came of it.

The interface is that of the designers of Vizier (Song et al. 2022, "Open source Vizier"): the
caller keeps the trials; a strategy is told which of them ended, which are being tried, and which
stand paused.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf, isfinite
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from knowledge_base.errors import UserError
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import Config, ConfigDict

if TYPE_CHECKING:
    from advisor.encoding.inert import Inert
    from advisor.encoding.remedies import Remedy
    from advisor.surrogates import Prior

OTHERS = 64
"""Random configurations that are looked through in place of one that was asked already."""


class Exhausted(UserError):
    """A strategy has nothing else to suggest: the search is over."""


@dataclass(frozen=True)
class Observation:
    """A trial that ended or stands paused, as a strategy sees it.

    Attributes:
        config: what was tried.
        value: its metric, of a paused one the best so far; None (or a number that is not finite)
            if it failed or diverged.
        seconds: what it took, if known.
        curve: validation metric after each epoch, if known.
        gradients: slopes of the validation loss by continuous hyperparameters, if known.
        remedies: changes that should have helped it; None if nothing was wrong with it, empty
            if something was but the space offers no change against it.
        folds: value of each fold by its number, where it was judged on folds.
        finished: whether it ran to its end; if not, its value belongs to the epochs of its curve.
    """

    config: Config
    value: float | None
    seconds: float | None = None
    curve: tuple[float | None, ...] = ()
    gradients: Mapping[str, float] | None = None
    remedies: "tuple[Remedy, ...] | None" = None
    folds: Mapping[int, float] = field(default_factory=dict)
    finished: bool = True


class SearchStrategy(ABC):
    """Suggests configurations, one at a time or several for several workers.

    What it suggests depends only on the constructor's arguments, on what it started from, on
    the trials that ended, on those that stand paused and on those that are being tried; so a
    resumed study goes on exactly as it would have. Warm-start configurations are suggested first,
    in their order, by every strategy. Trials may end in any order, and trials that were not
    suggested may be told too.

    Attributes:
        name: as users call it.
        needs_gradients: whether trials must bring gradients.
        adaptive: whether it learns from trials that end. If not, a runner may take many
            suggestions before any trial ends, and train them together.
        pauses: whether it may want to put trials aside; only an adaptive one is asked that.
        options: keyword arguments of the constructor that other strategies lack.
        space, direction, seed: as given.
        warm: configurations to try first, complete.
        prior: what past tasks expect, for strategies that learn from it.
        observations: all trials that ended, in the order in which they were told.
        active: all configurations that are being tried, in the order of their suggestion.
        paused: trials that were put aside and can go on where they stand; they are neither among
            the observations nor active.
        inert: hyperparameters that do nothing on this task, which need not be varied.
        room: how many trials may still begin; None for any number. Where there is none, only
            paused ones are suggested.
    """

    name: ClassVar[str]
    needs_gradients: ClassVar[bool] = False
    adaptive: ClassVar[bool] = True
    pauses: ClassVar[bool] = False
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
        self.paused: list[Observation] = []
        self.inert: Sequence[Inert] = ()
        self.room: int | None = None

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

    def update(
        self,
        completed: Sequence[Observation],
        active: Sequence[Config],
        paused: Sequence[Observation] = (),
    ) -> None:
        """Hear what happened since the last update.

        Args:
            completed: the trials that ended since then, in their order.
            active: all configurations that are being tried now. A suggestion that is neither
                among them nor among the other trials may be made again.
            paused: all trials that stand paused now, with what they reached, in a fixed order.
        """
        self.observations += [_finite(observation) for observation in completed]
        self.active = [dict(config) for config in active]
        self.paused = [_finite(observation) for observation in paused]

    def suggest(self, count: int = 1) -> list[ConfigDict]:
        """Return the next configurations to try (active hyperparameters only).

        Each takes those before it as being tried, and all count as being tried until the next
        update says which are. Where fewer than `count` are left, it returns these. That of a
        paused trial means that it goes on where it stands.

        Raises:
            Exhausted: none is left, or, where no trial may begin, none is worth going on with.
        """
        found: list[ConfigDict] = []
        for _ in range(count):
            try:
                config = self._next()
            except Exhausted:
                if found:
                    break
                raise
            self.paused = [trial for trial in self.paused if trial.config != config]
            self.active.append(config)
            found.append(dict(config))
        return found

    def companions(self, lead: Config, count: int, free: Collection[str]) -> list[ConfigDict]:
        """Return configurations to try together with one that was suggested, best first.

        Their networks have its shape, so that together they take little more time than it. Most
        strategies know of none that is worth even that.

        Args:
            lead: what was suggested last.
            count: how many at most.
            free: hyperparameters in which they may differ from it.

        Returns:
            At most `count`, all different, none tried before; they count as being tried until the
            next update says which are.
        """
        return []

    def _next(self) -> ConfigDict:
        """Return what is tried next, and keep account of the room for it.

        Raises:
            Exhausted: there is nothing.
        """
        again = self.take_up()
        if again is not None:
            return dict(again)
        if self.room == 0:
            raise Exhausted("No trial may begin, and none that is paused promises enough.")
        taken = self.taken()
        waiting = (config for config in self.warm if config not in taken)
        warm = next(waiting, None)
        config = self._untried(taken) if warm is None else dict(warm)
        standing = any(trial.config == config for trial in self.paused)
        if self.room is not None and not standing:
            self.room -= 1
        return config

    def take_up(self) -> Config | None:
        """Return which paused trial goes on before any other begins, None for none.

        By default one goes on only where nothing else may begin, the best first.
        """
        if self.room != 0 or not self.paused:
            return None
        values = [(-inf if o.value is None else self.sign * o.value) for o in self.paused]
        return self.paused[int(np.argmax(values))].config

    def _untried(self, taken: Sequence[ConfigDict]) -> ConfigDict:
        """Return what the strategy proposes, or a random configuration where it repeats itself.

        A training that is asked for again teaches nothing, unless it stands paused. In a space
        that seems to hold nothing else the repetition stays.
        """
        from advisor.encoding import sample

        proposed = self.propose()
        if proposed not in taken or any(trial.config == proposed for trial in self.paused):
            return proposed
        others = sample(self.space, OTHERS, seed=self.step_seed())
        return next((dict(config) for config in others if config not in taken), proposed)

    @classmethod
    def stops_early(cls) -> bool:
        """Return whether it may end running trials for good, so that it needs to."""
        return cls.stops is not SearchStrategy.stops

    def stops(self, curve: Sequence[float | None]) -> bool:
        """Return whether a running trial should end now; most strategies never say so.

        Args:
            curve: validation metric after each of its epochs so far.
        """
        return False

    def should_pause(self, config: Config, curve: Sequence[float | None], seconds: float) -> bool:
        """Return whether a running trial should be put aside now with its state.

        It is asked after every epoch, where the strategy `pauses` and the training can be taken up
        again; then `suggest` is asked who goes on, which may be the very same.

        Args:
            config: that of the trial.
            curve: validation metric after each of its epochs so far.
            seconds: what they took.
        """
        return False

    @abstractmethod
    def propose(self) -> ConfigDict:
        """Return the next configuration after the warm start; that of a paused trial goes on.

        Raises:
            Exhausted: there is none.
        """

    def taken(self) -> list[ConfigDict]:
        """Return the configurations of trials that ended, are being tried, and stand paused."""
        paused = [dict(o.config) for o in self.paused]
        return [dict(o.config) for o in self.observations] + self.active + paused

    def step_seed(self, step: int | None = None) -> int:
        """Return a seed of the study's seed and a step; default the number of trials so far."""
        if step is None:
            step = len(self.observations) + len(self.active) + len(self.paused)
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
