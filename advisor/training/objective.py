"""What a search optimises: a model family on a data set, or the user's own function."""

import inspect
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from advisor.metrics import get_metric
from advisor.training.outcome import LAST_EPOCH, NoNumber, Outcome
from advisor.training.outcome import number as told_number
from advisor.training.race import Race
from advisor.training.report import Keeping, Report, StopTrial
from knowledge_base.errors import UserError
from knowledge_base.records import EpochRecord, TrialRecord, fold_values
from knowledge_base.states import TrialState
from knowledge_base.types import Config, ConfigDict

if TYPE_CHECKING:
    from advisor.data import PreparedData
    from advisor.models import ModelFamily
    from advisor.training.loop import Terms

AT_ONCE = 16
"""Configurations that are looked through for networks of one shape."""

TrainFunction: TypeAlias = Callable[[ConfigDict, "Reporter"], object]
"""A user's `train(config, report)`; see `FunctionObjective` for what it returns."""

NOT_FINITE = "the validation metric is not finite"


class Objective(ABC):
    """Evaluates configurations.

    Attributes:
        at_once: how many configurations it is worth asking for before any is evaluated.
        brief: whether a trial can be ended after a moment, and has a value then.
    """

    at_once: int = 1
    brief: bool = False

    @abstractmethod
    def evaluate(self, config: Config, report: Report) -> Outcome:
        """Train with `config` and return what came of it.

        Args:
            config: active hyperparameters.
            report: to be called after every epoch; raises `StopTrial` when time is up.

        Raises:
            Exception: whatever the training raises; the runner records a failed trial.
        """

    def recall(self, trials: Sequence[TrialRecord]) -> None:
        """Learn what earlier trials of the study say of how the next ones are evaluated."""
        return None  # Most objectives evaluate each configuration for itself.

    def groups_of(self, configs: Sequence[Config]) -> list[list[int]]:
        """Return the places of configurations that gain from being evaluated together."""
        return [[place] for place in range(len(configs))]

    def evaluate_many(
        self, configs: Sequence[Config], reports: Sequence[Report]
    ) -> Iterator[tuple[int, Outcome]]:
        """Train one of the groups; yield the place and outcome of each as soon as it ended.

        Args:
            configs: active hyperparameters of each.
            reports: one for each; one that raises `StopTrial` ends its own trial only.

        Raises:
            Exception: as `evaluate`; the runner evaluates the others one by one.
        """
        for place, (config, report) in enumerate(zip(configs, reports, strict=True)):
            yield place, self.evaluate(config, report)


