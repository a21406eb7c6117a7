"""The searches that are compared, and where they are kept: in .build/curves_benchmark/."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

from knowledge_base.types import JsonObject
from scripts.benchmarks.curves import methods, peers, tables
from scripts.benchmarks.curves.tables import EPOCHS
from scripts.benchmarks.experiment import Unit

TRAININGS = 20
"""How many full trainings' worth of epochs a search spends."""

METHODS: dict[str, type[methods.Method]] = {
    "advisor": methods.Advisor,
    "advisor, no stopping": methods.NoStopping,
    "ASHA": methods.Halving,
    "portfolio under ASHA": methods.PortfolioHalving,
    "Optuna random, halving": peers.RandomHalving,
    "Optuna TPE, halving": peers.TPEHalving,
    "Optuna random, Hyperband": peers.RandomHyperband,
    "Optuna TPE, Hyperband": peers.TPEHyperband,
}
RESULTS = tables.WORK / "results"


@dataclass(frozen=True)
class CurveSearch(Unit):
    """One method on one left-out task with one seed.

    Attributes:
        held: which task is left out, by its number.
        seed: of the search.
        method: its name.
        trainings: how many full trainings' worth of epochs it spends, at least.
    """

    held: int
    seed: int
    method: str
    trainings: int = TRAININGS

    @property
    def path(self) -> Path:
        name = "".join(c if c.isalnum() else "-" for c in self.method)
        return RESULTS / f"{name}.{self.held}.{self.seed}.json"

    @property
    def finished(self) -> bool:
        """Whether a search is kept that spent as many epochs."""
        if not self.path.exists():
            return False
        kept = json.loads(self.path.read_text(encoding="utf-8"))
        return bool(kept["steps"][-1]["spent"] >= self.trainings * EPOCHS[-1])

    def compute(self) -> JsonObject:
        """Return which row went on to which rung, the epochs spent, and the best value so far."""
        problem = tables.problem(self.held, self.seed)
        began = time.process_time()
        method = METHODS[self.method](problem)
        spent, best = 0, -float("inf")
        steps: list[JsonObject] = []
        while spent < self.trainings * EPOCHS[-1]:
            row = method.ask()
            rung = method.done.get(row, 0)
            spent += EPOCHS[rung] - (EPOCHS[rung - 1] if rung else 0)
            value = float(problem.table.values[row, rung])
            best = max(best, value)
            method.tell(row, rung, value)
            steps.append({"row": row, "rung": rung, "spent": spent, "best": best})
        return {"task": problem.table.name, "steps": steps, "best": problem.best,
                "median": problem.median, "seconds": time.process_time() - began}  # fmt: skip
