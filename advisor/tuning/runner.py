"""Runs a search: ask, evaluate, tell, until the trials, the time or the patience end."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from advisor.strategies import Exhausted
from advisor.training.objective import FunctionObjective, Objective
from advisor.tuning.batches import batch, cut_off, over
from advisor.tuning.failures import last_line
from advisor.tuning.pausing import tell_standing
from advisor.tuning.shared import AllTaken, SharedTuner
from advisor.tuning.tuner import Tuner
from knowledge_base.records import TIME_OVER, TrialRecord
from knowledge_base.states import TrialState

if TYPE_CHECKING:
    from advisor.tuning.workers import Crew

MAX_CONSECUTIVE_FAILURES = 5
MAX_CONSECUTIVE_SKIPS = 50
"""Skipping costs next to nothing, and a smaller configuration may come."""

PAUSE = 0.2
"""Seconds after which it is looked again what other processes left, where they try all."""

OnTrial = Callable[[TrialRecord, Tuner], None]


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Attributes:
        reason: "finished", "exhausted": there is nothing else to try, "timeout", "failures", or
            "budget": the time was too short for one trial.
        message: what to tell the user about the end, empty when all trials were run and one of
            them succeeded.
    """

    reason: str
    message: str = ""


def run(
    tuner: Tuner,
    objective: Objective,
    trials: int,
    timeout: float | None = None,
    on_trial: OnTrial | None = None,
    kept: Callable[[], float] = lambda: 0.0,
    crew: "Crew | None" = None,
) -> RunResult:
    """Go on until the study has `trials` trials.

    An objective that raises makes a failed trial with its traceback; five in a row end the
    run, as do many in a row that were skipped since they would have needed too much memory.
    When the time is up the running trials are stopped at their next report and kept. Which
    trials run together, `advisor.tuning.batches` says. When as many have begun, those that stand
    paused go on as far as the strategy asks for them; what stands paused in the end is told, and
    can be taken up by the next run.

    Args:
        tuner: with the trials of earlier runs already told.
        objective: what to evaluate.
        trials: number of trials of the whole study, earlier ones included.
        timeout: seconds for this run.
        on_trial: called after every trial, of another process on the study, too.
        kept: returns the share of `timeout` that is left for what comes after the trials; asked
            before each of them.
        crew: processes that train; None trains in this one.

    Raises:
        KeyboardInterrupt: passed on; everything finished is stored by then.
    """
    objective.recall(tuner.trials)
    own = isinstance(objective, FunctionObjective)
    started = time.monotonic()
    done: list[TrialRecord] = []
    ended: RunResult | None = None

    def leaving(share: float) -> float | None:
        return None if timeout is None else started + (1 - share * kept()) * timeout

    # However short the time is, one trial begins: something is better than nothing.
    begun = bool(tuner.trials) or timeout == 0 or not objective.brief
    if tuner.stopping:
        tuner.paused.sort_out()
    cut, whole = False, False
    try:
        for trial in _each(tuner, objective, trials, begun, lambda: leaving(1.0), crew, on_trial):
            done.append(trial)
            if on_trial is not None:
                on_trial(trial, tuner)
            if ended := _failed(done):
                break
        cut, whole = _time_is_over(leaving(1.0), done), True
    except Exhausted as end:
        whole, said = True, f"The search is over: {end}"
        full = tuner.begun >= trials
        ended = RunResult("finished") if full else RunResult("exhausted", said)
    finally:
        tuner.strategy.room = None
        # Where Ctrl-C ends the run, hardly anything takes time any more.
        for trial in tell_standing(tuner, objective, leaving(0.5) if whole else started):
            done.append(trial)
            if whole and on_trial is not None:
                on_trial(trial, tuner)
    if ended is None and cut:
        ended = _out_of_time(tuner, done, timeout or 0.0, tuner.ended < trials)
    if ended is None and done and all(trial.skipped for trial in done):
        return RunResult("failures", _all_skipped(done))
    return _with_what_failed(ended or RunResult("finished"), tuner, own)


def _batch(
    tuner: Tuner, objective: Objective, left: int, deadline: float | None, crew: "Crew | None"
) -> Iterator[TrialRecord]:
    """Yield the trials that end next, in this process or in those of a crew."""
    if crew is None:
        return batch(tuner, objective, left, deadline)
    if not isinstance(tuner, SharedTuner):
        raise TypeError("a crew tells its trials to a tuner that shares its study")
    return crew.batch(tuner, objective, left, deadline)


def _hear(tuner: Tuner, objective: Objective, on_trial: OnTrial | None) -> None:
    """Learn from what other processes on the study told meanwhile."""
    heard = tuner.heard() if isinstance(tuner, SharedTuner) else []
    if heard:
        objective.recall(tuner.trials)
    if on_trial is not None:
        for trial in heard:
            on_trial(trial, tuner)


