"""What candidates take, and which of them are quick enough."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, nan
from typing import Self

import numpy as np

from advisor.meta.experience import Experience
from advisor.meta.recommendation import ELSEWHERE, HERE, PAST_TASKS, Query, Recommendation
from knowledge_base.types import Config

ROWS = "general.log_rows"
TINY = 1e-6

PATIENCE = 10.0
"""Seconds that nobody minds to wait for one training."""

PER_DOUBLING = 0.2
"""Normal score that each doubling of longer trainings must be worth."""

QUICK = 1 / 3
"""Share of the seconds of the first recommendation, or of the library default where that takes
longer, that a quick one takes at most."""

MARGIN = 1.0
"""Mean normal score that a quick recommendation may be expected to be behind the first one."""

AMONG = 3
"""Recommendations of which one is quick."""


@dataclass(frozen=True)
class Costs:
    """What candidates take.

    Attributes:
        seconds: of one training of each, NaN where they are not known, shape (candidates,).
        default: of the library default, NaN where that is not known.
        where: which machine takes that long.
    """

    seconds: np.ndarray
    default: float = nan
    where: str = PAST_TASKS

    @classmethod
    def of(cls, experience: Experience, weights: np.ndarray, query: Query, default: Config) -> Self:
        """Return what candidates are expected to take.

        Where a law says that (`advisor.meta.durations`), it does. Elsewhere, as of users' own
        functions, it is what past tasks took.

        Args:
            experience: past tasks and their candidates.
            weights: how much each task counts, shape (tasks,).
            query: the new task.
            default: the library default.
        """
        durations = query.durations
        if durations is None or not durations.knows:
            return cls(past_seconds(experience, weights, query))
        configs = [experience.config(column) for column in range(len(experience.keys))]
        *seconds, of_default = durations.of([*configs, default])
        where = HERE if durations.speed.measured else ELSEWHERE
        return cls(np.array(seconds), float(of_default), where)

    @property
    def slowness(self) -> np.ndarray:
        """Normal scores by which slow candidates must be better, shape (candidates,).

        What past tasks like has many steps: small batches and many epochs. The more rows a task
        has, the more steps an epoch has anyway, and the longer it takes.
        """
        known = np.where(np.isfinite(self.seconds), self.seconds, 0.0)
        worse: np.ndarray = PER_DOUBLING * np.log2(np.maximum(known / PATIENCE, 1.0))
        return worse

    def quick_enough(self, query: Query, least: int) -> np.ndarray:
        """Return the candidates that a query leaves, as columns in their order.

        Without `query.seconds` these are all. With it, they are those expected to take no longer,
        or the quickest ones where these are fewer than `least`.

        Args:
            query: the new task.
            least: how many must be left, if there are so many.
        """
        count = len(self.seconds)
        if query.seconds is None:
            return np.arange(count)
        known = np.where(np.isfinite(self.seconds), self.seconds, np.inf)
        quick = int((self.seconds <= query.seconds).sum())
        return np.sort(np.argsort(known, kind="stable")[: max(quick, min(least, count))])

    def is_quick(self, first: int) -> np.ndarray:
        """Return which candidates are quick beside the first recommendation, (candidates,)."""
        limits = [taken for taken in (self.seconds[first], self.default) if isfinite(taken)]
        limit = QUICK * max(limits, default=nan)
        quick: np.ndarray = np.nan_to_num(self.seconds, nan=np.inf) <= limit
        return quick

    def with_a_quick_one(self, chosen: Sequence[int], means: np.ndarray) -> list[int]:
        """Return a list of which one of the first `AMONG` is quick, if a candidate is good enough.

        It takes the place of the last of them. A shorter list stays as it is.

        Args:
            chosen: columns of candidates, best first.
            means: mean normal score that is expected of each candidate, shape (candidates,).
        """
        columns = list(chosen)
        if len(columns) < AMONG:
            return columns
        first, quick = columns[0], self.is_quick(columns[0])
        fit = quick & (means >= means[first] - MARGIN)
        if quick[columns[:AMONG]].any() or not fit.any():
            return columns
        best = int(np.argmax(np.where(fit, means, -np.inf)))
        others = [column for column in columns if column != best]
        return [*others[: AMONG - 1], best, *others[AMONG - 1 :]][: len(columns)]

    def told(self, found: Sequence[Recommendation], columns: Sequence[int]) -> list[Recommendation]:
        """Return recommendations with what they take.

        Args:
            found: best first.
            columns: which candidates they are.
        """
        quick = self.is_quick(columns[0])
        return [
            replace(item, seconds=float(self.seconds[column]), seconds_on=self.where,
                    quick=bool(quick[column]))
            if isfinite(self.seconds[column]) else item
            for item, column in zip(found, columns, strict=True)
        ]  # fmt: skip


def past_seconds(experience: Experience, weights: np.ndarray, query: Query) -> np.ndarray:
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
