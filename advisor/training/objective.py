"""What a search optimises: a model family on a data set, or the user's own function."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from advisor.metrics import get_metric
from advisor.training.base import Objective
from advisor.training.outcome import Outcome
from advisor.training.own_function import FunctionObjective, TrainFunction
from advisor.training.race import Race
from advisor.training.report import Report
from advisor.training.reporter import Reporter
from knowledge_base.records import TrialRecord, fold_values
from knowledge_base.states import TrialState
from knowledge_base.types import Config

if TYPE_CHECKING:
    from advisor.data import PreparedData
    from advisor.models import ModelFamily
    from advisor.training.paused import Paused
    from advisor.training.terms import Terms

__all__ = ["FamilyObjective", "FunctionObjective", "Objective", "Reporter", "TrainFunction"]

AT_ONCE = 16
"""Configurations that are looked through for networks of one shape."""


class FamilyObjective(Objective):
    """Trains a model family on prepared data.

    Attributes:
        family: what is trained.
        device: what it is trained on, such as the name of a graphics card.
        folds: the data set in each of the folds that a configuration is judged by.
    """

    brief = True
    pausable = True

    def __init__(
        self,
        family: "ModelFamily",
        data: "PreparedData",
        metric: str,
        seed: int,
        gradients: Sequence[str] = (),
        memory_limit: int | None = None,
        max_epochs: int | None = None,
        patience: int | None = None,
        more_folds: Sequence["PreparedData"] = (),
        keep: bool = False,
        device: str | None = None,
        precision: str | None = None,
    ) -> None:
        """Keep what `advisor.training.train` takes.

        Args:
            family, data, metric, seed, max_epochs, patience: as there.
            gradients: hyperparameters by which the validation loss is differentiated, too.
            memory_limit: bytes that a training may need; default a share of what is free.
            more_folds: the data set in its other folds; `data` is the first one.
            keep: whether outcomes have the trained networks.
            device, precision: as for `advisor.training.devices.check_device`.

        Raises:
            ImportError: PyTorch cannot be loaded. It is loaded here, because that is no fault of
                the first configuration, which would be a failed trial.
            UserError: the device is not there, or has no such precision.
        """
        self.prepare()
        from advisor.training.devices import check_device, described

        self._device, self._precision = device, precision
        self.device = described(check_device(device, precision))
        self.folds, self._race = (data, *more_folds), Race(get_metric(metric).direction)
        self._metric, self._max_epochs, self._patience = metric, max_epochs, patience
        self._keep = keep
        self._memory_limit = memory_limit
        self.family, self._data = family, data
        self._seed, self._gradients = seed, gradients
        self._direction = get_metric(metric).direction
        self.inert = family.inert(data)
        if family.stackable and not gradients:
            self.shapeless = family.shapeless
            self.at_once = 1 if more_folds else AT_ONCE

    def prepare(self) -> None:
        """Load PyTorch, which takes seconds."""
        import_module("advisor.training.memory")
        with suppress(ImportError):  # PyTorch loads it, in seconds, for its first optimiser.
            import_module("torch._dynamo")

    def evaluate(self, config: Config, report: Report) -> Outcome:
        """Train the family with `config`, unless that is estimated to need too much memory."""
        from advisor.training.memory import refusal

        reason = refusal(self.family, config, self._data, self._memory_limit, device=self._device)
        return Outcome.not_tried(reason) if reason else self._train(config, report)

    def go_on(self, config: Config, report: Report, paused: "Paused") -> Outcome:
        """Train on where the training stood."""
        return self._train(config, report, paused)

    def conclude(self, config: Config, paused: "Paused", reason: str) -> Outcome:
        """Judge the best epoch of each fold so far."""
        from advisor.training.folds import conclude_folds
        from advisor.training.loop import conclude

        family, seed, terms = self.family, self._seed, self._terms(self._keep)
        if len(self.folds) > 1:
            return conclude_folds(
                family, config, self.folds, seed, terms, self._race, paused, reason
            )
        return conclude(family, config, self._data, seed, terms, paused, reason)

    def _train(self, config: Config, report: Report, paused: "Paused | None" = None) -> Outcome:
        from advisor.training.folds import train_folds
        from advisor.training.loop import train_on

        family, seed, terms = self.family, self._seed, self._terms(self._keep)
        if len(self.folds) > 1:
            outcome = train_folds(
                family, config, self.folds, seed, terms, report, self._race, paused
            )
        else:
            outcome = train_on(family, config, self._data, seed, terms, report, paused)
        differentiable = self._gradients and outcome.state == TrialState.COMPLETE
        return self._differentiated(config, outcome) if differentiable else outcome

    def measure(self, config: Config, report: Report) -> Outcome:
        """Train `config` on every fold, whatever is known of others, and keep its networks."""
        from advisor.training.folds import train_folds

        race = Race(self._direction)
        return train_folds(
            self.family, config, self.folds, self._seed, self._terms(True), report, race
        )

    def refit(self, config: Config, data: "PreparedData", epochs: int, report: Report) -> Outcome:
        """Train one network on all known rows, for a number of epochs, and keep it.

        Args:
            config: active hyperparameters.
            data: as `prepare` gives them without a fold.
            epochs: after which the network is taken; nothing is known of when to stop earlier.
            report: ends it when the time is over.
        """
        from advisor.training.loop import train_on

        terms = replace(self._terms(True), exactly=epochs)
        return train_on(self.family, config, data, self._seed, terms, report)

    def _terms(self, keep: bool) -> "Terms":
        from advisor.training.terms import Terms

        return Terms(
            self._metric, self._max_epochs, self._patience, self._device, keep,
            precision=self._precision,
        )  # fmt: skip

    def recall(self, trials: Sequence[TrialRecord]) -> None:
        """Learn how the values of the folds differ."""
        self._race = Race(self._direction)
        for trial in trials:
            values = fold_values(trial.metrics)
            if trial.state == TrialState.COMPLETE and len(values) == len(self.folds) > 1:
                self._race.tell([values[place] for place in sorted(values)])

    def need(self, configs: Sequence[Config]) -> int | None:
        """Return what a group is estimated to need; the folds of one are trained as one."""
        from advisor.training.memory import need

        networks = len(configs) * (len(self.folds) if self.family.stackable else 1)
        return need(self.family, configs[0], self._data, networks, self._device)

    def room(self) -> int | None:
        """Return the memory limit less the data, or a share of what is free."""
        from advisor.training.memory import room

        return room(self._data, self._memory_limit, self._device)

    def companions(self, config: Config) -> int:
        """Return how many others of its shape its network is to be trained with."""
        from advisor.training.memory import refusal
        from advisor.training.together import companions_of

        count = companions_of(self.family, config, self._data, self._device)
        refused = count and refusal(
            self.family, config, self._data, self._memory_limit, 1 + count, self._device
        )
        return 0 if refused else count

    def groups_of(self, configs: Sequence[Config]) -> list[list[int]]:
        """Return the places of configurations whose networks have one shape and room at once."""
        from advisor.training.memory import refusal
        from advisor.training.together import groups_of

        found: list[list[int]] = []
        for group in groups_of(self.family, configs, self._data, self._device):
            first, count = configs[group[0]], len(group)
            together = count > 1 and not refusal(
                self.family, first, self._data, self._memory_limit, count, self._device
            )
            found += [group] if together else [[place] for place in group]
        return found

    def evaluate_many(
        self, configs: Sequence[Config], reports: Sequence[Report]
    ) -> Iterator[tuple[int, Outcome]]:
        """Train networks of one shape together, those that promise enough on all folds."""
        from advisor.training.heats import train_heat
        from advisor.training.together import train_group

        terms = self._terms(self._keep)
        if len(self.folds) > 1:
            return train_heat(
                self.family, configs, self.folds, self._seed, terms, reports, self._race
            )
        places = range(len(configs))
        return train_group(self.family, configs, self._data, places, self._seed, terms, reports)

    def _differentiated(self, config: Config, outcome: Outcome) -> Outcome:
        from advisor.training.hypergradient import family_hypergradients

        started = time.monotonic()
        slopes = family_hypergradients(
            self.family, config, self._data, self._gradients, self._seed, outcome.epochs or 1
        )
        duration = (outcome.duration or 0.0) + time.monotonic() - started
        return replace(outcome, gradients=slopes, duration=duration)
