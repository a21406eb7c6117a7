"""How much each past task counts for a new one: learned, not assumed.

Two tasks are alike if the same configurations are good on both. For pairs of past tasks that
agreement is known; which metafeatures predict it is learned from them, as non-negative
weights of metafeature differences. Distances that weigh all metafeatures the same predict
it less well (docs/method.md gives the figures). Outcomes on the new task itself, where there
are some, say more than metafeatures and take over as they come in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

SHARPNESSES = (0.0, 3.0, 7.0, 15.0, 30.0)
"""How many times e more a task may weigh per unit of expected agreement; 0 weighs all evenly.
Which of them serves best is found by leaving each past task out (`calibration`)."""

OUTCOME_SHARPNESS = 10.0
"""The sharpness is at least this with outcomes on the new task, which tell more than
metafeatures."""

PRIOR_OUTCOMES = 4.0
"""Outcomes on the new task that weigh as much as its metafeatures."""

MAX_PAIRS = 2000
"""Pairs of past tasks that the agreement is learned from."""

PENALTY = 0.01
"""Ridge penalty on the slopes."""

MIN_TASKS = 5
"""Fewer tasks with metafeatures teach nothing about them."""

SAME_DATASET_HALF = 8.0
"""Trials on the very same data that weigh as much as all other tasks together."""

_STEPS = 200

_STILL = 1e-14
"""Slopes that no step moves by as much are found."""


@dataclass(frozen=True)
class Agreement:
    """Predicts the agreement of two tasks from their metafeatures.

    Attributes:
        names: names of the metafeatures, length f.
        centre, scale: what standardises them, shape (f,).
        base: agreement of tasks with equal metafeatures.
        slopes: loss of agreement per unit of difference, not negative, shape (f,).
        typical: mean agreement of past tasks, for tasks without metafeatures.
    """

    names: tuple[str, ...]
    centre: np.ndarray
    scale: np.ndarray
    base: float
    slopes: np.ndarray
    typical: float

    def predict(
        self,
        query: Mapping[str, float] | None,
        tasks: Sequence[Mapping[str, float] | None],
    ) -> np.ndarray:
        """Return the expected agreement of a new task with past ones, shape (t,).

        Args:
            query: metafeatures of the new task.
            tasks: metafeatures of the past tasks.
        """
        if not query or not len(self.names):
            return np.full(len(tasks), self.typical)
        point, table = _table([query], self.names)[0], _table(tasks, self.names)
        return self.of_tables(point, table, np.array([bool(task) for task in tasks], dtype=bool))

    def of_tables(self, query: np.ndarray, tasks: np.ndarray, described: np.ndarray) -> np.ndarray:
        """Return the same of metafeatures as numbers, NaN where one is undefined.

        Args:
            query: metafeatures of the new task, shape (f,).
            tasks: metafeatures of the past tasks, shape (t, f).
            described: whether a past task has any, shape (t,).
        """
        if not len(self.names):
            return np.full(len(tasks), self.typical)
        away = np.abs(self.standardised(tasks) - self.standardised(query))
        return np.where(described, self.base - away @ self.slopes, self.typical)

    def standard(self, tasks: Sequence[Mapping[str, float] | None]) -> np.ndarray:
        """Return metafeatures as numbers of standard deviations, shape (t, f)."""
        return self.standardised(_table(tasks, self.names))

    def standardised(self, table: np.ndarray) -> np.ndarray:
        """Return the same of a table, NaN where one is undefined, shape (t, f)."""
        return _standardised(table, self.centre, self.scale)


class Alike:
    """What is known of past tasks and of each pair of them, to learn from any part of it.

    Leaving each task out in turn learns from nearly the same pairs many times; what is known of a
    pair is found once.
    """

    def __init__(
        self, metafeatures: Sequence[Mapping[str, float] | None], scores: np.ndarray
    ) -> None:
        """Take past tasks.

        Args:
            metafeatures: metafeatures of the past tasks, length t.
            scores: expected on candidates, shape (t, c).
        """
        self._described = np.array([bool(known) for known in metafeatures], dtype=bool)
        self._names = sorted({name for known in metafeatures for name in known or {}})
        self._table = _table(metafeatures, self._names)
        named = [[name in (known or {}) for name in self._names] for known in metafeatures]
        self._named = np.array(named, dtype=bool).reshape(self._table.shape)
        self._enough = scores.shape[1] >= 3
        self._actual = _agreement_of_pairs(scores) if self._enough else np.zeros((0, 0))

    def agreement(self, among: np.ndarray) -> Agreement:
        """Learn from pairs of past tasks which metafeatures predict that they agree.

        The agreement of a pair is the correlation of the ranks that the tasks give to the
        candidates. Slopes are non-negative least squares with a ridge penalty.

        Args:
            among: places of the tasks to learn from, in their order.
        """
        return self._learned(among)[0]

    def expected(self, place: int, among: np.ndarray) -> np.ndarray:
        """Return the agreement of a task with others that is expected from these alone.

        Args:
            place: of the task; nothing but its metafeatures is used.
            among: places of the others, length o; the shape of what is returned is (o,).
        """
        agreement, columns = self._learned(among)
        if not self._described[place]:
            return np.full(len(among), agreement.typical)
        rows = self._table[np.ix_(among, columns)]
        return agreement.of_tables(self._table[place, columns], rows, self._described[among])

    def _learned(self, among: np.ndarray) -> tuple[Agreement, np.ndarray]:
        """Return the agreement, and the columns of the table that its names stand for."""
        described = among[self._described[among]]
        if len(described) < MIN_TASKS or not self._enough:
            nothing = np.zeros(0, dtype=int)
            return Agreement((), np.zeros(0), np.ones(0), 0.0, np.zeros(0), 0.0), nothing
        columns = np.flatnonzero(self._named[described].any(0))
        table = self._table[np.ix_(described, columns)]
        centre = np.nan_to_num(_nan_median(table))
        scale = np.sqrt(np.nan_to_num(np.nanmean((table - centre) ** 2, axis=0)))
        scale = np.where(scale > 1e-12, scale, 1.0)
        standard = _standardised(table, centre, scale)
        first, second = _pairs(len(described))
        actual = self._actual[described[first], described[second]]
        base, slopes = _non_negative(np.abs(standard[first] - standard[second]), actual)
        names = tuple(self._names[column] for column in columns)
        return Agreement(names, centre, scale, base, slopes, float(actual.mean())), columns


def learn_agreement(
    metafeatures: Sequence[Mapping[str, float] | None], scores: np.ndarray
) -> Agreement:
    """Learn from all pairs of past tasks; see `Alike`."""
    return Alike(metafeatures, scores).agreement(np.arange(len(metafeatures)))


def task_weights(
    expected: np.ndarray, sharpness: float, same_dataset: np.ndarray, trials: np.ndarray
) -> np.ndarray:
    """Return non-negative weights of past tasks that sum to 1, shape (t,).

    Args:
        expected: agreement expected of each past task with the new one, shape (t,).
        sharpness: how much the expectation counts; see SHARPNESSES.
        same_dataset: mask of past tasks on the new task's own data and target, shape (t,).
        trials: trials behind each past task, shape (t,).
    """
    weights = even_or_alike(expected, sharpness)
    if not same_dataset.any() or same_dataset.all():
        return weights
    own = np.where(same_dataset, trials, 0.0)
    others = np.where(same_dataset, 0.0, weights)
    share = own.sum() / (own.sum() + SAME_DATASET_HALF)
    together: np.ndarray = share * own / own.sum() + (1 - share) * others / others.sum()
    return together


def even_or_alike(expected: np.ndarray, sharpness: float) -> np.ndarray:
    """Return weights that sum to 1 by the expected agreement alone, shape (t,)."""
    alike = np.exp(sharpness * (expected - expected.max()))
    weights: np.ndarray = alike / alike.sum()
    return weights


def with_outcomes(expected: np.ndarray, scores: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """Return the expected agreement after outcomes on the new task, shape (t,).

    Args:
        expected: before them, shape (t,).
        scores: expected by past tasks of the configurations tried, shape (t, k).
        outcomes: how they did on the new task, larger is better, shape (k,).
    """
    if len(outcomes) < 2 or (outcomes == outcomes[0]).all():
        return expected
    seen = (standard_ranks(scores) * standard_ranks(outcomes[None])).mean(1)
    share = len(outcomes) / (len(outcomes) + PRIOR_OUTCOMES)
    agreement: np.ndarray = (1 - share) * expected + share * seen
    return agreement


@lru_cache(maxsize=8)
def _pairs(n: int) -> tuple[np.ndarray, np.ndarray]:
    first, second = np.triu_indices(n, 1)
    if len(first) > MAX_PAIRS:
        chosen = np.random.default_rng(0).choice(len(first), MAX_PAIRS, replace=False)
        first, second = first[chosen], second[chosen]
    return first, second


def _agreement_of_pairs(scores: np.ndarray) -> np.ndarray:
    """Return the correlation of the ranks of each task with those of later ones, shape (t, t)."""
    ranks = standard_ranks(scores)
    actual = np.zeros((len(ranks), len(ranks)))
    for first in range(len(ranks) - 1):
        actual[first, first + 1 :] = (ranks[first] * ranks[first + 1 :]).mean(1)
    return actual


def standard_ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks along the last axis with mean 0 and mean square 1; ties share theirs."""
    order = np.argsort(values, axis=-1, kind="stable")
    forward = np.argsort(order, axis=-1, kind="stable")
    backward = np.argsort(values[..., ::-1], axis=-1, kind="stable").argsort(-1)[..., ::-1]
    ranks = 0.5 * (forward + backward)
    ranks = ranks - ranks.mean(-1, keepdims=True)
    spread = np.sqrt((ranks**2).mean(-1, keepdims=True))
    standard: np.ndarray = ranks / np.where(spread > 0, spread, 1.0)
    return standard