class FamilyObjective(Objective):
    """Trains a model family on prepared data.

    Attributes:
        family: what is trained.
        folds: the data set in each of the folds that a configuration is judged by.
    """

    brief = True

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
    ) -> None:
        """Keep what `advisor.training.train` takes.

        Args:
            family, data, metric, seed, max_epochs, patience: as there.
            gradients: hyperparameters by which the validation loss is differentiated, too.
            memory_limit: bytes that a training may need; default a share of what is free.
            more_folds: the data set in its other folds; `data` is the first one.
            keep: whether outcomes have the trained networks.

        Raises:
            ImportError: PyTorch cannot be loaded. It is loaded here, because that is no fault of
                the first configuration, which would be a failed trial.
        """
        import_module("advisor.training.memory")
        with suppress(ImportError):  # PyTorch loads it, in seconds, when it first estimates memory.
            import_module("torch._dynamo")
        self.folds, self._race = (data, *more_folds), Race(get_metric(metric).direction)
        self._metric, self._max_epochs, self._patience = metric, max_epochs, patience
        self._keep = keep
        self._memory_limit = memory_limit
        self.family, self._data = family, data
        self._seed, self._gradients = seed, gradients
        if family.stackable and not gradients and not more_folds:
            self.at_once = AT_ONCE

    def evaluate(self, config: Config, report: Report) -> Outcome:
        """Train the family with `config`, unless that is estimated to need too much memory."""
        from advisor.training.folds import train_folds
        from advisor.training.loop import train_on
        from advisor.training.memory import refusal

        reason = refusal(self.family, config, self._data, self._memory_limit)
        if reason is not None:
            return Outcome.not_tried(reason)
        terms = self._terms(self._keep)
        if len(self.folds) > 1:
            outcome = train_folds(
                self.family, config, self.folds, self._seed, terms, report, self._race
            )
        else:
            outcome = train_on(self.family, config, self._data, self._seed, terms, report)
        differentiable = self._gradients and outcome.state == TrialState.COMPLETE
        return self._differentiated(config, outcome) if differentiable else outcome

    def measure(self, config: Config, report: Report) -> Outcome:
        """Train `config` on every fold, whatever is known of others, and keep its networks."""
        from advisor.training.folds import train_folds

        race = Race(get_metric(self._metric).direction)
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
        from advisor.training.loop import Terms

        return Terms(self._metric, self._max_epochs, self._patience, keep=keep)

    def recall(self, trials: Sequence[TrialRecord]) -> None:
        """Learn how the values of the folds differ."""
        for trial in trials:
            values = fold_values(trial.metrics)
            if trial.state == TrialState.COMPLETE and len(values) == len(self.folds) > 1:
                self._race.tell([values[place] for place in sorted(values)])

    def groups_of(self, configs: Sequence[Config]) -> list[list[int]]:
        """Return the places of configurations whose networks have one shape and room at once."""
        from advisor.training.memory import refusal
        from advisor.training.together import groups_of

        found: list[list[int]] = []
        for group in groups_of(self.family, configs, self._data):
            first, count = configs[group[0]], len(group)
            together = count > 1 and not refusal(
                self.family, first, self._data, self._memory_limit, count
            )
            found += [group] if together else [[place] for place in group]
        return found

    def evaluate_many(
        self, configs: Sequence[Config], reports: Sequence[Report]
    ) -> Iterator[tuple[int, Outcome]]:
        """Train networks of one shape together."""
        from advisor.training.together import train_group

        terms = self._terms(self._keep)
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


class Reporter:
    """What a user's `train(config, report)` calls after every epoch.

    `report(val_metric=0.91)` or `report(0.91, train_loss=0.3, learning_rate=1e-3)`; epochs
    are counted from 1 unless `epoch=` says otherwise. What is written to `report.folder` is kept
    for the best trials.
    """

    def __init__(self, report: Report) -> None:
        """Pass every epoch on to `report`."""
        self._report = report
        self.curve: list[EpochRecord] = []

    def __deepcopy__(self, memo: object) -> "Reporter":
        """Return this one: estimators are cloned, but what they report is wanted here."""
        return self

    def __call__(
        self, val_metric: float | None = None, *, epoch: int | None = None, **more: float
    ) -> None:
        """Report one epoch.

        Raises:
            StopTrial: the time limit is over; let it pass through.
            TypeError: a keyword that learning curves do not have, or a value that is no number.
            ValueError: an epoch that is negative, was reported before, or is not a whole number.
        """
        place = self._place(epoch)
        numbers = {name: _number(value, name) for name, value in more.items()}
        value = None if val_metric is None else _number(val_metric, "val_metric")
        record = EpochRecord(epoch=place, val_metric=value, **numbers)
        self.curve.append(record)
        self._report(record)

    @property
    def folder(self) -> Path:
        """A folder that belongs to the trial, made when it is first asked for.

        Raises:
            UserError: it cannot be made, or the training is no trial of a search.
        """
        if not isinstance(self._report, Keeping):
            raise UserError("`report.folder` belongs to a trial of a search; this is none.")
        return self._report.make_folder()

    def _place(self, epoch: int | None) -> int:
        """Return the number of the epoch that is reported.

        Raises:
            TypeError, ValueError: it cannot be.
        """
        last = self.curve[-1].epoch if self.curve else None
        if epoch is None:
            return 1 if last is None else last + 1
        told = _number(epoch, "epoch")
        if not isfinite(told) or told != int(told) or not 0 <= told <= LAST_EPOCH:
            raise ValueError(f"report: epoch={epoch} is not a whole number from 0 on")
        if last is not None and told <= last:
            raise ValueError(
                f"report: epoch={int(told)} came after epoch {last}; report each epoch once, in "
                "their order"
            )
        return int(told)


