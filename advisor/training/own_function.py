"""The user's own training function as an objective, and what it reports to."""

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import TypeAlias

from advisor.training.base import Objective
from advisor.training.outcome import LAST_EPOCH, NoNumber, Outcome
from advisor.training.outcome import number as told_number
from advisor.training.paused import Paused, StateLost, curve_as_json, curve_of_json
from advisor.training.report import (
    Keeping,
    PauseTrial,
    Report,
    Resuming,
    StopTrial,
    as_report,
)
from knowledge_base.errors import UserError
from knowledge_base.records import EpochRecord
from knowledge_base.states import TrialState
from knowledge_base.types import Config, ConfigDict

TrainFunction: TypeAlias = Callable[[ConfigDict, "Reporter"], object]
"""A user's `train(config, report)`; see `FunctionObjective` for what it returns."""

NOT_FINITE = "the validation metric is not finite"


class Reporter:
    """What a user's `train(config, report)` calls after every epoch.

    `report(val_metric=0.91)` or `report(0.91, train_loss=0.3, learning_rate=1e-3)`; epochs
    are counted from 1 unless `epoch=` says otherwise. What is written to `report.folder` is kept
    for the best trials. A function that looks at `report.resume` can be put aside and taken up.
    """

    def __init__(self, report: Report, before: Sequence[EpochRecord] = ()) -> None:
        """Pass every epoch on to `report`; those `before` were reported in earlier parts."""
        self._report = report
        self.curve: list[EpochRecord] = list(before)
        self._folder: Path | None = None
        self._looked = False

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
        self._folder = self._report.make_folder()
        return self._folder

    @property
    def resume(self) -> Path | None:
        """A folder to go on from: what `report.folder` held when the training was put aside.

        None where the training begins. To look at it, before or while it trains, is to promise
        that the function goes on from what it finds there.
        """
        self._looked = True
        return self._report.resume if isinstance(self._report, Resuming) else None

    @property
    def resumable(self) -> bool:
        """Whether the function could go on: it looks at `resume`, and wrote something for that."""
        if not self._looked or self.resume is not None:
            return self._looked
        folder = self._folder
        return folder is not None and folder.is_dir() and any(folder.iterdir())

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

    pausable = True

    def __init__(self, function: TrainFunction, direction: str) -> None:
        """Wrap `function`, whose value is to be optimised in `direction`."""
        self._function, self._direction = function, direction

    def evaluate(self, config: Config, report: Report) -> Outcome:
        """Call the function and read what it returned."""
        return self._call(config, Reporter(report), 0.0)

    def go_on(self, config: Config, report: Report, paused: Paused) -> Outcome:
        """Call the function again, which goes on from the folder `report.resume`."""
        curve, seconds = _standing(paused)
        return self._call(config, Reporter(report, curve), seconds)

    def conclude(self, config: Config, paused: Paused, reason: str) -> Outcome:
        """Return the best that was reported."""
        curve, seconds = _standing(paused)
        reporter = Reporter(as_report(None), curve)
        found = _outcome(TrialState.STOPPED, self._best(reporter), reporter, 0.0, reason)
        return replace(found, duration=seconds)

    def _call(self, config: Config, reporter: Reporter, before: float) -> Outcome:
        """Call the function, which took some seconds `before`."""
        started = time.monotonic() - before
        try:
            returned = self._function(dict(config), reporter)
        except PauseTrial as pause:
            best = self._best(reporter)
            found = _outcome(TrialState.STOPPED, best, reporter, started, str(pause))
            if not reporter.resumable:  # It would begin anew.
                return found
            facts = {"curve": curve_as_json(reporter.curve), "seconds": found.duration}
            return replace(found, paused=Paused(facts))
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


def _standing(paused: Paused) -> tuple[list[EpochRecord], float]:
    """Return what was reported before a training was put aside, and its seconds.

    Raises:
        StateLost: it is not the state of a function.
    """
    try:
        return curve_of_json(paused.facts["curve"]), float(paused.facts["seconds"])
    except (KeyError, TypeError, ValueError) as error:
        raise StateLost("The state of a paused training is not that of a function.") from error


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
