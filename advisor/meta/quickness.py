"""Which configurations are quick enough for the time that a search has."""

import numpy as np

from advisor.meta.experience import Experience
from advisor.meta.recommendation import Query

ROWS = "general.log_rows"
TINY = 1e-6


def quick_enough(
    experience: Experience, weights: np.ndarray, query: Query, least: int
) -> np.ndarray:
    """Return the candidates that a query leaves, as columns in their order.

    Without `query.seconds` these are all. With it, they are those expected to take no longer,
    or the quickest ones where these are fewer than `least`.

    Args:
        experience: past tasks and their candidates.
        weights: how much each task counts, shape (tasks,).
        query: the new task.
        least: how many must be left, if there are so many.
    """
    count = len(experience.keys)
    if query.seconds is None:
        return np.arange(count)
    seconds = expected_seconds(experience, weights, query)
    order = np.argsort(np.where(np.isfinite(seconds), seconds, np.inf), kind="stable")
    quick = int((seconds <= query.seconds).sum())
    return np.sort(order[: max(quick, min(least, count))])


def expected_seconds(experience: Experience, weights: np.ndarray, query: Query) -> np.ndarray:
    """Return what one training of each candidate takes, NaN where it is not known, (candidates,).

    It is the geometric mean of what it took on past tasks, by their weights; each is brought to the
    number of rows of the new task, since an epoch goes over all of them.
    """
    rows = None if query.metafeatures is None else query.metafeatures.get(ROWS)
    total = np.zeros(len(experience.keys))
    known = np.zeros(len(experience.keys))
    for weight, task, places in zip(weights, experience.tasks, experience.rows, strict=True):
        there = np.flatnonzero(places >= 0)
        took = task.durations[places[there]]
        there, took = there[took > 0], took[took > 0]
        past = None if task.metafeatures is None else task.metafeatures.get(ROWS)
        longer = 0.0 if rows is None or past is None else rows - past
        # Tasks of no weight still say which candidates are slow where no other does.
        weight = max(float(weight), TINY)
        total[there] += weight * (np.log(took) + longer)
        known[there] += weight
    with np.errstate(invalid="ignore"):
        return np.exp(total / np.where(known > 0, known, np.nan))
