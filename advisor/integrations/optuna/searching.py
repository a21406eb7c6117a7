"""The search behind a study of Optuna: a strategy that is told what the storage has."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from optuna.trial import FrozenTrial

from advisor.encoding import sample
from advisor.integrations.optuna.history import elsewhere, is_over, observation
from advisor.integrations.optuna.spaces import HostSpace
from advisor.strategies import Exhausted, SearchStrategy
from knowledge_base.errors import LOG
from knowledge_base.types import ConfigDict


@dataclass
class Searching:
    """A strategy in one space, and which trials of the study it has heard of.

    Several processes have one each. What one suggests depends on the trials alone, so that two
    that know the same trials would ask for the same; each therefore leaves out what those ask for
    that began just before.

    Attributes:
        space: of the study.
        strategy: that nothing was told yet.
        epochs: that a whole training reports, None where that is not known.
    """

    space: HostSpace
    strategy: SearchStrategy
    epochs: int | None = None
    _heard: list[int] = field(default_factory=list, init=False, repr=False)

    def follows(self, trials: Sequence[FrozenTrial]) -> bool:
        """Return whether the trials that are over go on where those heard of end."""
        return self._heard == [trial.number for trial in ended(trials)][: len(self._heard)]

    def plan(self, trials: Sequence[FrozenTrial], own: FrozenTrial) -> ConfigDict:
        """Return the configuration that a trial is to try.

        Args:
            trials: of the study.
            own: the trial.
        """
        new = ended(trials)[len(self._heard) :]
        configs = self.space.configs([trial.params for trial in new])
        told = [
            observation(trial, config, self.epochs)
            for trial, config in zip(new, configs, strict=True)
            if config is not None
        ]
        if len(told) < len(new) and not self._heard:
            outside = [t.number for t, c in zip(new, configs, strict=True) if c is None]
            LOG.warning(
                f"Trials outside of the space '{self.space.definition.name}' say nothing to the "
                f"search: {outside[:5]}{' and more' if len(outside) > 5 else ''}."
            )
        self._heard += [trial.number for trial in new]
        others = elsewhere(trials, own, self.space)
        self.strategy.update(told, others.configs)
        try:
            return self.strategy.suggest(1 + others.born)[-1]
        except Exhausted:  # The host asks for as many trials as it likes.
            return sample(self.space.definition, 1, self.strategy.step_seed(own.number))[0]


def ended(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Return the trials that are over, in the order in which they ended."""
    over = [trial for trial in trials if is_over(trial)]
    return sorted(over, key=lambda t: (t.datetime_complete or t.datetime_start, t.number))