def _each(
    tuner: Tuner,
    objective: Objective,
    trials: int,
    begun: bool,
    deadline: Callable[[], float | None],
    crew: "Crew | None",
    on_trial: OnTrial | None,
) -> Iterator[TrialRecord]:
    """Yield trials as they end here, until there are as many or the time is over.

    Raises:
        Exhausted: there is nothing else to try.
    """
    last: list[TrialRecord] = []
    while tuner.ended < trials:
        limit = deadline()
        if begun and _time_is_over(limit, last):
            break
        begun = True
        tuner.strategy.room = max(trials - tuner.begun, 0)
        try:
            for trial in _batch(tuner, objective, trials - tuner.ended, limit, crew):
                last = [trial]
                yield trial
        except AllTaken:
            time.sleep(PAUSE)
        _hear(tuner, objective, on_trial)
    if crew is not None and isinstance(tuner, SharedTuner):
        yield from crew.rest(tuner)


def _time_is_over(deadline: float | None, done: Sequence[TrialRecord]) -> bool:
    return over(deadline) or (bool(done) and cut_off(done[-1]))


def _with_what_failed(ended: RunResult, tuner: Tuner, own: bool) -> RunResult:
    """Return how a study ended, and of one in which nothing succeeded, why and what to do.

    What the time cut off before it had a value neither succeeded nor failed.

    Args:
        ended: how its run ended.
        tuner: with all trials told.
        own: whether they are of the user's own function.
    """
    failed = [trial for trial in tuner.trials if trial.state in ("failed", "diverged")]
    cut = sum(cut_off(trial) and trial.value is None for trial in tuner.trials)
    if not failed or len(failed) + cut < len(tuner.trials):
        return ended
    last = next((trial for trial in reversed(failed) if not trial.skipped), None)
    if last is None:
        return ended if ended.reason == "failures" else RunResult("failures", _all_skipped(failed))
    many = "The only trial" if len(tuner.trials) == 1 else f"None of {len(tuner.trials)} trials"
    verb = "did not succeed" if len(tuner.trials) == 1 else "succeeded"
    said = f"{many} {verb}. Last: {last_line(last.error)}"
    if ended.reason == "failures":  # It tells the last error, too.
        said = ended.message
    elif ended.reason in ("timeout", "budget"):
        said = f"{ended.message} {said}"
    return RunResult(
        "failures", f"{said.rstrip('.')}. {_what_to_do(failed, tuner)}" if own else said
    )


def _what_to_do(failed: Sequence[TrialRecord], tuner: Tuner) -> str:
    """Return what to do about a function of the user's own that never gave a value."""
    if all(trial.state == TrialState.DIVERGED for trial in failed):
        return (
            "No configuration gave a finite value: look at how the function computes it, and at "
            "the ranges of its space."
        )
    directory = tuner.study.directory
    where = "" if directory is None else f"; whole tracebacks are in {directory.path}/trials.jsonl"
    return f"Mend the function and search again{where}."


def _failed(done: Sequence[TrialRecord]) -> RunResult | None:
    """Return how a run ends whose last trials failed or were skipped, None if it goes on."""
    row = list(takewhile(lambda trial: trial.state == "failed", reversed(done)))
    skipped = [trial for trial in row if trial.skipped]
    failures = len(row) - len(skipped)
    if failures >= MAX_CONSECUTIVE_FAILURES:
        error = next(trial.error for trial in row if not trial.skipped)
        return RunResult(
            "failures", f"Stopped: {failures} trials in a row failed. Last: {last_line(error)}"
        )
    if len(skipped) >= MAX_CONSECUTIVE_SKIPS:
        return RunResult("failures", f"Stopped. {_all_skipped(skipped)}")
    return None


def _all_skipped(trials: Sequence[TrialRecord]) -> str:
    what = "The only configuration was" if len(trials) == 1 else f"All {len(trials)} were"
    why = trials[0].skip_reason
    return f"{what} skipped for lack of memory ({why}). Free memory or raise `memory_limit`."


def _out_of_time(
    tuner: Tuner, done: Sequence[TrialRecord], timeout: float, unfinished: bool
) -> RunResult:
    if not unfinished and tuner.best is not None:
        return RunResult("finished")
    if tuner.best is not None or any(trial.error != TIME_OVER for trial in done):
        return RunResult("timeout", f"The time limit of {timeout:g} s is over.")
    epochs = max((trial.epochs or 0 for trial in done), default=0)
    came = f"{epochs or 'no'} epoch{'' if epochs == 1 else 's'} of it ended"
    return RunResult(
        "budget",
        f"The time limit of {timeout:g} s was too short for one trial: {came}. Allow more with "
        "`timeout`.",
    )
