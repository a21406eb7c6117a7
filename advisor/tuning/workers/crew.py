"""Several trials at once: worker processes, what each of them trains, and what came of it.

The search asks and tells in one place, this one, as it does without workers; only trainings run
elsewhere. What ends first is told first. A process that dies takes its own training with it, not
those of the others, and another is started in its place.
"""

import queue
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from math import inf

from advisor.faults import one_line
from advisor.interrupts import Noted, interrupts_noted
from advisor.strategies import Exhausted
from advisor.training.objective import Objective
from advisor.training.outcome import Outcome
from advisor.training.report import StopTrial
from advisor.tuning.batches import Watch, evaluated, over
from advisor.tuning.shared import AllTaken, SharedTuner
from advisor.tuning.workers.cores import threads_of_each
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
from advisor.tuning.workers.parcel import packed
from advisor.tuning.workers.process import Inbox, WorkerProcess, end_all
from advisor.tuning.workers.work import Then, Work
from knowledge_base.errors import UserError
from knowledge_base.records import TrialRecord
from knowledge_base.states import TrialState
from knowledge_base.types import Config, ConfigDict


class Crew:
    """Worker processes that train for one search, from `with` on until its end."""

    def __init__(self, trainer: Objective, count: int) -> None:
        """Plan a crew; no process is started yet.

        Args:
            trainer: what the processes evaluate with.
            count: how many there are.
        """
        self._trainer, self._count = trainer, count
        self._workers: list[WorkerProcess] = []
        self._running: dict[WorkerProcess, Work] = {}
        self._waiting: deque[Work] = deque()
        self._heard: dict[WorkerProcess, int] = {}
        self._inbox: Inbox = queue.SimpleQueue()
        self._open = ExitStack()
        self._interrupts = Noted()
        self._jobs = 0
        self._room: int | None = None

    def __enter__(self) -> "Crew":
        """Start the processes.

        Raises:
            UserError: what is searched cannot be sent to them, or they cannot be started.
        """
        try:
            self._folder = self._open.enter_context(packed(self._trainer))
        except OSError as error:
            raise UserError(
                f"The worker processes cannot be given the data: {one_line(error)}."
            ) from error
        except Exception as error:
            raise UserError(
                "What is searched cannot be sent to worker processes "
                f"({type(error).__name__}: {one_line(error)}). Give your function as "
                "FILE.py:FUNCTION, or leave `workers` out."
            ) from error
        try:
            self._interrupts = self._open.enter_context(interrupts_noted())
            for _ in range(self._count):
                self._start()
        except BaseException:
            self.__exit__(UserError)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End the processes; what they still train is interrupted, and not told."""
        try:
            end_all(self._workers, bool(self._running))
        finally:
            self._workers, self._running = [], {}
            self._open.close()

    @property
    def pids(self) -> list[int]:
        """The numbers of the processes."""
        return [worker.pid for worker in self._workers]

    def batch(
        self, tuner: SharedTuner, objective: Objective, left: int, deadline: float | None
    ) -> Iterator[TrialRecord]:
        """Give every free process something to train, and yield the trials that end next.

        A trial is told before it is yielded. What is running goes on.

        Args:
            tuner: asked and told.
            objective: looks up what is known, and says what is trained together.
            left: how many trials the study may still have, those that are running included.
            deadline: when all that are begun now end.

        Raises:
            Exhausted: nothing runs, and there is nothing else to try.
            AllTaken: nothing runs here, and other processes run all that is left.
            UserError: a process cannot load what is searched.
        """
        yield from self._fill(tuner, objective, left, deadline)
        yield from self._next(tuner)

    def rest(self, tuner: SharedTuner) -> Iterator[TrialRecord]:
        """Yield the trials that still run as they end, and begin nothing but what is no trial."""
        for work in [work for work in self._waiting if work.then is None]:
            self._waiting.remove(work)
            for place in work.left:
                tuner.withdraw(work.configs[place])
        while self._running or self._waiting:
            self._send_waiting(tuner)
            yield from self._next(tuner)

    def measure(self, config: Config, deadline: float | None, then: Then) -> None:
        """Train on all folds what is no trial, when a process is next free.

        Args:
            config: its active hyperparameters.
            deadline: when it ends.
            then: called with the outcome.
        """
        need = self._trainer.need([config])
        self._waiting.appendleft(Work([dict(config)], need, deadline, then, left={0}))

    def _fill(
        self, tuner: SharedTuner, objective: Objective, left: int, deadline: float | None
    ) -> Iterator[TrialRecord]:
        """Give free processes something to train; yield what needs no training."""
        while self._free() and self._send_waiting(tuner):
            if not self._free() or (over(deadline) and self._running):
                return
            pending = [*self._running.values(), *self._waiting]
            open_trials = left - sum(len(work.left) for work in pending if work.then is None)
            if open_trials <= 0:
                return
            # Each process gets its share of what is left, so that none waits for another's group.
            share = -(-open_trials // self._count)
            size = 1 if tuner.adaptive else min(objective.at_once, share)
            try:
                configs = tuner.ask(size)
            except (Exhausted, AllTaken):
                if not self._running:
                    raise
                return
            unknown = []
            for config in configs:
                if objective.at_hand(config):
                    left -= 1
                    started_at, watch = datetime.now(UTC), Watch(tuner, deadline)
                    yield tuner.tell(config, evaluated(objective, config, watch), started_at)
                else:
                    unknown.append(config)
            for group in objective.groups_of(unknown) if len(unknown) > 1 else [[0]] * len(unknown):
                together = [unknown[place] for place in group]
                self._plan(tuner, together, deadline)

    def _plan(self, tuner: SharedTuner, configs: list[ConfigDict], deadline: float | None) -> Work:
        work = Work(configs, self._trainer.need(configs), deadline)
        work.left = set(range(len(configs)))
        self._waiting.append(work)
        return work

    def _send_waiting(self, tuner: SharedTuner) -> bool:
        """Let free processes begin what waits; return whether nothing waits any more."""
        while self._waiting and (free := self._free()):
            if not self._has_room(self._waiting[0]):
                return False
            self._send(tuner, free[0], self._waiting.popleft())
        return not self._waiting

    def _has_room(self, work: Work) -> bool:
        """Return whether there is memory for some work beside what runs.

        What runs alone is looked at where it is trained: it is skipped if there is too little.
        """
        if not self._running:
            self._room = self._trainer.room()
            return True
        needs = [running.need for running in self._running.values()]
        known = [need for need in (*needs, work.need) if need is not None]
        return self._room is None or sum(known) <= self._room

    def _send(self, tuner: SharedTuner, worker: WorkerProcess, work: Work) -> None:
        self._jobs += 1
        work.number = self._jobs
        is_trial = work.then is None
        work.watches = [Watch(tuner if is_trial else None, None) for _ in work.configs]
        work.folder = tuner.unnumbered_folder(work.number) if is_trial else None
        work.started_at, work.began = datetime.now(UTC), time.monotonic()
        seconds = inf if work.deadline is None else work.deadline - work.began
        heard = tuner.trials[self._heard.get(worker, 0) :]
        self._heard[worker] = len(tuner.trials)
        told = [replace(trial, curve=()) for trial in heard if not trial.taken]
        self._running[worker] = work
        worker.tell(Job(work.number, work.configs, seconds, told, work.folder, not is_trial))

    def _next(self, tuner: SharedTuner) -> Iterator[TrialRecord]:
        """Wait until something ends or a process is free; yield the trial, if it is one."""
        if not self._running and self._free():
            return  # Only what there is no process for would be waited for.
        while True:
            # What tells a trial may swallow Ctrl-C, as finalisers do; nothing would wake this up.
            self._interrupts.check()
            worker, message = self._inbox.get()
            work = self._running.get(worker)
            if isinstance(message, Epoch) and work is not None:
                self._hear(worker, work, message)
            elif isinstance(message, Ended) and work is not None:
                yield from self._tell(tuner, work, message.place, message.outcome)
                if work.then is None:
                    return
            elif isinstance(message, Ready | Done):
                worker.ready = True
                self._running.pop(worker, None)
                return
            elif isinstance(message, Refused):
                raise UserError(
                    f"A worker process cannot load what is searched: {message.reason.rstrip('.')}."
                )
            elif isinstance(message, Interrupted):
                raise KeyboardInterrupt
            elif message is None and worker in self._workers:
                yield from self._replace(tuner, worker)
                return

    def _hear(self, worker: WorkerProcess, work: Work, epoch: Epoch) -> None:
        try:
            work.watches[epoch.place](epoch.record)
        except StopTrial as stop:
            worker.tell(Stop(work.number, epoch.place, str(stop)))

    def _tell(
        self, tuner: SharedTuner, work: Work, place: int, outcome: Outcome
    ) -> Iterator[TrialRecord]:
        work.left.discard(place)
        if work.then is not None:
            work.then(outcome)
            return
        yield tuner.tell(work.configs[place], outcome, work.started_at, work.folder)

    def _replace(self, tuner: SharedTuner, worker: WorkerProcess) -> Iterator[TrialRecord]:
        """Start a process in the place of one that died, and tell what it trained as failed.

        Of several that it trained together it is not known which of them it was, so that each is
        trained again for itself.
        """
        reason = worker.how_it_ended()
        work = self._running.pop(worker, None)
        worker.kill()
        self._workers.remove(worker)
        if not worker.ready:
            raise UserError(f"A worker process ended before it could train anything: {reason}.")
        self._start()
        if work is None:
            return
        if len(work.left) == 1:
            (place,) = work.left
            seconds = time.monotonic() - work.began
            failed = Outcome(TrialState.FAILED, error=reason, duration=seconds)
            yield from self._tell(tuner, work, place, failed)
            return
        for place in sorted(work.left):
            self._plan(tuner, [work.configs[place]], work.deadline)

    def _start(self) -> None:
        threads = threads_of_each(self._count)
        self._workers.append(WorkerProcess(self._folder, threads, self._inbox))

    def _free(self) -> list[WorkerProcess]:
        return [w for w in self._workers if w.ready and w not in self._running]
