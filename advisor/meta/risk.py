"""How likely a configuration is to fail, by how similar trials on past tasks ended."""

import json
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import Protocol

import numpy as np

from advisor.surrogates.kernels import matern52
from advisor.surrogates.stacks import Stack, stacks_of

FAILURES = ("failed", "diverging", "exploding_gradients", "dead_units", "vanishing_gradients")
"""What counts as a failure; all but the first are labels of `advisor.diagnosis`."""

WORDS = {
    "failed": "failed",
    "diverging": "diverged",
    "exploding_gradients": "had exploding gradients",
    "dead_units": "ended with dead units",
    "vanishing_gradients": "had vanishing gradients",
}

SIMILAR = 0.5
"""Correlation under the past tasks' kernel that a trial needs to count as similar."""

PRIOR = 1.0
"""Similar trials that the task's own share of failures counts for."""

PENALTY = 3.0
"""Normal scores that certain failure costs."""

TOLD = 0.2
"""A recommendation says so where at least this share of similar trials failed."""


class Failing(Protocol):
    """What is looked at of a past task."""

    @property
    def inputs(self) -> np.ndarray:
        """Encoded configurations, shape (n, d)."""

    @property
    def failures(self) -> np.ndarray:
        """How each failed, shape (n,)."""


class Risk:
    """The probability that configurations fail on a new task.

    A kernel estimate per past task, shrunk to the task's own share of failures, and weighted
    like everything that past tasks say.
    """

    def __init__(
        self, tasks: Sequence[Failing], weights: np.ndarray, lengthscales: np.ndarray
    ) -> None:
        """Take past tasks with their weights, shape (t,), and lengthscales, shape (d,)."""
        self._tasks: Sequence[Failing] = tasks
        self._weights: np.ndarray = weights
        self._lengthscales: np.ndarray = lengthscales

    def probability(self, points: np.ndarray) -> np.ndarray:
        """Return the probability of failure, shape (m,), of encoded configurations (m, d)."""
        if not self._failing:
            return np.zeros(len(points))
        near = np.empty((2 * len(self._failing), len(points)))
        for stack in self._stacks:
            squared = stack.alike(points, self._lengthscales) ** 2
            near[stack.tasks] = (squared @ stack.coefficients).T
        failed, all_of_them = near[0::2], near[1::2]
        weights = np.array([weight for weight, _ in self._failing])
        shares = np.array([(task.failures > 0).mean() for _, task in self._failing])
        found: np.ndarray = weights @ ((failed + PRIOR * shares[:, None]) / (all_of_them + PRIOR))
        return found

    @cached_property
    def _stacks(self) -> list[Stack]:
        """Each failing task twice: its failures, then all of its trials."""
        inputs = [task.inputs for _, task in self._failing for _ in range(2)]
        counted = [rows for _, task in self._failing
                   for rows in (task.failures > 0, np.ones(len(task.failures)))]  # fmt: skip
        return stacks_of(inputs, counted, np.ones((len(inputs), inputs[0].shape[1]), dtype=bool))

    def penalty(self, points: np.ndarray) -> np.ndarray:
        """Return the normal scores that configurations lose, shape (m,)."""
        probability = self.probability(points)
        usual = sum(weight * (task.failures > 0).mean() for weight, task in self._failing)
        lost: np.ndarray = PENALTY * np.maximum(probability - usual, 0.0)
        return lost

    def text(self, point: np.ndarray) -> str | None:
        """Return what went wrong near a configuration, shape (d,); None for next to nothing."""
        counts = np.zeros(len(FAILURES) + 1, dtype=int)
        for weight, task in zip(self._weights, self._tasks, strict=True):
            if weight > 0:
                alike = matern52(point[None], task.inputs, self._lengthscales)[0]
                counts += np.bincount(task.failures[alike >= SIMILAR], minlength=len(counts))
        similar, failed = int(counts.sum()), int(counts[1:].sum())
        if not failed or failed < TOLD * similar:
            return None
        parts = [
            f"{WORDS[name]} on {count} of {similar} similar trials"
            for name, count in zip(FAILURES, counts[1:], strict=True)
            if count
        ]
        return "; ".join(parts)

    @cached_property
    def _failing(self) -> list[tuple[float, Failing]]:
        """Return the tasks on which anything failed, with their weights."""
        pairs = zip(self._weights.tolist(), self._tasks, strict=True)
        return [(weight, task) for weight, task in pairs if weight > 0 and task.failures.any()]


def failures(states: Iterable[str], labels: Iterable[object]) -> np.ndarray:
    """Return how trials failed: places in `FAILURES` from 1 on, 0 if they did not, shape (n,).

    Args:
        states: states of the trials, as stored.
        labels: JSON lists as stored; anything that is not such a list counts as no label.
    """
    codes = {name: code for code, name in enumerate(FAILURES, start=1)}
    by_state = {"failed": codes["failed"], "diverged": codes["diverging"]}
    found = []
    for state, text in zip(states, labels, strict=True):
        known = [codes[label] for label in _parsed(text) if label in codes]
        found.append(known[0] if known else by_state.get(state, 0))
    return np.array(found, dtype=np.uint8)


def _parsed(text: object) -> Sequence[str]:
    return _labels(text) if isinstance(text, str) else ()


@lru_cache(maxsize=1024)  # A store has millions of trials, and some dozens of such lists.
def _labels(text: str) -> tuple[str, ...]:
    try:
        found = json.loads(text)
    except ValueError:
        return ()
    return tuple(item for item in found if isinstance(item, str)) if isinstance(found, list) else ()
