"""Runs a search: ask, evaluate, tell, until the trials, the time or the patience end."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from advisor.training.outcome import Outcome, StopTrial
from advisor.tuning.interrupts import interrupts_pass
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
    failures = 0
    while len(tuner.trials) < trials:
        if deadline is not None and time.monotonic() >= deadline:
            return RunResult("timeout", f"The time limit of {timeout:g} s is over.")
        trial = _one_trial(tuner, objective, deadline)
        if on_trial is not None:
            on_trial(trial, tuner)
        failures = failures + 1 if trial.state == "failed" else 0
        if failures >= MAX_CONSECUTIVE_FAILURES:
            last = (trial.error or "").strip().splitlines()[-1]
            return RunResult(
                "failures", f"Stopped: {failures} trials in a row failed. Last: {last}"
            )
    return RunResult("finished")


def _one_trial(tuner: Tuner, objective: Objective, deadline: float | None) -> TrialRecord:
    config = tuner.ask()
    started_at, started = datetime.now(UTC), time.monotonic()

    curve: list[EpochRecord] = []

    def report(epoch: EpochRecord) -> None:
        curve.append(epoch)
        if tuner.stops(curve):
            raise StopTrial(f"stopped early after {len(curve)} epochs: others were ahead")
        if deadline is not None and time.monotonic() >= deadline:
            raise StopTrial("the time limit is over")

    try:
        with interrupts_pass():
            outcome = objective.evaluate(config, report)
    except Exception:
        error = traceback.format_exc()[-MAX_ERROR_CHARACTERS:]
        outcome = Outcome(state="failed", error=error, duration=time.monotonic() - started)
    return tuner.tell(config, outcome, started_at)
