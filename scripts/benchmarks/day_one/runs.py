"""The searches that are compared, and where they are kept: in .build/day_one/."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from advisor.meta import Query
from advisor.meta.kin_learner import KinLearner
from advisor.surrogates import Prior
from knowledge_base import KnowledgeBase
from knowledge_base.types import JsonObject
from scripts import BUILD
from scripts.benchmarks.experiment import Unit, compete
from scripts.benchmarks.transfer import tables
from scripts.benchmarks.transfer.methods import Advisor, Method, NoPast

TRIALS = 50
FAMILIES = ("lcbench", "hpobench", "hpolib")
WORK = BUILD / "day_one"


class Shipped(Advisor):
    """Ours with what ships as its past: families of networks, by the roles of hyperparameters."""

    def past(self) -> Prior | None:
        """Return what those families expect."""
        return shipped_past(self.problem.space.name)


@cache
def shipped_past(family: str) -> Prior | None:
    """Return what the shipped families expect of a space, the same for all of its tasks."""
    kb = KnowledgeBase(WORK / "kb.duckdb")
    return KinLearner.of(kb, tables.SPACES[family]).prior(Query())


METHODS: dict[str, type[Method]] = {
    "cold": NoPast,
    "shipped past": Shipped,
    "own past": Advisor,
}


@dataclass(frozen=True)
class FirstDay(Unit):
    """One method on one left-out task with one seed.

    Attributes:
        family, held: which task is left out, by its number in its family.
        seed: of the search.
        method: its name.
        trials: how many.
    """

    family: str
    held: int
    seed: int
    method: str
    trials: int = TRIALS

    @property
    def path(self) -> Path:
        name = "".join(c if c.isalnum() else "-" for c in self.method)
        return WORK / "results" / self.family / f"{name}.{self.held}.{self.seed}.json"

    def compute(self) -> JsonObject:
        """Return what was reached one after another, and what there was to find."""
        problem = tables.problem(self.family, self.held, self.seed)
        course = compete(lambda: METHODS[self.method](problem), problem, self.trials)
        scores = problem.pool.scores
        return {"task": problem.pool.name, "seconds": course.overhead, "scores": course.val,
                "best": float(scores.max()), "median": float(np.median(scores))}  # fmt: skip
