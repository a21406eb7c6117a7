"""Tables of trainings with their values at rungs, and the searches that are made on them."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from advisor.curves import LAST, PastCurves, TaskCurves, learn_curves
from advisor.encoding import Encoder
from advisor.meta.scores import normal_scores, share_beaten
from advisor.surrogates import PastTrials, Prior
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import ConfigDict
from scripts import BUILD
from scripts.benchmarks.transfer.tables import LCBENCH, SPACES

WORK = BUILD / "curves_benchmark"
EPOCHS = (1, 2, 4, 8, 16, 32, 50)
"""The epochs at which LCBench is known; those of the rungs of a training of 50."""
SOURCE_TRIALS = 100


@dataclass(frozen=True)
class Table:
    """A task whose trainings are all known.

    Attributes:
        name: of the task.
        configs: what can be trained, length n.
        inputs: the same encoded, shape (n, d).
        values: best value so far at every rung, larger is better, shape (n, rungs).
    """

    name: str
    configs: list[ConfigDict]
    inputs: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Problem:
    """A left-out task, and what is known of the others.

    Attributes:
        space: of its configurations.
        table: what can be trained.
        sources: random trainings of the other tasks.
        seed: of the search.
    """

    space: SpaceDefinition
    table: Table
    sources: list[TaskCurves]
    seed: int

    @property
    def best(self) -> float:
        """The best value that there is."""
        return float(self.table.values[:, LAST].max())

    @property
    def median(self) -> float:
        """What a typical random training reaches at its end."""
        return float(np.median(self.table.values[:, LAST]))

    def past_curves(self) -> PastCurves:
        """Return what the sources say of curves."""
        return learn_curves(self.sources, epochs=EPOCHS[-1])

    def prior(self) -> Prior:
        """Return what a search takes along, curves included."""
        learned = Prior.learn([_finals(source) for source in self.sources])
        curves = learn_curves(self.sources, trust=learned.trust, epochs=EPOCHS[-1])
        return Prior(learned.models, learned.weights, learned.trust, curves=curves.to_arrays())


def _finals(source: TaskCurves) -> PastTrials:
    ends = source.values[:, LAST]
    return PastTrials(source.inputs, normal_scores(share_beaten(ends, ends)), source.known)


def missing() -> str | None:
    """Return why the table cannot be had, or None."""
    return None if LCBENCH.exists() else f"{LCBENCH} is not there"


@cache
def tables() -> list[Table]:
    """Return the tasks of LCBench."""
    import pandas as pd

    frame = pd.read_parquet(LCBENCH).sort_values(["openml_task_id", "config_id", "epoch"])
    space, found = SPACES["lcbench"], []
    for task, group in frame.groupby("openml_task_id"):
        values = group["val_accuracy"].to_numpy(dtype=float).reshape(-1, len(EPOCHS))
        ends = group[group["epoch"] == EPOCHS[-1]]
        clean = space.clean(ends[list(space.hyperparameters)].reset_index(drop=True))
        inputs, best = Encoder(space).encode_frame(clean), np.maximum.accumulate(values, 1)
        found.append(Table(str(task), space.records(clean), inputs, best))
    return found


def problem(held: int, seed: int) -> Problem:
    """Return the search on task number `held`, the same for every method."""
    rng, sources = np.random.default_rng([seed, held]), []
    for place, table in enumerate(tables()):
        if place != held:
            rows = rng.choice(len(table.values), SOURCE_TRIALS, replace=False)
            known = np.ones(table.inputs.shape[1], dtype=bool)
            sources.append(TaskCurves(table.inputs[rows], table.values[rows], known))
    return Problem(SPACES["lcbench"], tables()[held], sources, seed)
