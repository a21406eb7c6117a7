"""The trials that are asked for at once: one, or, where nothing is learnt in between, several."""

import os
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from statistics import median

from advisor.interrupts import interrupts_pass
from advisor.training.limits import short_reason
from advisor.training.objective import Objective
from advisor.training.outcome import Outcome
from advisor.training.report import PauseTrial, Report, StopTrial
from advisor.tuning.paused_trial import PausedTrial
from advisor.tuning.pausing import epochs_of, give_up, gone_on
from advisor.tuning.tuner import Tuner
from knowledge_base.errors import UserError
from knowledge_base.records import TIME_OVER, EpochRecord, TrialRecord
from knowledge_base.states import TrialState
from knowledge_base.types import Config, ConfigDict

MAX_ERROR_CHARACTERS = 4000


def over(deadline: float | None) -> bool:
    """Return whether the time is up."""
    return deadline is not None and time.monotonic() >= deadline


def cut_off(trial: TrialRecord) -> bool:
    """Return whether the time was over in a trial, or all but what it took to judge it."""
    return trial.state == TrialState.STOPPED and trial.error == TIME_OVER


def batch(
    tuner: Tuner, objective: Objective, left: int, deadline: float | None
) -> Iterator[TrialRecord]:
    """Ask for configurations, evaluate them, and yield their trials.

    A trial is told before it is yielded; one that is put aside is neither.

    A strategy that does not learn is asked for up to `objective.at_once` configurations,
    and those that the objective groups are trained together; each is told, and so on disk, as
    soon as it ended, and all of a group before anything else starts. No group begins when the
    time is over. What was asked for and not told in the end is taken back.

    Args:
        tuner: asked and told.
        objective: what to evaluate.
        left: how many trials the study may still have, at least one.
        deadline: when all that are running are stopped.
    """
    size = 1 if tuner.adaptive else min(objective.at_once, left)
    if size == 1:
        yield from _with_companions(tuner, objective, tuner.ask(), left, deadline)
        return
    yield from _in_groups(tuner, objective, tuner.ask(size), deadline)


def _in_groups(
    tuner: Tuner, objective: Objective, configs: list[ConfigDict], deadline: float | None
) -> Iterator[TrialRecord]:
    """Evaluate what was asked for, each with those that it is trained with."""
    told = len(tuner.trials)
    try:
        for group in objective.groups_of(configs):
            cut = tuner.trials[told:] and cut_off(tuner.trials[-1])
            if tuner.trials and (cut or over(deadline)):
                return
            if len(group) == 1:
                yield from _one_trial(tuner, objective, configs[group[0]], deadline)
            else:
                yield from _group(tuner, objective, [configs[p] for p in group], deadline)
    finally:
        for config in configs:
            tuner.withdraw(config)


def _with_companions(
    tuner: Tuner, objective: Objective, lead: ConfigDict, left: int, deadline: float | None
) -> Iterator[TrialRecord]:
    """Evaluate a configuration, with others of its shape where the time is what ends the search.

    Each of them is chosen without what the others say, which is worth it by the second, not by the
    trial.
    """
    others: list[ConfigDict] = []
    if _ends_by_time(tuner, left, deadline) and tuner.paused.find(lead) is None:
        count = min(objective.companions(lead), left - 1)
        others = tuner.companions(lead, count, objective.shapeless) if count > 0 else []
    if others:
        yield from _in_groups(tuner, objective, [lead, *others], deadline)
    else:
        yield from _one_trial(tuner, objective, lead, deadline)


def _ends_by_time(tuner: Tuner, left: int, deadline: float | None) -> bool:
    """Return whether the time is over before as many trials as usual ones have ended."""
    seconds = [trial.duration for trial in tuner.trials if trial.duration]
    if deadline is None or not seconds:
        return False
    return left * median(seconds) > deadline - time.monotonic()


def _group(
    tuner: Tuner, objective: Objective, configs: list[ConfigDict], deadline: float | None
) -> Iterator[TrialRecord]:
    """Evaluate configurations together, and one by one those left when that fails."""
    left = dict(enumerate(configs))
    started_at = datetime.now(UTC)
    evaluated = objective.evaluate_many(configs, [Watch(tuner, deadline) for _ in configs])
    while left:
        try:
            with same_folder():
                place, outcome = next(evaluated)
        except KeyboardInterrupt:
            raise
        except BaseException:  # An exit in the user's code ends the group only, too.
            break
        yield tuner.tell(left.pop(place), outcome, started_at)
    for config in left.values():
        if over(deadline):
            return
        yield from _one_trial(tuner, objective, config, deadline)


