"""What is measured beside the trials: the library default, and the best of what was known."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from advisor.models import FAMILIES
from advisor.predictor.kept import DEFAULT, KNOWN
from advisor.training.objective import FamilyObjective, Objective
from advisor.training.outcome import Outcome
from advisor.tuning.batches import Watch, over
from advisor.tuning.tuner import Tuner
from knowledge_base.states import Direction, TrialState
from knowledge_base.types import Config, JsonObject

if TYPE_CHECKING:
    from advisor.tuning.workers import Crew


@dataclass
class References:
    """Trains configurations that are no trials on the folds of a search, each once.

    Attributes:
        tuner: with the trials so far.
        trainer: what trains networks.
        known: what was taken from the store of this very task, as
            `advisor.tuning.known.known_trials` gives it.
        crew: processes that train beside this one, while there are any.
    """

    tuner: Tuner
    trainer: Objective
    known: Sequence[JsonObject] = ()
    crew: "Crew | None" = field(default=None, init=False)
    _measured: set[str] = field(default_factory=set, init=False, repr=False)

    def measure_default(self, deadline: float | None, coming: Sequence[Config] = ()) -> None:
        """Train the library default on the folds of the search, once, as what it is measured by.

        Args:
            deadline: of the search.
            coming: configurations that will be trials.
        """
        if self.tuner.study.task.family not in FAMILIES:
            return
        default = self.trainer.family.default() if isinstance(self.trainer, FamilyObjective) else {}
        if default not in coming and all(t.config != default for t in self.tuner.trials):
            self._measure(DEFAULT, default, deadline)

    def measure_known(self, deadline: float | None) -> None:
        """Train the best of what was taken from the store, if that is better than what was.

        Args:
            deadline: of the search.
        """
        networks, sign = self.tuner.study.networks, 1.0
        if networks is None:
            return
        if self.tuner.study.task.direction == Direction.MAXIMIZE:
            sign = -1.0
        kept = set(networks.numbers())
        found = [(sign * item["value"], 1, dict(item["config"])) for item in self.known]
        found += [
            (sign * trial.value, int(trial.number not in kept), dict(trial.config))
            for trial in self.tuner.trials
            if trial.value is not None and trial.state == TrialState.COMPLETE
        ]
        if found:
            _, untrained, config = min(found, key=lambda item: item[:2])
            if untrained:
                self._measure(KNOWN, config, deadline)

    def _measure(self, name: str, config: Config, deadline: float | None) -> None:
        """Train a configuration that is no trial on all folds, once, and keep its networks."""
        networks, trainer = self.tuner.study.networks, self.trainer
        if networks is None or not isinstance(trainer, FamilyObjective) or over(deadline):
            return
        if name in self._measured or networks.has(name):
            return
        self._measured.add(name)

        def keep(outcome: Outcome) -> None:
            # What others are compared with is no standing where the time cut it off.
            whole = outcome.state == TrialState.COMPLETE
            if whole and len(outcome.fitted) == len(trainer.folds):
                networks.keep(name, config, outcome.value or 0.0, outcome.fitted)

        if self.crew is not None:
            self.crew.measure(config, deadline, keep)
            return
        with suppress(Exception):  # What cannot be trained has no standing.
            keep(trainer.measure(config, Watch(None, deadline)))
