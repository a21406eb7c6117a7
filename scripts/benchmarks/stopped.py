"""Do stopped trials teach? Searches on a left-out task whose past was mostly stopped early.

    python -m scripts.benchmarks.stopped

The past are random trainings of every other task of LCBench, of which the worse half is stopped
after the first twelfth of the way, and the worse half of the others after a third. Compares a
search that learns of the finished ones alone with searches that learn of all, by what the stopped
ones had reached or by what `advisor.meta.stopped` expects of them, and with one for whose past
nothing was stopped. Every search is kept in .build/stopped/, so that a run that was cut off goes
on.
"""

from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import pandas as pd

from advisor.curves import LAST, PastCurves, TaskCurves
from advisor.meta.stopped import expected_ends
from knowledge_base.types import JsonObject
from scripts import BUILD
from scripts.benchmarks import report
from scripts.benchmarks.curves import tables as curves
from scripts.benchmarks.experiment import Unit, compete, run_and_resume
from scripts.benchmarks.transfer import tables
from scripts.benchmarks.transfer.methods import Advisor

WORK = BUILD / "stopped"
SOURCE_TRIALS = 60
STOPS = (2, 4)
"""Rungs at which the worse half of what is left is stopped: after 8% and 32% of the epochs."""

POOL, TRIALS = 2000, 20
AFTER = (1, 3, 5, 10, 20)
ALL = "all trained to the end"
PASTS = {
    "finished trials only": "A quarter of the trials, the best ones.",
    "what they had reached": "Stopped trials count with their best value so far.",
    "their expected ends": "By the curves of the finished quarter of other tasks: one's own space.",
    "their ends, by whole curves": "By curves of which none was stopped, as those that ship.",
    ALL: "Nothing was stopped; four times as many epochs or so.",
}
INTRODUCTION = f"""
What a search learns from a past whose trials were mostly stopped early. Each task of LCBench is
left out in turn; of every other one there are {SOURCE_TRIALS} random trainings, of which the worse
half is stopped at 8% of its epochs and the worse half of the others at 32%. Regret of the search on
the left-out task is (best - best so far) / (best - median) of {POOL:,} configurations, so that 1 is
a typical one: means over tasks and seeds with the standard error over tasks; below, the same
differences to the past of which nothing was stopped, task by task. The store takes the expected
ends (`advisor/meta/stopped.py`), by whole curves where a family ships."""


@dataclass(frozen=True)
class AfterStops(Unit):
    """All pasts on one left-out task with one seed."""

    held: int
    seed: int

    @property
    def path(self) -> Path:
        return WORK / f"{self.held}.{self.seed}.json"

    def compute(self) -> JsonObject:
        """Return the regrets after each trial by past."""
        rng = np.random.default_rng([self.seed, self.held, 5])
        others = [t for place, t in enumerate(curves.tables()) if place != self.held]
        drawn = [_drawn(table, rng) for table in others]
        target, space = curves.tables()[self.held], tables.SPACES["lcbench"]
        rows = np.random.default_rng(self.held).choice(len(target.values), POOL, replace=False)
        pool = _table(target, rows, target.values[rows, LAST])
        span = pool.scores.max() - np.median(pool.scores)
        found = {}
        for name, sources in _pasts(drawn).items():
            problem = tables.Problem(space, pool, sources, self.seed, [])
            course = compete(lambda problem=problem: Advisor(problem), problem, TRIALS)
            best = np.maximum.accumulate(course.val)
            found[name] = ((pool.scores.max() - best) / span).tolist()
        return {"task": target.name, "regrets": found}


@dataclass(frozen=True)
class _Drawn:
    """Trainings of a task, and the rung at which each ended, shape (n,)."""

    table: curves.Table
    rows: np.ndarray
    ended: np.ndarray

    @property
    def finished(self) -> np.ndarray:
        return self.ended == LAST

    @property
    def values(self) -> np.ndarray:
        return self.table.values[self.rows]

    def curves(self, chosen: np.ndarray) -> TaskCurves:
        inputs = self.table.inputs[self.rows[chosen]]
        return TaskCurves(inputs, self.values[chosen], np.ones(inputs.shape[1], dtype=bool))


