"""Whether a new task is like anything that the past holds.

Leaving past tasks out in turn says how near the nearest other one usually is; a new task that
is farther from all of them lies outside what the calibration was made on, and what was learned
by leaving tasks out says nothing about it.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from advisor.meta.past_task import PastTask
from advisor.meta.similarity import MIN_TASKS, Agreement

USUAL = 0.95
"""Share of past tasks whose nearest other one is near enough to call them alike."""

MAX_LEFT_OUT = 200
"""Past tasks that are left out in turn, which bounds the time with many of them."""


def is_unlike(
    agreement: Agreement, query: Mapping[str, float] | None, tasks: Sequence[PastTask]
) -> bool:
    """Return whether metafeatures lie outside what past tasks have shown.

    Distances are means of absolute differences of all standardised metafeatures, whether they
    matter for the agreement of past tasks or not: what never varied may matter outside.

    Args:
        agreement: what standardises metafeatures.
        query: metafeatures of the new task; without any nothing can be said.
        tasks: past tasks; those on one data set do not count as near each other.
    """
    described = [task for task in tasks if task.metafeatures]
    if not query or not agreement.names or len(described) < MIN_TASKS:
        return False
    table = agreement.standard([task.metafeatures for task in described])
    datasets = np.array([task.dataset_id or task.task_id for task in described])
    places = np.unique(np.linspace(0, len(table) - 1, MAX_LEFT_OUT).astype(int))
    usual = [_nearest(table[datasets != datasets[p]], table[p]) for p in places]
    known = [distance for distance in usual if np.isfinite(distance)]
    if not known:
        return False
    point = agreement.standard([query])[0]
    return bool(_nearest(table, point) > np.quantile(known, USUAL))


def _nearest(table: np.ndarray, point: np.ndarray) -> float:
    """Return the distance of a point, shape (f,), to the nearest row, shape (n, f)."""
    return float(np.abs(table - point).mean(1).min()) if len(table) else float("inf")