class FunctionObjective(Objective):
    """The user's own training function `train(config, report)`.

    It returns the value of the metric, or a mapping with `value`, further metrics and
    `gradients` (a mapping by hyperparameter), or None to take the best `val_metric` that it
    reported. Nothing but numbers counts as a number: texts and truth values are errors, as
    they are for `Tuner.tell`.
    """

    def __init__(self, function: TrainFunction, direction: str) -> None:
        """Wrap `function`, whose value is to be optimised in `direction`."""
        self._function, self._direction = function, direction

    def evaluate(self, config: Config, report: Report) -> Outcome:
        """Call the function and read what it returned."""
        reporter = Reporter(report)
        started = time.monotonic()
        try:
            returned = self._function(dict(config), reporter)
        except StopTrial as stop:
            best = self._best(reporter)
            return _outcome(TrialState.STOPPED, best, reporter, started, str(stop))
        value, metrics, gradients = _read(returned)
        reported = any(epoch.val_metric is not None for epoch in reporter.curve)
        value = self._best(reporter) if value is None else value
        if value is None and not reported:
            raise ValueError("the training function neither returned nor reported a value")
        if value is not None and isfinite(value):
            outcome = _outcome(TrialState.COMPLETE, value, reporter, started)
        else:
            returned_it = f"the training function returned {value}"
            reason = NOT_FINITE if value is None else returned_it
            outcome = _outcome(TrialState.DIVERGED, None, reporter, started, reason)
        return replace(outcome, metrics=_finite(metrics), gradients=_finite(gradients))

    def _best(self, reporter: Reporter) -> float | None:
        values = [e.val_metric for e in reporter.curve if e.val_metric is not None]
        finite = [value for value in values if isfinite(value)]
        choose = min if self._direction == "minimize" else max
        return choose(finite) if finite else None


def _number(given: object, what: str) -> float:
    """Return what a user's function gave for a number.

    Raises:
        TypeError: it is none.
    """
    try:
        return told_number(given, what)
    except NoNumber as error:
        raise TypeError(str(error)) from None


def _read(returned: object) -> tuple[float | None, dict[str, float], dict[str, float]]:
    """Return value, further metrics and gradients of what a user's function returned.

    Raises:
        TypeError: something of it is no number.
    """
    if returned is None:
        return None, {}, {}
    if not isinstance(returned, Mapping):
        return _number(_finished(returned), "what the training function returned"), {}, {}
    value, gradients = returned.get("value"), returned.get("gradients") or {}
    if not isinstance(gradients, Mapping):
        raise TypeError(f"'gradients' is to be numbers by hyperparameter, not {gradients!r}")
    metrics = {name: n for name, n in returned.items() if name not in ("value", "gradients")}
    read = None if value is None else _number(value, "'value'")
    return read, _numbers(metrics), _numbers(gradients)


def _finished(returned: object) -> object:
    """Refuse what is still to be run.

    Raises:
        TypeError: it is a coroutine or a generator.
    """
    if inspect.iscoroutine(returned):
        returned.close()
    if inspect.isawaitable(returned) or inspect.isgenerator(returned):
        raise TypeError(
            f"the training function returned a {type(returned).__name__} that nobody runs; let "
            "it return the value"
        )
    return returned


def _numbers(given: Mapping[object, object]) -> dict[str, float]:
    return {str(name): _number(n, f"'{name}'") for name, n in given.items()}


def _finite(numbers: Mapping[str, float]) -> dict[str, float]:
    return {name: n for name, n in numbers.items() if isfinite(n)}


def _outcome(
    state: TrialState,
    value: float | None,
    reporter: Reporter,
    started: float,
    error: str | None = None,
) -> Outcome:
    return Outcome(
        state=state,
        value=value,
        curve=tuple(reporter.curve),
        epochs=len(reporter.curve) or None,
        error=error,
        duration=time.monotonic() - started,
    )
