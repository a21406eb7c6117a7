"""The base of all search strategies: ask for a configuration, tell what it reached."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from knowledge_base.space import SpaceDefinition

if TYPE_CHECKING:
    from advisor.diagnosis import Remedy
    from advisor.surrogates import Prior

Configuration = dict[str, Any]


@dataclass(frozen=True)
class Observation:
    """A finished trial as a strategy sees it.

    Attributes:
        config: what was tried.
        value: its metric; None for failed or diverged.
        seconds: what it took, if known.
        curve: validation metric after each epoch, if known.
        gradients: of the validation loss by continuous hyperparameters, if known.
    """

    config: Mapping[str, Any]
    value: float | None
    seconds: float | None = None
    curve: tuple[float | None, ...] = ()
    gradients: Mapping[str, float] | None = None


class SearchStrategy(ABC):
    """Proposes configurations, one at a time or several for several workers.

    What it proposes depends only on the constructor's arguments, on what it was told and on
    what it asked and was not told yet; so a resumed study goes on exactly as it would have.
    Warm-start configurations are proposed first, in their order, by every strategy. Trials
    may be told in any order, and trials that were not asked for may be told too.

    Attributes:
        name: as used on the command line.
        needs_gradients: whether trials must bring gradients.
        adaptive: whether it learns from what it is told. If not, a runner may ask for many
            configurations before it tells any, and train them together.
    """

    name: ClassVar[str]
    needs_gradients: ClassVar[bool] = False
    adaptive: ClassVar[bool] = True

    def __init__(
        self,
        space: SpaceDefinition,
        direction: str = "minimize",
        seed: int = 0,
        warm_start: Sequence[Mapping[str, Any]] = (),
        past: "Prior | None" = None,
        candidates: Sequence[Mapping[str, Any]] | None = None,
        per_second: bool = False,
    ) -> None:
        """Start a search.

        Args:
            space: where to search.
            direction: "minimize" or "maximize".
            seed: of all random choices.
            warm_start: configurations to try first, best first.
            past: past tasks, for strategies that learn from them.
            candidates: propose only these configurations, for strategies that can.
            per_second: prefer what is quick, for strategies that can.
        """
        self.check(space)
        self.space = space
        self.direction = direction
        self.seed = seed
        self.past = past
        self.warm_start = [space.complete(config) for config in warm_start]
        self.observations: list[Observation] = []
        self.pending: list[Configuration] = []

    @classmethod
    def check(cls, space: SpaceDefinition) -> None:
        """Refuse a space that the strategy cannot search.

        Raises:
            UserError: names the hyperparameter.
        """
        return None

    def ask(self) -> Configuration:
        """Return the next configuration to try (active hyperparameters only)."""
        taken = self.taken()
        waiting = (config for config in self.warm_start if config not in taken)
        warm = next(waiting, None)
        config = self.propose() if warm is None else dict(warm)
        self.pending.append(config)
        return dict(config)

    def tell(
        self,
        config: Mapping[str, Any],
        value: float | None,
        seconds: float | None = None,
        curve: Sequence[float | None] = (),
        gradients: Mapping[str, float] | None = None,
    ) -> None:
        """Report a finished trial.

        Args:
            config: the configuration that was tried, whether asked for or not.
            value: its metric; None (or a non-finite number) if it failed or diverged.
            seconds: what it took, if known.
            curve: validation metric after each epoch, if known.
            gradients: of the validation loss by hyperparameters, if known.
        """
        config = dict(config)
        if config in self.pending:
            self.pending.remove(config)
        known = value is not None and bool(np.isfinite(value))
        told = value if known else None
        self.observations.append(Observation(config, told, seconds, tuple(curve), gradients))

    def withdraw(self, config: Mapping[str, Any]) -> None:
        """Take back a question that will not be answered, so that it is asked again."""
        if config in self.pending:
            self.pending.remove(dict(config))

    def advise(self, config: Mapping[str, Any], remedies: "Sequence[Remedy]") -> None:
        """Hear what should have helped a trial that was told, for strategies that can use it.

        Args:
            config: of the trial.
            remedies: changes of it; further calls for the same trial add to them.
        """
        return

    def stops(self, values: Sequence[float | None]) -> bool:
        """Return whether a running trial should end now, for strategies that stop early.

        Args:
            values: validation metric after each of its epochs so far.
        """
        return False

    @abstractmethod
    def propose(self) -> Configuration:
        """Return the next configuration after the warm start."""

    def taken(self) -> list[Configuration]:
        """Return what was told, then what is pending."""
        return [dict(o.config) for o in self.observations] + self.pending

    def step_seed(self, step: int | None = None) -> int:
        """Return a seed of the study's seed and a step; default the number of trials so far."""
        if step is None:
            step = len(self.observations) + len(self.pending)
        return int(np.random.SeedSequence([self.seed, step]).generate_state(1)[0])

    def goodness(self) -> np.ndarray:
        """Return what was told so that larger is better, NaN for failures, shape (n,)."""
        sign = 1.0 if self.direction == "maximize" else -1.0
        values = [np.nan if o.value is None else sign * o.value for o in self.observations]
        return np.array(values, dtype=float)
