"""What is known of a stored task, and of data like its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.meta import Query, Recommendation, learner_for
from advisor.meta.past_task import PastTask
from advisor.meta.reading import read_metafeatures
from advisor.models import FAMILIES, get_family
from advisor.view.listing import Row
from advisor.view.store import plain_rows
from knowledge_base import KnowledgeBase
from knowledge_base.errors import UserError
from knowledge_base.space import SpaceDefinition
from knowledge_base.states import Direction, TrialState

BEST, NEAREST, RECOMMENDED = 10, 12, 3
"""Trials, past tasks and recommendations that are shown of a task."""

_TASK = (
    "SELECT tasks.*, datasets.name AS dataset, modality, n_rows, n_features, n_classes, source, "
    "licence FROM (SELECT * EXCLUDE (layer) FROM tasks WHERE task_id = ?) AS tasks "
    "LEFT JOIN datasets USING (dataset_id)"
)

_SPACE = (
    "SELECT space_id FROM (SELECT study_id, space_id FROM studies WHERE task_id = ?) "
    "JOIN trials USING (study_id) GROUP BY space_id ORDER BY count(*) DESC, space_id LIMIT 1"
)


@dataclass(frozen=True)
class KnownTask:
    """A task, and what was reached on it.

    Attributes:
        row: the task with its data set.
        n_trials: how many trials there are of it.
        best: its best trials.
    """

    row: Row
    n_trials: int
    best: Sequence[Row]


@dataclass(frozen=True)
class Alike:
    """What past tasks say of data like a task's own.

    Attributes:
        name: of the task.
        recommendations: what would be recommended for it.
        nearest: other tasks of its family with their weights, the nearest first.
        told: whether some of them are known to be more like it than others.
    """

    name: str
    recommendations: Sequence[Recommendation]
    nearest: Sequence[tuple[PastTask, float]]
    told: bool


def known_of(kb: KnowledgeBase, task_id: str) -> KnownTask:
    """Return what is known of a task.

    Raises:
        UserError: there is none of this identity, or the knowledge base cannot be used.
    """
    row = _row(kb, task_id)
    sign = "-" if row["direction"] == Direction.MAXIMIZE else ""
    best = kb.trials(
        where=[("task_id", "=", task_id), ("state", "=", str(TrialState.COMPLETE))],
        order_by=[f"{sign}value"],
        limit=BEST,
    )
    return KnownTask(row, kb.count_trials(where=[("task_id", "=", task_id)]), plain_rows(best))


def alike_of(kb: KnowledgeBase, task_id: str) -> Alike:
    """Return what past tasks say of data like a task's; learning from them may take seconds.

    Raises:
        UserError: as for `known_of`.
    """
    row = _row(kb, task_id)
    space = _space(kb, task_id, str(row["family"]))
    if space is None:
        return Alike(str(row["name"]), (), (), False)
    about = read_metafeatures(kb).get((str(row["dataset_id"]), str(row["target"])))
    query = Query(about, _text(row["dataset_id"]), _text(row["target"]), task_id)
    past = learner_for(kb, space, str(row["family"]), query=query)
    nearest = past.nearest(query, NEAREST)
    told = bool(nearest) and nearest[0][1] > 1.001 * nearest[-1][1]
    return Alike(str(row["name"]), past.recommend(query, RECOMMENDED), nearest, told)


def _row(kb: KnowledgeBase, task_id: str) -> Row:
    rows = plain_rows(kb.query(_TASK, [task_id]))
    if not rows:
        raise UserError(f"There is no task '{task_id[:80]}'; the page of tasks lists them.")
    return rows[0]


def _space(kb: KnowledgeBase, task_id: str, family: str) -> SpaceDefinition | None:
    """Return the space of a family of ours, else that of most of the task's trials, if any."""
    if family in FAMILIES:
        return get_family(family).space()
    found = kb.query(_SPACE, [task_id])
    return kb.space(str(found["space_id"][0])) if len(found) else None


def _text(value: object) -> str | None:
    return None if value is None else str(value)
