"""Whether intervals of final values hold what they promise, on left-out tasks."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from advisor.curves import LAST, CurveGP, PastCurves, probability_below, quantiles
from knowledge_base.types import JsonObject
from scripts.benchmarks.curves import shipped, tables
from scripts.benchmarks.curves.tables import Problem
from scripts.benchmarks.experiment import Unit

FINISHED, RUNNING = 5, 20
"""Random trainings of the new task that are finished, and those whose end is predicted."""


@dataclass(frozen=True)
class Calibration(Unit):
    """Forecasts on one left-out task from every rung.

    Attributes:
        family: "lcbench", or "shipped".
        held: which task is left out, by its number.
        seed: of the trainings that are looked at.
    """

    family: str
    held: int
    seed: int

    @property
    def path(self) -> Path:
        folder = tables.WORK / "calibration" / self.family
        return folder / f"{self.held}.{self.seed}.json"

    def compute(self) -> JsonObject:
        """Return, for every rung, the probability below each final value, and errors."""
        make = tables.problem if self.family == "lcbench" else shipped.problem
        problem = make(self.held, self.seed)
        past, rungs = problem.past_curves(), {}
        for rung in range(LAST):
            able = np.flatnonzero(np.isfinite(problem.table.values[:, rung]))
            if len(able) >= 2 * FINISHED:
                rungs[str(rung)] = _forecast(problem, past, rung, able)
        return {"task": problem.table.name, "rungs": rungs}


def _forecast(problem: Problem, past: PastCurves, rung: int, able: np.ndarray) -> JsonObject:
    """Return how the ends of some trainings lie in their forecasts.

    Args:
        problem: a left-out task.
        past: what others say of curves.
        rung: up to which the trainings were seen.
        able: rows that have a value there.
    """
    rng = np.random.default_rng([problem.seed, 3])
    table = problem.table
    rows = rng.permutation(able)[: FINISHED + RUNNING]
    seen = table.values[rows].copy()
    seen[FINISHED:, rung + 1 :] = np.nan
    running = np.arange(FINISHED, len(rows))
    model = CurveGP(past, table.inputs[rows], seen)
    forecasts = model.forecasts(table.inputs[rows[running]], running, [LAST])
    ends = table.values[rows[running], LAST]
    spread = max(problem.best - problem.median, 1e-12)
    last_seen = seen[running, rung]
    low, middle, high = quantiles(forecasts, [0.1, 0.5, 0.9], last_seen).T
    return {
        "held": ((low <= ends) & (ends <= high)).tolist(),
        "below": probability_below(forecasts, ends[:, None])[:, 0].tolist(),
        "error": (np.abs(ends - middle) / spread).tolist(),
        "error_of_last": (np.abs(ends - last_seen) / spread).tolist(),
    }
