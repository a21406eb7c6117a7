"""One interface for all benchmarks: contenders are asked and told, tasks evaluate.

An `Experimenter` is a task that says what a configuration reaches: it looks it up in a table, or
trains it. A `Contender` chooses configurations of that task, one after another; ours and its
peers are asked and told alike. `compete` lets one contender loose on one task. What is run at
once, one contender on one task with one seed, is a `Unit`; `run_and_resume` runs those that are
missing, side by side, and keeps what came of each, so that a run that was killed goes on.

Vizier's benchmarks have the same parts (Song et al. 2022).
"""

import importlib.util
import json
import math
import multiprocessing
import os
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Generic, Protocol, TypeVar

import click

from advisor.training import Outcome
from knowledge_base.durable import write_text
from knowledge_base.records import EpochRecord
from knowledge_base.types import JsonObject

Point = TypeVar("Point")
"""What is tried: a configuration, or the row of a table."""

Asked = TypeVar("Asked", contravariant=True)


@dataclass(frozen=True)
class Evaluation:
    """What a task answers for a configuration; larger is better.

    Attributes:
        val: what is optimised; -inf where nothing came of it.
        test: what nobody is told; -inf where nothing came of it, NaN where there is no such part.
        seconds: of training.
        outcome: everything that training returned; None of a table.
    """

    val: float
    test: float = math.nan
    seconds: float = 0.0
    outcome: Outcome | None = None

    @property
    def value(self) -> float | None:
        """What a strategy is told to be larger for better, None for a failure."""
        return self.val if math.isfinite(self.val) else None


def outcome_of(row: JsonObject) -> Outcome:
    """Return a trial that was kept as JSON as what training returned."""
    plain = ("state", "value", "metrics", "epochs", "n_params", "error", "duration")
    curve = tuple(EpochRecord(**epoch) for epoch in row["curve"])
    return Outcome(curve=curve, **{name: row[name] for name in plain})


class Experimenter(Protocol[Asked]):
    """A task that says what a configuration reaches."""

    def evaluate(self, point: Asked) -> Evaluation:
        """Look up or train; the same answer each time."""
        ...


class Contender(ABC, Generic[Point]):
    """Chooses what to try on one task; made anew for every search.

    Attributes:
        needs: modules that have to be installed for it.
    """

    needs: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def ask(self) -> Point:
        """Return what to try next."""

    @abstractmethod
    def tell(self, point: Point, evaluation: Evaluation) -> None:
        """Learn what came of it."""

    @classmethod
    def lacking(cls) -> str | None:
        """Return what is not installed of what it needs, None if nothing is missing."""
        missing = [name for name in cls.needs if importlib.util.find_spec(name) is None]
        return f"{', '.join(missing)} not installed" if missing else None


@dataclass
class Course(Generic[Point]):
    """How a search went.

    Attributes:
        points: what was tried, in order.
        evaluations: what came of each.
        overhead: seconds of all that was not evaluation.
    """

    points: list[Point] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    overhead: float = 0.0

    @property
    def val(self) -> list[float]:
        """What each reached, larger is better."""
        return [evaluation.val for evaluation in self.evaluations]


def compete(
    enter: Callable[[], Contender[Point]], task: Experimenter[Point], trials: int
) -> Course[Point]:
    """Return how a contender does on a task.

    Args:
        enter: makes the contender; what it learns beforehand counts as its overhead.
        task: what evaluates.
        trials: how many.
    """
    course: Course[Point] = Course()
    began, waited = time.perf_counter(), 0.0
    contender = enter()
    for _ in range(trials):
        point = contender.ask()
        asked = time.perf_counter()
        evaluation = task.evaluate(point)
        waited += time.perf_counter() - asked
        contender.tell(point, evaluation)
        course.points.append(point)
        course.evaluations.append(evaluation)
    course.overhead = time.perf_counter() - began - waited
    return course


class Unit(ABC):
    """One contender on one task with one seed: what is run at once, and only once.

    It must pickle, since it may run in a process of its own.
    """

    @property
    @abstractmethod
    def path(self) -> Path:
        """Where what came of it is kept."""

    @abstractmethod
    def compute(self) -> JsonObject:
        """Run it; what it returns is kept."""

    @property
    def finished(self) -> bool:
        """Whether what came of it is there."""
        return self.path.exists()

    def run(self) -> None:
        """Run it, and keep what came of it as a whole or not at all."""
        found = self.compute()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_text(self.path, json.dumps(found))

    def result(self) -> JsonObject:
        """Return what came of it; it is run if that is not there."""
        if not self.finished:
            self.run()
        return dict(json.loads(self.path.read_text(encoding="utf-8")))


def run_and_resume(units: Sequence[Unit], workers: int = 2) -> None:
    """Run the units that are not finished, each in one thread; say how far they are.

    Args:
        units: what is to be finished.
        workers: processes; 0 runs them one after another in this one.
    """
    missing = [unit for unit in units if not unit.finished]
    if not missing:
        return
    os.environ["OMP_NUM_THREADS"] = "1"
    if workers == 0:
        _say(map(_run, missing), len(missing))
        return
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        _say(pool.imap_unordered(_run, missing), len(missing))


def _say(done: Iterable[str], total: int) -> None:
    started = time.perf_counter()  # A unit may put another clock in place of `monotonic`.
    for count, name in enumerate(done, start=1):
        left = (time.perf_counter() - started) / count * (total - count) / 60
        click.echo(f"{count} of {total}: {name}; about {left:.0f} min left", err=True)


def _run(unit: Unit) -> str:
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    unit.run()
    return unit.path.stem