class Watch:
    """What a training reports to: ends trials that the strategy or the clock wants ended."""

    def __init__(
        self,
        tuner: Tuner | None,
        deadline: float | None,
        config: Config | None = None,
        before: PausedTrial | None = None,
    ) -> None:
        """Watch one training.

        Args:
            tuner: whose strategy may end it; None for what is no trial.
            deadline: when it ends whatever it has reached.
            config: of the training, where it may be put aside.
            before: how it stood when it was put aside, where it goes on.
        """
        self._tuner, self._deadline, self._config = tuner, deadline, config
        self._curve: list[EpochRecord] = [] if before is None else list(before.curve)
        self._started = time.monotonic() - (0.0 if before is None else before.seconds)
        self.resume: Path | None = None
        if tuner is not None and before is not None:
            self.resume = tuner.paused.files_of(before)

    def __call__(self, epoch: EpochRecord) -> None:
        """Take note of an epoch.

        Raises:
            StopTrial: the training is to end now.
            PauseTrial: it is to be put aside.
        """
        self._curve.append(epoch)
        if self._tuner is not None and self._tuner.stops(self._curve):
            raise StopTrial(f"stopped early after {len(self._curve)} epochs: others were ahead")
        self.check_time()
        if self._tuner is None or self._config is None:
            return
        seconds = time.monotonic() - self._started
        if self._tuner.should_pause(self._config, self._curve, seconds):
            raise PauseTrial(f"stopped early after {epochs_of(self._curve)}: others promised more")

    def make_folder(self) -> Path:
        """Return the folder of the trial that runs, made if it is not there.

        Raises:
            UserError: it cannot be made, or the study keeps none.
        """
        if self._tuner is None:
            raise UserError("This study keeps no folders of its trials.")
        return self._tuner.make_folder()

    def seconds_left(self) -> float:
        """Return how many seconds the trial still has; infinity without a limit."""
        return inf if self._deadline is None else self._deadline - time.monotonic()

    def check_time(self) -> None:
        """End the trial if the time is over; called within long epochs, too."""
        if over(self._deadline):
            raise StopTrial(TIME_OVER)


def _one_trial(
    tuner: Tuner, objective: Objective, config: ConfigDict, deadline: float | None
) -> Iterator[TrialRecord]:
    """Evaluate a configuration, or go on with it where it stands paused."""
    before = tuner.paused.find(config)
    started_at = datetime.now(UTC) if before is None else before.started_at
    watch = Watch(tuner, deadline, config if objective.pausable else None, before)
    if before is None:
        outcome = evaluated(objective, config, watch)
    else:
        standing = before
        outcome = _caught(lambda: gone_on(tuner, objective, standing, watch), standing.seconds)
    if outcome.paused is None:
        yield tuner.tell(config, outcome, started_at)
        return
    for crowded in tuner.pause(config, outcome, started_at):
        yield give_up(tuner, objective, crowded)


def evaluated(objective: Objective, config: Config, report: Report) -> Outcome:
    """Return what comes of a configuration; what the training raises is one that failed.

    Args:
        objective: what to evaluate.
        config: active hyperparameters.
        report: what the training reports to.

    Raises:
        KeyboardInterrupt: it came meanwhile.
    """
    return _caught(lambda: objective.evaluate(config, report))


def _caught(train: Callable[[], Outcome], before: float = 0.0) -> Outcome:
    """Return what a training comes to, a failed trial if it raises.

    Args:
        train: trains.
        before: seconds that an earlier part of it took.
    """
    started = time.monotonic() - before
    try:
        with interrupts_pass(), same_folder():
            return train()
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as raised:  # sys.exit in the user's code ends its trial, not the search.
        seconds = time.monotonic() - started
        return Outcome(TrialState.FAILED, error=_reason(raised), duration=seconds)


def _reason(raised: BaseException) -> str:
    """Return the traceback of an error, or, of one that tells all by itself, a line."""
    if isinstance(raised, SystemExit):
        *where, _ = traceback.format_exception(raised)
        told = "".join(where)[-MAX_ERROR_CHARACTERS:]
        return f"{told}SystemExit: the training called exit({raised.code!r})\n"
    short = short_reason(raised) if isinstance(raised, Exception) else None
    return short or "".join(traceback.format_exception(raised))[-MAX_ERROR_CHARACTERS:]


@contextmanager
def same_folder() -> Iterator[None]:
    """Let every trial begin in the working directory in which the first one began."""
    before = None
    with suppress(OSError):  # The folder may be gone, before or after.
        before = os.getcwd()
    try:
        yield
    finally:
        with suppress(OSError):
            if before is not None:
                os.chdir(before)
