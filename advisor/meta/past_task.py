"""A past task as the meta-learner keeps it: its trials as numbers, no more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from advisor.surrogates import PastTrials
from knowledge_base.identity import digest
from knowledge_base.types import JsonObject

REPRESENTATIVE = 32
"""Tasks that shared quantities are learned on."""

_ROWS = ("inputs", "scores", "marks", "shares", "values", "durations", "failures")
"""Attributes with a row for each trial."""

_WHOLE = ("marks", "failures")
"""Those of them that are whole numbers."""


@dataclass(frozen=True)
class PastTask:
    """A past task with n trials.

    Attributes:
        task_id, name, dataset_id, target: identity of the task.
        digest: digest of its trials in the knowledge base, which changes when one is added.
        n_trials: trials behind it, of which n are kept.
        referenced: whether its own random trials tell what random configurations reach.
        metafeatures: metafeatures of its data set, or None.
        best: its best configurations in the target space, as canonical JSON, best first.
        known: columns that it says something about, boolean, shape (d,).
        inputs: encoded configurations, shape (n, d).
        scores: normal scores, shape (n,).
        marks: `mark` of each configuration, 0 if it is not one of the space, shape (n,).
        shares: share of random configurations beaten, shape (n,).
        values: the metric, NaN where there is none, shape (n,).
        durations: seconds, NaN where unknown, shape (n,).
        failures: how each failed, `risk.FAILURES` from 1 on, 0 if it did not, shape (n,).
        contributors: names of whoever contributed the trials.
        trusted: whether the trials ship, or are the user's own. What somebody else contributed of
            the same task is a past task of its own.
        steady: how far trials of one configuration agree, in [0, 1]: 1 if they reached the same, or
            none was tried again, 0 if they are as far apart as those of different ones.
    """

    task_id: str
    name: str
    dataset_id: str | None
    target: str | None
    digest: str
    n_trials: int
    referenced: bool
    metafeatures: Mapping[str, float] | None
    best: tuple[str, ...]
    known: np.ndarray
    inputs: np.ndarray
    scores: np.ndarray
    marks: np.ndarray
    shares: np.ndarray
    values: np.ndarray
    durations: np.ndarray
    failures: np.ndarray
    contributors: tuple[str, ...] = ()
    trusted: bool = True
    steady: float = 1.0

    @property
    def past_trials(self) -> PastTrials:
        """The task for a surrogate."""
        return PastTrials(self.inputs, self.scores, self.known)

    def tried(self, marks: np.ndarray) -> np.ndarray:
        """Return where configurations are among the trials, -1 if not, shape of `marks`."""
        order = np.argsort(self.marks, kind="stable")
        places = np.searchsorted(self.marks, marks, sorter=order)
        rows = order[np.minimum(places, len(order) - 1)]
        return np.where(self.marks[rows] == marks, rows, -1)


def trusted_of(tasks: Sequence[PastTask]) -> list[int]:
    """Return the places of the tasks that are trusted; of all, where none is."""
    found = [place for place, task in enumerate(tasks) if task.trusted]
    return found or list(range(len(tasks)))


def representative(tasks: Mapping[str, bool]) -> list[str]:
    """Return the identities of the tasks that shared quantities are learned on.

    There are at most 32: enough to learn from, and most contributions leave them as they are, so
    that what was learned before still holds. Tasks with random trials of their own come first;
    identities are digests, so that their order is as good as random.

    Args:
        tasks: whether each is `referenced`, by its identity.
    """
    return sorted(tasks, key=lambda name: (not tasks[name], name))[:REPRESENTATIVE]


def mark(key: str) -> int:
    """Return a 64-bit mark of a configuration's canonical JSON, never 0."""
    return int(digest(key)[:16], 16) | 1


def to_arrays(tasks: Sequence[PastTask]) -> tuple[dict[str, np.ndarray], list[JsonObject]]:
    """Return tasks as plain arrays and a list for JSON."""
    arrays = {name: np.concatenate([getattr(task, name) for task in tasks]) for name in _ROWS}
    for name in ("inputs", "scores", "shares", "durations"):
        arrays[name] = arrays[name].astype(np.float32)
    arrays["known"] = np.array([task.known for task in tasks])
    arrays["sizes"] = np.array([len(task.scores) for task in tasks])
    plain = [f.name for f in fields(PastTask) if f.name not in (*_ROWS, "known")]
    return arrays, [{name: getattr(task, name) for name in plain} for task in tasks]


def from_arrays(
    arrays: Mapping[str, np.ndarray], described: Sequence[JsonObject]
) -> list[PastTask]:
    """Return what `to_arrays` wrote."""
    cuts = np.cumsum(arrays["sizes"])[:-1]
    parts: list[JsonObject] = [{} for _ in described]
    for name in _ROWS:
        column = arrays[name] if name in _WHOLE else arrays[name].astype(float)
        for task, rows in zip(parts, np.split(column, cuts), strict=True):
            task[name] = rows
    for about, task, known in zip(described, parts, arrays["known"], strict=True):
        # What was learned before contributors were told apart is of trusted trials only.
        lists = {name: tuple(about.get(name, ())) for name in ("best", "contributors")}
        task.update({**about, **lists}, known=known)
    return [PastTask(**task) for task in parts]
