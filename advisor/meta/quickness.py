"""Which configurations are quick enough for the time that a search has."""

from collections.abc import Mapping
from math import nan

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

    It is what it took on past tasks, each brought to the number of rows of the new task, since an
    epoch goes over all of them.
    """
    rows = _log_rows(query.metafeatures)
    past = np.array([_log_rows(task.metafeatures) for task in experience.tasks])
    longer = np.exp(np.nan_to_num(rows - past))
    # Tasks of no weight still say which candidates are slow where no other does.
    return mean_seconds(experience.seconds * longer[:, None], np.maximum(weights, TINY))


def mean_seconds(seconds: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted geometric mean over tasks, NaN where nothing is known, (candidates,).

    Args:
        seconds: NaN or 0 where they are not known, shape (tasks, candidates).
        weights: how much each task counts, shape (tasks,).
    """
    known = seconds > 0
    logs = np.log(np.where(known, seconds, 1.0))
    counted = weights @ known
    found: np.ndarray = np.exp((weights @ logs) / np.where(counted > 0, counted, np.nan))
    return found


def _log_rows(metafeatures: Mapping[str, float] | None) -> float:
    return nan if metafeatures is None else metafeatures.get(ROWS, nan)
