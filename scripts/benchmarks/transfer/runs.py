"""The searches that are compared, and where they are kept: in .build/transfer_benchmark/."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from knowledge_base.types import JsonObject
from scripts.benchmarks.experiment import Unit, compete
from scripts.benchmarks.transfer import botorch_peers, methods, peers, syne_tune_peers, tables

TRIALS = 50
FAMILIES = ("lcbench", "hpobench", "hpolib")
METHODS: dict[str, type[methods.Method]] = {
    "advisor": methods.Advisor,
    "advisor, no past": methods.NoPast,
    "random": methods.Random,
    "Optuna TPE": peers.OptunaTPE,
    "Optuna GPSampler": peers.OptunaGP,
    "SMAC3": peers.Smac,
    "BoTorch GP": botorch_peers.BotorchGP,
    "BoTorch RGPE": botorch_peers.BotorchRGPE,
    "Syne Tune quantiles": syne_tune_peers.SyneTuneQuantile,
    "Syne Tune bounding box": syne_tune_peers.SyneTuneBox,
    "portfolio, then TPE": peers.PortfolioTPE,
    "no residual": methods.NoResidual,
    "no basis": methods.NoBasis,
    "no doubt": methods.NoDoubt,
    "portfolio first": methods.PortfolioFirst,
    "hostile past": methods.Hostile,
    "useless past": methods.Useless,
    "two lacking": methods.Lacking,
}
RESULTS = tables.WORK / "results"


@dataclass(frozen=True)
class TransferSearch(Unit):
    """One method on one left-out task with one seed.

    Attributes:
        family, held: which task is left out, by its number in its family.
        seed: of the search.
        method: its name.
        pool: how many rows to choose from; 0 takes all.
    """

    family: str
    held: int
    seed: int
    method: str
    pool: int = tables.POOL

    @property
    def path(self) -> Path:
        name = "".join(c if c.isalnum() else "-" for c in self.method)
        return RESULTS / self.family / f"{name}.{self.held}.{self.seed}.json"

    def compute(self) -> JsonObject:
        """Return the rows that were tried, their scores, and what there was to find."""
        problem = tables.problem(self.family, self.held, self.seed, self.pool)
        course = compete(lambda: METHODS[self.method](problem), problem, TRIALS)
        scores = problem.pool.scores
        return {"task": problem.pool.name, "rows": course.points, "seconds": course.overhead,
                "scores": course.val, "best": float(scores.max()),
                "median": float(np.median(scores))}  # fmt: skip
