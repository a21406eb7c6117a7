"""The user's own training function as an objective."""

import inspect
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from math import isfinite
from typing import TypeAlias

from advisor.training.base import Objective
from advisor.training.loading import reference_of
from advisor.training.outcome import Outcome
from advisor.training.paused import Paused, StateLost, curve_as_json, curve_of_json
from advisor.training.report import PauseTrial, Report, StopTrial, as_report
from advisor.training.reporter import Asked, Reporter, number_of
from knowledge_base.records import EpochRecord
from knowledge_base.states import TrialState
from knowledge_base.types import Config, ConfigDict

TrainFunction: TypeAlias = Callable[[ConfigDict, "Reporter"], object]
"""A user's `train(config, report)`; see `FunctionObjective` for what it returns."""

NOT_FINITE = "the validation metric is not finite"


class FunctionObjective(Objective):
    """The user's own training function `train(config, report)`.

    It returns the value of the metric, or a mapping with `value`, further metrics and
    `gradients` (a mapping by hyperparameter), or None to take the best `val_metric` that it
    reported. In a mapping the value may have the name of the metric, where none was reported.
    Nothing but numbers counts as a number: texts and truth values are errors, as they are for
    `Tuner.tell`.
    """

    pausable = True

    def __init__(self, function: TrainFunction, direction: str, metric: str = "value") -> None:
        """Wrap a function.

        Args:
            function: the user's.
            direction: in which its value is to be optimised.
            metric: what its value is called.
        """
        self._function, self._direction, self._metric = function, direction, metric
        self._said: set[str] = set()

    def evaluate(self, config: Config, report: Report) -> Outcome:
        """Call the function and read what it returned."""
        return self._call(config, Reporter(report, (), self._asked(config)), 0.0)

    def go_on(self, config: Config, report: Report, paused: Paused) -> Outcome:
        """Call the function again, which goes on from the folder `report.resume`."""
        curve, seconds = _standing(paused)
        return self._call(config, Reporter(report, curve, self._asked(config)), seconds)

    def conclude(self, config: Config, paused: Paused, reason: str) -> Outcome:
        """Return the best that was reported."""
        curve, seconds = _standing(paused)
        reporter = Reporter(as_report(None), curve)
        found = _outcome(TrialState.STOPPED, self._best(reporter), reporter, 0.0, reason)
        return replace(found, duration=seconds)

    def _asked(self, config: Config) -> Asked:
        reference = reference_of(self._function)
        return Asked(dict(config), self._metric, self._direction, self._said, reference)

    def _call(self, config: Config, reporter: Reporter, before: float) -> Outcome:
        """Call the function, which took some seconds `before`."""
        started = time.monotonic() - before
        try:
            with ExitStack() as ending:
                ending.callback(lambda: [end() for end in reporter.at_end])
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
        if value is None:
            value = self._best(reporter) if reported else metrics.pop(self._metric, None)
        if value is None and not reported:
            raise ValueError(self._nothing(metrics))
        if value is not None and isfinite(value):
            outcome = _outcome(TrialState.COMPLETE, value, reporter, started)
        else:
            returned_it = f"the training function returned {value}"
            reason = NOT_FINITE if value is None else returned_it
            outcome = _outcome(TrialState.DIVERGED, None, reporter, started, reason)
        return replace(outcome, metrics=_finite(metrics), gradients=_finite(gradients))

    def _nothing(self, metrics: Mapping[str, float]) -> str:
        """Return what is wrong with a function of which no value is known, and what to do."""
        if metrics:
            named = "" if self._metric == "value" else f" or '{self._metric}'"
            return (
                f"the training function returned {', '.join(metrics)}, but no 'value'{named}: "
                "return the value under that name, or name one of them as the metric of the search"
            )
        return (
            "the training function neither returned nor reported a value: let it return a number, "
            "or report one after each epoch"
        )

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


def _read(returned: object) -> tuple[float | None, dict[str, float], dict[str, float]]:
    """Return value, further metrics and gradients of what a user's function returned.

    Raises:
        TypeError: something of it is no number.
    """
    if returned is None:
        return None, {}, {}
    if not isinstance(returned, Mapping):
        return number_of(_finished(returned), "what the training function returned"), {}, {}
    value, gradients = returned.get("value"), returned.get("gradients") or {}
    if not isinstance(gradients, Mapping):
        raise TypeError(f"'gradients' is to be numbers by hyperparameter, not {gradients!r}")
    metrics = {name: n for name, n in returned.items() if name not in ("value", "gradients")}
    read = None if value is None else number_of(value, "'value'")
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
    return {str(name): number_of(n, f"'{name}'") for name, n in given.items()}


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
