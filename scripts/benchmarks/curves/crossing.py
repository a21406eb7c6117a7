"""Late bloomers: trainings that are behind at first and best at their end, planted.

Every task has its own best learning rate, low in a band; the lower the rate, the slower the
curve, and with a cosine schedule most of the gain comes at the end. A late bloomer among other
configurations is kept if it is trained to its end within as many epochs as five trainings take.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from advisor.curves import LAST, SHARES, TaskCurves
from advisor.encoding import Encoder, sample
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import JsonObject
from scripts.benchmarks.curves import methods, tables
from scripts.benchmarks.curves.tables import EPOCHS, Problem, Table
from scripts.benchmarks.experiment import Unit

SPACE = SpaceDefinition.from_dict(
    {
        "name": "late_bloomers",
        "hyperparameters": {
            "learning_rate": {"type": "float", "low": 1e-4, "high": 1e-1, "log": True},
            "dropout": {"type": "float", "low": 0.0, "high": 0.5},
            "schedule": {"type": "categorical", "choices": ["constant", "cosine"]},
        },
    }
)
TASKS, CONFIGS = 10, 60
AMONG = 12
"""Configurations of the new task: the late bloomer and others; it is easily found among these."""
BUDGET = 5 * EPOCHS[-1]
METHODS = {"advisor": methods.Advisor, "ASHA": methods.Halving}


@dataclass(frozen=True)
class LateBloomer(Unit):
    """One planted late bloomer and one method.

    Attributes:
        seed: of the tasks.
        method: its name.
    """

    seed: int
    method: str

    @property
    def path(self) -> Path:
        return tables.WORK / "crossing" / f"{self.method}.{self.seed}.json"

    def compute(self) -> JsonObject:
        """Return whether the planted one was kept, and its place among all at each rung."""
        problem, planted = planted_problem(self.seed)
        method, spent = METHODS[self.method](problem), 0
        while spent < BUDGET and method.done.get(planted, 0) <= LAST:
            row = method.ask()
            rung = method.done.get(row, 0)
            spent += EPOCHS[rung] - (EPOCHS[rung - 1] if rung else 0)
            method.tell(row, rung, float(problem.table.values[row, rung]))
        values = problem.table.values
        places = (values > values[planted]).mean(0)
        return {"kept": method.done.get(planted, 0) > LAST, "places": places.tolist()}


def planted_problem(seed: int) -> tuple[Problem, int]:
    """Return a problem, and which of its rows is the late bloomer."""
    rng = np.random.default_rng([seed, 5])
    made = [_table(rng, f"task {place}") for place in range(TASKS + 1)]
    known = np.ones(made[0].inputs.shape[1], dtype=bool)
    sources = [TaskCurves(table.inputs, table.values, known) for table in made[1:]]
    whole = made[0]
    best = int(whole.values[:, LAST].argmax())
    others = [row for row in rng.permutation(CONFIGS).tolist() if row != best][: AMONG - 1]
    rows = np.sort([best, *others])
    table = Table(
        whole.name, [whole.configs[row] for row in rows], whole.inputs[rows], whole.values[rows]
    )
    return Problem(SPACE, table, sources, seed), int(np.flatnonzero(rows == best)[0])


def _table(rng: np.random.Generator, name: str) -> Table:
    configs = sample(SPACE, CONFIGS, seed=int(rng.integers(2**31)))
    rate = np.log10([config["learning_rate"] for config in configs])
    cosine = np.array([config["schedule"] == "cosine" for config in configs])
    dropout = np.array([config["dropout"] for config in configs])
    best = rng.uniform(-3.4, -2.8)
    ends = 0.9 - 0.04 * (rate - best) ** 2 - 0.1 * (dropout - rng.uniform(0.1, 0.3)) ** 2
    ends = ends + 0.02 * cosine + 0.003 * rng.normal(size=CONFIGS)
    shares = np.array(SHARES)
    pace = 25 * 10 ** (0.6 * (rate + 1))
    way = 1 - np.exp(-pace[:, None] * shares)
    late = (1 - np.cos(np.pi * shares)) / 2
    way = np.where(cosine[:, None], 0.5 * way + 0.5 * late * way, way) / way[:, -1:]
    noise = 0.005 * rng.normal(size=way.shape) * (1 - shares)
    level = rng.uniform(0.1, 0.4)
    values = level + (ends[:, None] - level) * way + noise
    return Table(name, configs, Encoder(SPACE).encode(configs), np.maximum.accumulate(values, 1))
