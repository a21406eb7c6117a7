"""What others' past tasks have in common with the trusted ones, with each other and themselves."""

from collections.abc import Sequence

import numpy as np

from advisor.meta.past_task import PastTask
from advisor.meta.similarity import Agreement, standard_ranks

SAME_FEATURES = 0.05
"""Mean absolute difference of standardised metafeatures below which tasks are near-copies."""

SAME_ANSWERS = 0.95
"""Rank correlation of what they say of the candidates above which tasks are near-copies."""

TOP = 0.02
"""Share of the candidates that a task calls best."""

MIN_SHARED = 5
"""Configurations that two must have tried on one task before they are compared."""

MIN_PEERS = 3
"""Contributors among whom a median can outvote one."""


def evidence(
    scores: np.ndarray, ranks: np.ndarray, trusted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what trusted tasks say of each other, shape (2, trusted), and of others (2, others).

    It is the correlation with the mean of the trusted ones, and the mean's score of the candidates
    that the task calls best; a trusted task is compared with the mean of the others.

    Args:
        scores: normal scores expected of candidates, shape (t, c).
        ranks: standard ranks of the same, shape (t, c).
        trusted: mask of the trusted tasks, shape (t,).
    """
    whole, n = ranks[trusted].sum(0), int(trusted.sum())
    scored = scores[trusted].sum(0)
    top = max(int(TOP * scores.shape[1]), 1)

    def of(task: int, mean_ranks: np.ndarray, mean_scores: np.ndarray) -> tuple[float, float]:
        best = np.argpartition(-scores[task], top - 1)[:top]
        alike = (ranks[task] * standard_ranks(mean_ranks[None])[0]).mean()
        return float(alike), float(mean_scores[best].mean())

    usual = [
        of(t, whole - ranks[t], (scored - scores[t]) / (n - 1))
        for t in np.flatnonzero(trusted).tolist()
    ]
    found = [of(t, whole, scored / n) for t in np.flatnonzero(~trusted).tolist()]
    return np.array(usual).T, np.array(found).T


def consensus(ranks: np.ndarray, owners: np.ndarray, copies: np.ndarray) -> np.ndarray:
    """Return how far each contributor's tasks agree with the median over the others, shape (o,).

    It is the median over his tasks; 0 where fewer than `MIN_PEERS` speak.

    Args:
        ranks: standard ranks of candidates, shape (o, c).
        owners: whose each is, shape (o,).
        copies: group of near-copies that each is in, shape (o,).
    """
    found = np.zeros(len(owners))
    said = {}
    for owner in np.unique(owners):
        mine = np.flatnonzero(owners == owner)
        said[owner] = [ranks[mine[copies[mine] == copy]].mean(0) for copy in set(copies[mine])]
    # Who says what another says, under another name, is no further voice.
    voices = {frozenset(copies[owners == owner].tolist()): owner for owner in said}
    if len(voices) < MIN_PEERS:
        return found
    means = {owner: np.mean(said[owner], axis=0) for owner in said}
    for owner in said:
        others = [means[one] for one in voices.values() if one != owner]
        middle = standard_ranks(np.median(others, axis=0)[None])[0]
        agreed = [(standard_ranks(one[None])[0] * middle).mean() for one in said[owner]]
        found[owners == owner] = np.median(agreed)
    return found


def agreement_on_tasks(
    tasks: Sequence[PastTask], owners: np.ndarray, confirmed: np.ndarray, copies: np.ndarray
) -> np.ndarray:
    """Return how far others found the same of the same configurations on the same task, (t,).

    It is a rank correlation with what the trusted ones found, else with what the confirmed ones
    did, else the median over all others, near-copies being one; 1 where nobody else tried them.

    Args:
        tasks: past tasks, length t.
        owners: whose each is, shape (t,).
        confirmed: whether its contributor is confirmed, shape (t,).
        copies: group of near-copies that each is in, shape (t,).
    """
    found, of_task = np.ones(len(tasks)), dict[str, list[int]]()
    for place, task in enumerate(tasks):
        of_task.setdefault(task.task_id, []).append(place)
    for place, task in enumerate(tasks):
        if task.trusted:
            continue
        said: tuple[dict[int, list[float]], ...] = ({}, {}, {})
        for other in of_task[task.task_id]:
            alike = None if owners[other] == owners[place] else _alike(task, tasks[other])
            if alike is not None:
                rank = 0 if tasks[other].trusted else 1 if confirmed[other] else 2
                said[rank].setdefault(int(copies[other]), []).append(alike)
        voices = next((one for one in said if one), None)
        if voices is not None:
            found[place] = np.median([np.mean(one) for one in voices.values()])
    return found


def _alike(one: PastTask, other: PastTask) -> float | None:
    """Return the rank correlation of what both tried, None where that is too little."""
    rows = other.tried(one.marks)
    both = (rows >= 0) & (one.marks != 0)
    if both.sum() < MIN_SHARED:
        return None
    ranks = standard_ranks(np.vstack([one.scores[both], other.scores[rows[both]]]))
    return float((ranks[0] * ranks[1]).mean())


def copies_of(tasks: Sequence[PastTask], ranks: np.ndarray, agreement: Agreement) -> np.ndarray:
    """Return the number of the group of near-copies that each task is in, shape (t,).

    Trusted tasks are not compared with each other: each is its own, and may have copies, by its
    data alone, since who finds the same on other data has said something.

    Args:
        tasks: past tasks, length t.
        ranks: standard ranks of candidates, shape (t, c).
        agreement: what standardises metafeatures.
    """
    trusted = np.array([task.trusted for task in tasks], dtype=bool)
    alike = (ranks @ ranks.T) / ranks.shape[1] > SAME_ANSWERS
    alike[trusted] = alike[:, trusted] = False
    described = np.array([bool(task.metafeatures) for task in tasks])
    data = np.array([task.dataset_id or task.task_id for task in tasks])
    alike |= data[:, None] == data
    if agreement.names and described.any():
        table = agreement.standard([task.metafeatures for task in tasks])
        for place in np.flatnonzero(described & ~trusted):
            near = np.abs(table - table[place]).mean(1) < SAME_FEATURES
            alike[place] |= near & described
    alike |= alike.T
    found = np.full(len(tasks), -1)
    others = np.flatnonzero(~trusted)
    found[others] = _components(alike[np.ix_(others, others)])
    numbers = found.max(initial=-1) + 1
    for place in np.flatnonzero(trusted):
        group = found[others][alike[place, others]]
        found[place] = group[0] if len(group) else numbers
        numbers += not len(group)
    return found


def _components(alike: np.ndarray) -> np.ndarray:
    """Return the number of the connected component of each node, shape (o,)."""
    found = np.full(len(alike), -1)
    for start in range(len(alike)):
        if found[start] < 0:
            reached = np.zeros(len(alike), dtype=bool)
            front = np.zeros(len(alike), dtype=bool)
            front[start] = True
            while front.any():
                reached |= front
                front = alike[front].any(0) & ~reached
            found[reached] = found.max() + 1
    return found