def _non_negative(differences: np.ndarray, actual: np.ndarray) -> tuple[float, np.ndarray]:
    """Return base and slopes of actual = base - differences @ slopes, slopes >= 0.

    Coordinate descent (SciPy's solver takes longer to import than to run here).
    """
    centred = differences - differences.mean(0)
    target = actual.mean() - actual
    gram = centred.T @ centred / len(actual) + PENALTY * np.eye(centred.shape[1])
    moment = centred.T @ target / len(actual)
    slopes, rows = np.zeros(centred.shape[1]), list(gram)
    wanted, own = moment.tolist(), np.diag(gram).tolist()
    for _ in range(_STEPS):
        moved = 0.0
        for column, row in enumerate(rows):
            old = float(slopes[column])
            rest = wanted[column] - float(row @ slopes) + own[column] * old
            slopes[column] = new = max(rest / own[column], 0.0)
            moved = max(moved, abs(new - old))
        if moved < _STILL:
            break
    return float(actual.mean() + differences.mean(0) @ slopes), slopes


def _table(tasks: Sequence[Mapping[str, float] | None], names: Sequence[str]) -> np.ndarray:
    """Return metafeatures, NaN where undefined, shape (t, f)."""
    rows = [[(task or {}).get(name, np.nan) for name in names] for task in tasks]
    table = np.array(rows, dtype=float).reshape(len(tasks), len(names))
    return np.where(np.isfinite(table), table, np.nan)


def _nan_median(table: np.ndarray) -> np.ndarray:
    ordered = np.sort(table, axis=0)  # NaN last
    count = np.isfinite(table).sum(0)
    median: np.ndarray = ordered[np.maximum(count - 1, 0) // 2, np.arange(table.shape[1])]
    return median


def _standardised(table: np.ndarray, centre: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return metafeatures as numbers of standard deviations, undefined ones at a corner.

    A metafeature undefined on one side only (classes of a regression) is a difference too.
    """
    return np.where(np.isfinite(table), np.clip((table - centre) / scale, -3, 3), 3.0)