def _drawn(table: curves.Table, rng: np.random.Generator) -> _Drawn:
    rows = rng.choice(len(table.values), SOURCE_TRIALS, replace=False)
    ended, going = np.full(len(rows), LAST), np.arange(len(rows))
    for rung in STOPS:
        ranked = going[np.argsort(-table.values[rows[going], rung], kind="stable")]
        going, stopped = np.array_split(ranked, 2)
        ended[stopped] = rung
    return _Drawn(table, rows, ended)


def _pasts(drawn: list[_Drawn]) -> dict[str, list[tables.Table]]:
    """Return the past tasks of the left-out one under each of `PASTS`."""
    found: dict[str, list[tables.Table]] = {name: [] for name in PASTS}
    whole = np.ones(SOURCE_TRIALS, dtype=bool)
    for task in drawn:
        others = [other for other in drawn if other is not task]
        reached = task.values[np.arange(len(task.rows)), task.ended]
        some = PastCurves.learn([other.curves(other.finished) for other in others])
        every = PastCurves.learn([other.curves(whole) for other in others])
        rows = task.rows[task.finished], task.rows, task.rows, task.rows, task.rows
        scores = (reached[task.finished], reached, _ends(some, task, reached),
                  _ends(every, task, reached), task.values[:, LAST])  # fmt: skip
        for name, own, values in zip(PASTS, rows, scores, strict=True):
            found[name].append(_table(task.table, own, values))
    return found


def _ends(past: PastCurves, task: _Drawn, reached: np.ndarray) -> np.ndarray:
    seen = np.where(np.arange(LAST + 1) <= task.ended[:, None], task.values, np.nan)
    ends = expected_ends(past, task.table.inputs[task.rows], seen, reached)
    return np.where(task.finished, reached, ends)


def _table(table: curves.Table, rows: np.ndarray, scores: np.ndarray) -> tables.Table:
    configs = [table.configs[row] for row in rows]
    return tables.Table(table.name, configs, table.inputs[rows], scores)


def make(units: list[AfterStops]) -> str:
    """Return the page.

    Args:
        units: those that are finished.
    """
    found = [unit.result()["regrets"] for unit in units]
    held = np.array([unit.held for unit in units])
    places = [k - 1 for k in AFTER]
    regrets = {name: np.array([one[name] for one in found])[:, places] for name in PASTS}
    by_task = {
        name: np.array([own[held == task].mean(0) for task in np.unique(held)])
        for name, own in regrets.items()
    }
    titles = ["", *(f"@{k}" for k in AFTER), ""]
    rows = [[name, *_cells(own), PASTS[name]] for name, own in by_task.items()]
    behind = [[name, *_cells(own - by_task[ALL])] for name, own in by_task.items() if name != ALL]
    counts = f"{len(by_task[ALL])} tasks, {len(units)} searches for each past."
    parts = [
        INTRODUCTION,
        report.table(titles, rows),
        "Behind a past of which nothing was stopped:",
        report.table(titles[:-1], behind),
        counts,
        "## Versions",
        report.measured_on("numpy", "scipy"),
    ]
    return report.page("Do stopped trials teach?", "stopped", parts)


def _cells(values: np.ndarray) -> list[str]:
    return [report.mean_and_error(pd.Series(column)) for column in values.T]


@click.command()
@click.option("--seeds", default=3, help="Searches per task and past.")
@report.workers_option
@report.report_only_option
@report.write_option
def main(seeds: int, workers: int, report_only: bool, write: bool) -> None:
    """Run what is missing, then write the page."""
    reason = curves.missing()
    if reason:
        raise click.ClickException(f"The trainings cannot be had: {reason}.")
    units = [AfterStops(h, seed) for seed in range(seeds) for h in range(len(curves.tables()))]
    if not report_only:
        run_and_resume(units, workers)
    done = [unit for unit in units if unit.finished]
    if not done:
        raise report.nothing_finished()
    report.publish("stopped", make(done), write)


if __name__ == "__main__":
    main()
