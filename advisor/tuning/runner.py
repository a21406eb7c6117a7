"""Runs a search: ask, evaluate, tell, until the trials, the time or the patience end."""

import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from advisor.training.outcome import Outcome, Report, StopTrial
from advisor.tuning.objective import Objective
from advisor.tuning.tuner import Tuner
from knowledge_base.records import EpochRecord, TrialRecord

MAX_CONSECUTIVE_FAILURES = 5
MAX_ERROR_CHARACTERS = 4000

OnTrial = Callable[[TrialRecord, Tuner], None]


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Attributes:
        reason: "finished", "timeout" or "failures".
        message: what to tell the user about the end, empty when all trials were run.
    """

    reason: str
    message: str = ""


def run(
    tuner: Tuner,
    objective: Objective,
    trials: int,
    timeout: float | None = None,
    on_trial: OnTrial | None = None,
) -> RunResult:
    """Go on until the study has `trials` trials.

    An objective that raises makes a failed trial with its traceback; five in a row end the
    run. When the time is up the running trial is stopped at its next report and kept.

    Of a strategy that does not learn, up to `objective.at_once` configurations are asked for,
    and those that the objective groups are trained together; each is told, and so on disk, as
    soon as it ended, and all of a group before anything else starts. The time limit stops and
    keeps all that are running.

    Args:
        tuner: with the trials of earlier runs already told.
        objective: what to evaluate.
        trials: number of trials of the whole study, earlier ones included.
        timeout: seconds for this run.
        on_trial: called after every trial.

    Raises:
        KeyboardInterrupt: passed on; everything finished is stored by then.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    most = 1 if tuner.adaptive else objective.at_once
    failures = 0
    while len(tuner.trials) < trials:
        if _over(deadline):
            return RunResult("timeout", f"The time limit of {timeout:g} s is over.")
        for trial in _batch(tuner, objective, min(most, trials - len(tuner.trials)), deadline):
            if on_trial is not None:
                on_trial(trial, tuner)
            failures = failures + 1 if trial.state == "failed" else 0
            if failures >= MAX_CONSECUTIVE_FAILURES:
                last = (trial.error or "").strip().splitlines()[-1]
                return RunResult(
                    "failures", f"Stopped: {failures} trials in a row failed. Last: {last}"
                )
    return RunResult("finished")


def _over(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() >= deadline


def _batch(
    tuner: Tuner, objective: Objective, size: int, deadline: float | None
) -> Iterator[TrialRecord]:
    """Ask for configurations and yield their trials; none begins when the time is over.

    What was asked for and not told in the end is taken back.
    """
    if size == 1:
        yield _one_trial(tuner, objective, tuner.ask(), deadline)
        return
    configs = tuner.ask(size)
    try:
        for group in objective.groups_of(configs):
            if _over(deadline):
                return
            yield from _group(tuner, objective, [configs[place] for place in group], deadline)
    finally:
        for config in configs:
            tuner.withdraw(config)


def _group(
    tuner: Tuner, objective: Objective, configs: list[dict[str, Any]], deadline: float | None
) -> Iterator[TrialRecord]:
    """Evaluate configurations together, and one by one those left when that fails."""
    left = dict(enumerate(configs)) if len(configs) > 1 else {}
    started_at = datetime.now(UTC)
    evaluated = objective.evaluate_many(configs, [_report(tuner, deadline) for _ in configs])
    while left:
        try:
            place, outcome = next(evaluated)
        except Exception:
            break
        yield tuner.tell(left.pop(place), outcome, started_at)
    for config in left.values() if len(configs) > 1 else configs:
        yield _one_trial(tuner, objective, config, deadline)


def _report(tuner: Tuner, deadline: float | None) -> Report:
    """Return what a training calls after every epoch: the strategy and the time may end it."""
    curve: list[EpochRecord] = []

    def report(epoch: EpochRecord) -> None:
        curve.append(epoch)
        if tuner.stops(curve):
            raise StopTrial(f"stopped early after {len(curve)} epochs: others were ahead")
        if _over(deadline):
            raise StopTrial("the time limit is over")

    return report


def _one_trial(
    tuner: Tuner, objective: Objective, config: dict[str, Any], deadline: float | None
) -> TrialRecord:
    started_at, started = datetime.now(UTC), time.monotonic()
    try:
        outcome = objective.evaluate(config, _report(tuner, deadline))
    except Exception:
        error = traceback.format_exc()[-MAX_ERROR_CHARACTERS:]
        outcome = Outcome(state="failed", error=error, duration=time.monotonic() - started)
    return tuner.tell(config, outcome, started_at)
