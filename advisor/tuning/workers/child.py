"""A worker process: trains what it is told to, one job after another, and says what came of it.

It hears jobs on what was its standard input, and answers on what was its standard output; the
user's code has neither. It ends where nobody is left to hear it.
"""

import os
import pickle
import queue
import signal
import sys
import threading
import time
from contextlib import suppress
from math import inf, isfinite
from pathlib import Path
from typing import BinaryIO, NoReturn

from advisor.faults import fault
from advisor.interrupts import interrupts_pass
from advisor.training.objective import FamilyObjective, Objective
from advisor.training.outcome import Outcome
from advisor.training.report import Report, StopTrial
from advisor.tuning.batches import evaluated, same_folder
from advisor.tuning.folders import make_folder
from advisor.tuning.workers.messages import (
    Done,
    Ended,
    Epoch,
    Interrupted,
    Job,
    Ready,
    Refused,
    Stop,
)
from advisor.tuning.workers.parcel import unpacked
from knowledge_base.errors import UserError
from knowledge_base.records import TIME_OVER, EpochRecord, TrialRecord
from knowledge_base.types import Config

INTERRUPTED = 130
"""Exit code of a worker that was interrupted, or could not begin."""


def main(folder: str) -> None:
    """Serve as a worker until it is told to leave, or nobody is there to be heard.

    Args:
        folder: of the objective, as `advisor.tuning.workers.parcel.packed` gives it.
    """
    line = Line(*_own_streams())
    try:
        objective = _loaded(Path(folder), line)
        if objective is not None:
            line.say(Ready())
            _serve(objective, line)
            return  # What the user's code wants done at the end is done.
    except (KeyboardInterrupt, BrokenPipeError):
        with suppress(OSError):
            line.say(Interrupted())
    # Threads of a training that was cut off must not hold up or abort the exit.
    with suppress(OSError):
        sys.stderr.flush()
    os._exit(INTERRUPTED)


class Line:
    """What connects a worker with its search.

    Attributes:
        jobs: what was heard and not done yet; None where it is to leave.
    """

    def __init__(self, heard: BinaryIO, said: BinaryIO) -> None:
        """Begin to listen.

        Args:
            heard, said: streams of pickled messages.
        """
        self.jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._heard, self._said = heard, said
        self._saying = threading.Lock()
        self._stops: dict[tuple[int, int], str] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def say(self, message: object) -> None:
        """Tell the search something.

        Raises:
            BrokenPipeError: it is not there any more.
        """
        with self._saying:
            pickle.dump(message, self._said)
            self._said.flush()

    def stopped(self, job: int, place: int) -> str | None:
        """Return why a training is to end, None if it may go on."""
        return self._stops.get((job, place))

    def _listen(self) -> None:
        with suppress(EOFError, OSError, pickle.UnpicklingError):
            while True:
                message = pickle.load(self._heard)
                if message is None or isinstance(message, Job):
                    self._stops.clear()
                    self.jobs.put(message)
                elif isinstance(message, Stop):
                    self._stops[message.job, message.place] = message.reason
        _end_now()


class Remote:
    """What a training in a worker reports to."""

    def __init__(self, line: Line, job: Job, place: int, deadline: float) -> None:
        """Report of one training.

        Args:
            line: to the search.
            job, place: of the training.
            deadline: when it ends, as `time.monotonic` says it; may be infinite.
        """
        self._line, self._job, self._place = line, job, place
        self._deadline = deadline

    def __call__(self, epoch: EpochRecord) -> None:
        """Tell the search of an epoch.

        Raises:
            StopTrial: the training is to end now.
        """
        self._line.say(Epoch(self._job.number, self._place, epoch))
        self.check_time()

    def check_time(self) -> None:
        """Look at the clock, and whether the search wants the training to end.

        Raises:
            StopTrial: the training is to end now.
        """
        reason = self._line.stopped(self._job.number, self._place)
        if reason is not None:
            raise StopTrial(reason)
        if time.monotonic() >= self._deadline:
            raise StopTrial(TIME_OVER)

    def seconds_left(self) -> float:
        """Return how many seconds the training still has; infinity without a limit."""
        return self._deadline - time.monotonic() if isfinite(self._deadline) else inf

    def make_folder(self) -> Path:
        """Return the folder of the trial, made if it is not there.

        Raises:
            UserError: it cannot be made, or the study keeps none.
        """
        if self._job.folder is None:
            raise UserError("This study keeps no folders of its trials.")
        return make_folder(self._job.folder)


def _serve(objective: Objective, line: Line) -> None:
    told: list[TrialRecord] = []
    while (job := line.jobs.get()) is not None:
        if job.told:
            told += job.told
            objective.recall(told)
        _work(objective, line, job)
        line.say(Done(job.number))
        _free_card()


def _work(objective: Objective, line: Line, job: Job) -> None:
    """Do a job; its outcomes are told as they come."""
    deadline = time.monotonic() + job.seconds
    reports = [Remote(line, job, place, deadline) for place in range(len(job.configs))]
    if job.measures:
        assert isinstance(objective, FamilyObjective)
        measuring = _Measuring(objective)
        line.say(Ended(job.number, 0, evaluated(measuring, job.configs[0], reports[0])))
        return
    left = dict(enumerate(job.configs))
    if len(left) > 1:
        try:
            with interrupts_pass(), same_folder():
                for place, outcome in objective.evaluate_many(job.configs, reports):
                    del left[place]
                    line.say(Ended(job.number, place, outcome))
        except (KeyboardInterrupt, BrokenPipeError):
            raise
        except BaseException:  # An exit in the user's code ends the group only, too.
            pass
    for place, config in left.items():
        line.say(Ended(job.number, place, evaluated(objective, config, reports[place])))


class _Measuring(Objective):
    """Trains on all folds, whatever is known of other configurations."""

    def __init__(self, objective: FamilyObjective) -> None:
        self._objective = objective

    def evaluate(self, config: Config, report: Report) -> Outcome:
        return self._objective.measure(config, report)


def _loaded(folder: Path, line: Line) -> Objective | None:
    """Return what was sent, None once it was said why that cannot be had."""
    try:
        objective = unpacked(folder)
        assert isinstance(objective, Objective)
        objective.prepare()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        line.say(Refused(fault(error) if isinstance(error, Exception) else repr(error)))
        return None
    return objective


def _own_streams() -> tuple[BinaryIO, BinaryIO]:
    """Return what this process hears and says, and leave the user's code no part of it."""
    sys.stdout.flush()
    heard, said = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return os.fdopen(heard, "rb"), os.fdopen(said, "wb")


def _free_card() -> None:
    """Give a card's memory that PyTorch keeps for later back to the other processes."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def _end_now() -> NoReturn:
    """End this process and those that the user's code started: nobody hears them any more."""
    if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(INTERRUPTED)
