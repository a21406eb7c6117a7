"""Trains shipped trials again and compares: are the stored results repeatable?

The data sets themselves do not ship; whoever asks brings what loads them.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from knowledge_base import KnowledgeBase
from knowledge_base.errors import UserError
from knowledge_base.types import JsonObject

if TYPE_CHECKING:
    from advisor.data import Dataset, PreparedData

TOLERANCE = 0.5
"""Share of a task's interquartile range of values by which another processor's may differ.

The same processor and versions give the same numbers. Elsewhere sums are added up in another
order, and what differs in the last digit at first differs visibly after some epochs.
"""

Loader = Callable[[str], "Dataset"]
"""Returns the data set of that name.

Raises:
    KeyError: there is none.
"""

_SHIPPED = """
SELECT tasks.name AS task, tasks.task_id, family, metric, trial_id, config, state, value,
    trials.seed AS seed, datasets.dataset_id
FROM trials
JOIN studies USING (study_id) JOIN tasks USING (task_id) JOIN datasets USING (dataset_id)
WHERE trials.layer = 'seed' AND state IN ('complete', 'diverged')
ORDER BY trial_id
"""


@dataclass(frozen=True)
class Rerun:
    """A stored trial beside its repetition.

    Attributes:
        task, trial_id, metric: which trial.
        stored, again: validation metric, None for a trial that diverged.
        tolerance: by which they may differ on another machine.
    """

    task: str
    trial_id: str
    metric: str
    stored: float | None
    again: float | None
    tolerance: float

    @property
    def verdict(self) -> str:
        """Return "equal", "close" (within the tolerance) or "different"."""
        if self.stored == self.again:
            return "equal"
        if self.stored is None or self.again is None:
            return "different"
        return "close" if abs(self.stored - self.again) <= self.tolerance else "different"

    def to_dict(self) -> JsonObject:
        """Return plain types."""
        return {**self.__dict__, "verdict": self.verdict}


def rerun(kb: KnowledgeBase, n: int, load: Loader, seed: int = 0) -> list[Rerun]:
    """Train `n` shipped trials, drawn at random, again, on one thread of the CPU.

    Args:
        kb: with the shipped layer.
        n: how many trials.
        load: returns a data set by the name of its task.
        seed: of the draw.

    Raises:
        UserError: nothing ships, or the data sets cannot be read.
    """
    trials = kb.query(_SHIPPED)
    if trials.empty:
        raise UserError(f"{kb.path} has no shipped trials to train again.")
    spread = trials.groupby("task_id")["value"].quantile(np.array([0.25, 0.75])).unstack()
    chosen = trials.sample(min(n, len(trials)), random_state=seed).sort_values("task")
    found = []
    for _, group in chosen.groupby("task"):
        data = _prepared(load, group.iloc[0])
        for _, row in group.iterrows():
            low, high = spread.loc[row["task_id"]]
            found.append(_again(row, data, TOLERANCE * float(high - low)))
    return found


def _prepared(load: Loader, row: pd.Series) -> "PreparedData":
    from advisor.data import prepare

    try:
        dataset = load(row["task"])
    except (KeyError, OSError, ImportError) as error:
        raise UserError(
            f"The data set {row['task']} of the shipped trials cannot be read ({error}); run "
            "scripts/fetch_data.sh in a clone of the repository first."
        ) from error
    if dataset.fingerprint != row["dataset_id"]:
        raise UserError(
            f"{row['task']} is not the data set that the shipped trials are of: its fingerprint is "
            f"{dataset.fingerprint[:12]}, not {row['dataset_id'][:12]}."
        )
    return prepare(dataset, int(row["seed"]))


def _again(row: pd.Series, data: "PreparedData", tolerance: float) -> Rerun:
    import torch

    from advisor.models import get_family
    from advisor.training import train

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        outcome = train(
            get_family(row["family"]),
            json.loads(row["config"]),
            data,
            metric=row["metric"],
            seed=int(row["seed"]),
            device="cpu",
        )
    finally:
        torch.set_num_threads(threads)
    stored = None if row["state"] != "complete" or np.isnan(row["value"]) else float(row["value"])
    again = outcome.value if outcome.state == "complete" else None
    return Rerun(row["task"], row["trial_id"], row["metric"], stored, again, tolerance)
