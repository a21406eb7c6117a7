"""What a knowledge base shows, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from knowledge_base import KnowledgeBase

MOST_TASKS = 1000
"""Tasks of a page: one's own first, then those with most trials."""

MOST_STUDIES = 200
"""Studies of a page: the newest."""


@dataclass(frozen=True)
class StoredTask:
    """A task of the store.

    Attributes:
        task_id, name, target, metric, direction, family, layer: as stored.
        trials, complete: how many trials it has, and how many of them completed.
        best: the best value of those, None without any.
    """

    task_id: str
    name: str
    target: str | None
    metric: str
    direction: str
    family: str
    layer: str
    trials: int
    complete: int
    best: float | None


@dataclass(frozen=True)
class StoredStudy:
    """A study of the store: its name, strategy, source, contributor, time, layer and trials."""

    study_id: str
    name: str
    strategy: str | None
    source: str | None
    contributor: str | None
    created_at: str
    trials: int


@dataclass(frozen=True)
class StoreContent:
    """What a knowledge base holds.

    Attributes:
        path: of its file.
        counts: of the user's own and of shipped rows, by table and layer.
        states: of trials, by state.
        families: trials by family and layer.
        tasks: one's own first, then those with most trials, at most `MOST_TASKS`.
        n_tasks: how many there are.
        studies: one's own, the newest first, at most `MOST_STUDIES`.
        pending: segments of the journal that are not folded yet.
    """

    path: str
    counts: Mapping[str, Mapping[str, int]]
    states: Mapping[str, int]
    families: Mapping[str, Mapping[str, int]]
    tasks: Sequence[StoredTask]
    n_tasks: int
    studies: Sequence[StoredStudy]
    pending: int

    @property
    def sentence(self) -> str:
        """What it holds on one line."""
        trials, tasks = self.counts.get("trials", {}), self.counts.get("tasks", {})
        own, shipped = trials.get("user", 0), trials.get("seed", 0)
        return (
            f"{own + shipped:,} trials, {self.n_tasks:,} tasks; of these your own: {own:,} and "
            f"{tasks.get('user', 0):,}. The others ship with Advisor."
        )


_TASKS = """
SELECT tasks.*, count(trials.trial_id) AS n,
    count(*) FILTER (trials.state = 'complete') AS complete,
    min(trials.value) FILTER (trials.state = 'complete') AS low,
    max(trials.value) FILTER (trials.state = 'complete') AS high
FROM tasks LEFT JOIN studies USING (task_id) LEFT JOIN trials USING (study_id)
GROUP BY ALL ORDER BY tasks.layer DESC, n DESC, tasks.name, tasks.task_id
"""

_STUDIES = """
SELECT studies.study_id, studies.name, strategy, studies.source, contributor,
    strftime(studies.created_at, '%Y-%m-%d %H:%M') AS created, count(trials.trial_id) AS n
FROM studies LEFT JOIN trials USING (study_id) WHERE studies.layer = 'user'
GROUP BY ALL ORDER BY created DESC, studies.study_id
"""

_FAMILIES = """
SELECT family, trials.layer AS layer, count(*) AS n
FROM trials JOIN studies USING (study_id) JOIN tasks USING (task_id) GROUP BY ALL
"""


def store_content(kb: KnowledgeBase) -> StoreContent:
    """Return what a knowledge base holds.

    Raises:
        UserError: it cannot be read.
    """
    info = kb.info()
    tasks = kb.query(_TASKS).to_dict("records")
    families: dict[str, dict[str, int]] = {}
    for row in kb.query(_FAMILIES).to_dict("records"):
        families.setdefault(str(row["family"]), {})[str(row["layer"])] = int(row["n"])
    counts = {name: found for name, found in info.items() if name != "states"
              and isinstance(found, dict)}  # fmt: skip
    studies = kb.query(_STUDIES).to_dict("records")
    return StoreContent(
        str(info["path"]),
        counts,
        info["states"],
        families,
        [_task(row) for row in tasks[:MOST_TASKS]],
        len(tasks),
        [
            StoredStudy(
                str(row["study_id"]), str(row["name"]), _text(row["strategy"]),
                _text(row["source"]), _text(row["contributor"]), str(row["created"]),
                int(row["n"]),
            )
            for row in studies[:MOST_STUDIES]
        ],
        int(info["pending"]),
    )  # fmt: skip


def _task(row: Mapping[object, object]) -> StoredTask:
    best = row["low"] if row["direction"] == "minimize" else row["high"]
    value = None if best is None else float(str(best))
    return StoredTask(
        str(row["task_id"]),
        str(row["name"]),
        _text(row["target"]),
        str(row["metric"]),
        str(row["direction"]),
        str(row["family"]),
        str(row["layer"]),
        int(str(row["n"])),
        int(str(row["complete"])),
        None if value is None or value != value else value,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
