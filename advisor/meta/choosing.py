"""Which past tasks are looked at: all of a store of hundreds, a choice of one of thousands.

To look at every task of a large store would take minutes and gigabytes, and most of them say
nothing about a new one. So the tasks are chosen by an index, before a trial of them is read: what
they are about, in which space, and their metafeatures. There are two choices. A core, the same
for every query, teaches what tasks have in common, and which metafeatures predict that two agree;
identities are digests, so that those that come first are as good as drawn at random, and a
contribution leaves nearly all as they are. Then those that are expected to agree with the new
task most, by what the core taught.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from advisor.encoding.aliases import match_names
from advisor.meta.recommendation import Query
from advisor.meta.scores import RANDOM_STRATEGIES
from advisor.meta.similarity import Agreement
from knowledge_base import KnowledgeBase
from knowledge_base.space import SpaceDefinition

MAX_TASKS = 512
"""Tasks of a family up to which all of them are looked at."""

CORE = 192
"""Tasks that teach what tasks have in common, where there are more than `MAX_TASKS`."""

NEAR = 64
"""Tasks that are looked at besides, since they are like the new one."""

_TASKS = """
SELECT task_id, any_value(dataset_id) AS dataset_id, any_value(target) AS target,
    bool_or(shipped) AS shipped, bool_or(random) AS random
FROM (SELECT task_id, layer = 'seed' AS shipped,
        coalesce(strategy IN (SELECT unnest(?::VARCHAR[])), false) AS random
    FROM studies WHERE space_id IN (SELECT unnest(?::VARCHAR[])))
JOIN (SELECT task_id, dataset_id, target, family FROM tasks) USING (task_id)
WHERE ?::VARCHAR IS NULL OR family = ?
GROUP BY task_id ORDER BY task_id
"""
"""The tasks of a family that were tried in some spaces; no trial is looked at."""


@dataclass(frozen=True)
class TaskIndex:
    """The past tasks that may speak about a space, without their trials.

    Attributes:
        kb: where they are.
        frame: task_id, dataset_id, target, whether it is `shipped`, and whether `random`
            configurations were tried; in the order of the identities.
    """

    kb: KnowledgeBase
    frame: pd.DataFrame

    @classmethod
    def of(
        cls, kb: KnowledgeBase, space: SpaceDefinition, family: str | None
    ) -> "TaskIndex | None":
        """Return the index of a store, None where it is so small that all tasks are looked at."""
        count = kb.query(
            "SELECT count(*) AS n FROM (SELECT task_id FROM tasks "
            f"WHERE ?::VARCHAR IS NULL OR family = ? LIMIT {MAX_TASKS + 1})",
            [family, family],
        )
        if int(count["n"].iloc[0]) <= MAX_TASKS:
            return None
        values = [sorted(RANDOM_STRATEGIES), _speaking(kb, space), family, family]
        return cls(kb, kb.query(_TASKS, values))

    def core(self) -> list[str]:
        """Return the identities of the tasks that every query looks at, in their order.

        Shipped ones come first, then those with random trials of their own: those tell what
        random configurations reach.
        """
        order = ["shipped", "random", "task_id"]
        ordered = self.frame.sort_values(order, ascending=[False, False, True], kind="stable")
        return sorted(ordered["task_id"].head(CORE))

    def near(
        self,
        query: Query,
        agreement: Agreement,
        without: Collection[str],
        exclude_datasets: Collection[str] = (),
    ) -> list[str]:
        """Return the identities of further tasks that say most about a new one, in their order.

        Those on its own data come first, then those that are expected to agree most.

        Args:
            query: what is known about the new task.
            agreement: what predicts that two tasks agree.
            without: identities of tasks that are looked at anyway.
            exclude_datasets: fingerprints of data sets whose tasks are not to be used.
        """
        frame = self.frame
        left = ~frame["task_id"].isin(list(without))
        frame = frame[left & ~frame["dataset_id"].isin(list(exclude_datasets))]
        own = (frame["task_id"] == query.task_id).to_numpy()
        if query.dataset_id is not None:
            same = (frame["dataset_id"] == query.dataset_id) & (frame["target"] == query.target)
            own = own | same.to_numpy()
        expected = self._expected(frame, query, agreement)
        if expected is None:
            return sorted(frame["task_id"][own].head(NEAR))
        order = np.lexsort((frame["task_id"].to_numpy(dtype=object), -expected, ~own))
        return sorted(frame["task_id"].iloc[order[:NEAR]])

    def _expected(
        self, frame: pd.DataFrame, query: Query, agreement: Agreement
    ) -> np.ndarray | None:
        """Return the agreement expected of tasks, None where nothing tells them apart."""
        places = np.flatnonzero(agreement.slopes > 0)
        if not query.metafeatures or not len(places):
            return None
        names = [agreement.names[place] for place in places]
        told = _metafeatures(self.kb, names)
        keys = pd.MultiIndex.from_frame(frame[["dataset_id", "target"]])
        rows = told.index.get_indexer(keys)
        known = np.full((len(frame), len(agreement.names)), np.nan)
        known[:, places] = np.where(rows[:, None] >= 0, told.to_numpy(dtype=float)[rows], np.nan)
        differences = np.abs(
            agreement.standardised(known) - agreement.standard([query.metafeatures])
        )
        expected: np.ndarray = agreement.base - differences @ agreement.slopes
        return np.where(rows >= 0, expected, agreement.typical)


def _speaking(kb: KnowledgeBase, space: SpaceDefinition) -> list[str]:
    """Return the identities of the spaces that share a hyperparameter with a space."""
    wanted = list(space.hyperparameters)
    found = []
    for row in kb.spaces().itertuples():
        names = [part["name"] for part in json.loads(str(row.definition))["hyperparameters"]]
        if match_names(wanted, names):
            found.append(str(row.space_id))
    return found


def _metafeatures(kb: KnowledgeBase, names: Sequence[str]) -> pd.DataFrame:
    """Return the newest metafeatures of all data sets, a column for each name.

    Returns:
        Indexed by data set and target; NaN where one is undefined.
    """
    columns = ", ".join(f"max(value) FILTER (name = ?) AS f{i}" for i in range(len(names)))
    frame = kb.query(
        f"SELECT dataset_id, target, {columns} FROM metafeatures GROUP BY dataset_id, target, "
        "version QUALIFY row_number() OVER (PARTITION BY dataset_id, target ORDER BY version "
        "DESC) = 1",
        list(names),
    )
    return frame.set_index(["dataset_id", "target"])
