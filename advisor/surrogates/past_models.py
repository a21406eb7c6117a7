"""Gaussian processes of past tasks: one per task, all with the same lengthscales."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from advisor.surrogates.kernels import matern52
from advisor.surrogates.lengthscales import default_lengthscales, learn_lengthscales
from advisor.surrogates.stacks import Stack, stacks_of

MAX_POINTS = 300
"""Trials of a task that its model is fitted on."""

NOISES = (1e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0)
"""Noise variances that are compared, as shares of the signal variance."""


@dataclass(frozen=True)
class PastTrials:
    """The trials of a past task, as a surrogate needs them.

    Attributes:
        inputs: encoded configurations, shape (n, d); columns it lacks are zero.
        scores: normal scores (larger is better, zero the median random configuration),
            shape (n,).
        known: which columns the task varies, boolean, shape (d,).
    """

    inputs: np.ndarray
    scores: np.ndarray
    known: np.ndarray


class PastModels:
    """Predicts how past tasks score any configuration.

    A task is fitted on the columns that it has; it says nothing about the others.
    """

    def __init__(
        self,
        lengthscales: np.ndarray,
        inputs: Sequence[np.ndarray],
        weights: Sequence[np.ndarray],
        known: np.ndarray,
    ) -> None:
        """Take fitted parts; use `fit` to make them.

        Args:
            lengthscales: shape (d,).
            inputs: per task, shape (n_t, d).
            weights: per task, the coefficients of the posterior mean, shape (n_t,).
            known: shape (t, d).
        """
        self._lengthscales: np.ndarray = lengthscales
        self._inputs: list[np.ndarray] = list(inputs)
        self._weights: list[np.ndarray] = list(weights)
        self._known: np.ndarray = known
        self._free: np.ndarray | None = None
        self._fixed: np.ndarray | None = None

    @property
    def lengthscales(self) -> np.ndarray:
        """Lengthscales of the columns that points have, shape (d,)."""
        return self._lengthscales if self._free is None else self._lengthscales[self._free]

    def within(self, free: np.ndarray, fixed: np.ndarray) -> "PastModels":
        """Return the models for points that only have some of the columns.

        Args:
            free: places of their columns among all, shape (e,).
            fixed: a whole point, which says where the others stand, shape (d,).
        """
        models = self.subset(range(len(self)))
        models._free, models._fixed = np.asarray(free, dtype=int), np.asarray(fixed, dtype=float)
        return models

    @classmethod
    def fit(cls, tasks: Sequence[PastTrials], lengthscales: np.ndarray) -> "PastModels":
        """Fit every task's noise and weights, given the shared lengthscales.

        Args:
            tasks: past tasks, at least one.
            lengthscales: shape (d,), from `learn_lengthscales`.
        """
        kept = [thinned(task) for task in tasks]
        weights = [fit_weights(task, lengthscales) for task in kept]
        known = np.array([t.known for t in kept]).reshape(len(tasks), len(lengthscales))
        return cls(lengthscales, [task.inputs for task in kept], weights, known)

    def __len__(self) -> int:
        return len(self._inputs)

    def predict(self, points: np.ndarray) -> np.ndarray:
        """Return the expected normal score on every task, shape (t, n).

        Args:
            points: encoded configurations, shape (n, d).
        """
        if self._free is not None and self._fixed is not None:
            whole = np.tile(self._fixed, (len(points), 1))
            whole[:, self._free] = points
            points = whole
        scores = np.empty((len(self), len(points)))
        for stack in self._stacks:
            scores[stack.tasks] = stack.predict(points, self._lengthscales)
        return scores

    @cached_property
    def _stacks(self) -> list[Stack]:
        return stacks_of(self._inputs, self._weights, self._known)

    def subset(self, tasks: Sequence[int]) -> "PastModels":
        """Return the models of some of the tasks."""
        found = PastModels(
            self._lengthscales,
            [self._inputs[t] for t in tasks],
            [self._weights[t] for t in tasks],
            self._known[list(tasks)],
        )
        found._free, found._fixed = self._free, self._fixed
        return found

    def with_one(self, place: int, other: "PastModels") -> "PastModels":
        """Return these models with the first of others, of the same lengthscales, at a place."""
        found = self.subset(range(len(self)))
        found._inputs[place], found._weights[place] = other._inputs[0], other._weights[0]
        found._known[place] = other._known[0]
        return found

    def joined(self, other: "PastModels") -> "PastModels":
        """Return these models and those of `other`, which have the same lengthscales."""
        return PastModels(
            self._lengthscales,
            self._inputs + other._inputs,
            self._weights + other._weights,
            np.vstack([self._known, other._known]),
        )

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return everything as plain arrays, for a file."""
        part: dict[str, np.ndarray] = {}
        if self._free is not None and self._fixed is not None:
            part = {"free": self._free, "fixed": self._fixed}
        return {
            **part,
            "lengthscales": self._lengthscales,
            "known": self._known,
            "sizes": np.array([len(points) for points in self._inputs]),
            "inputs": np.vstack(self._inputs).astype(np.float32),
            "weights": np.concatenate(self._weights),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "PastModels":
        """Return what `to_arrays` wrote."""
        cuts = np.cumsum(arrays["sizes"])[:-1]
        inputs = np.split(np.asarray(arrays["inputs"], dtype=float), cuts)
        weights = np.split(np.asarray(arrays["weights"]), cuts)
        lengthscales, known = np.asarray(arrays["lengthscales"]), np.asarray(arrays["known"])
        models = cls(lengthscales, inputs, weights, known)
        return models.within(arrays["free"], arrays["fixed"]) if "free" in arrays else models


def fit_weights(task: PastTrials, lengthscales: np.ndarray) -> np.ndarray:
    """Return the posterior mean's coefficients, the noise chosen by marginal likelihood.

    Noise ratios are compared on a grid through one eigendecomposition, the signal variance
    profiled out.

    Args:
        task: at least one trial.
        lengthscales: shape (d,).
    """
    kernel = matern52(task.inputs, task.inputs, lengthscales)
    values, vectors = np.linalg.eigh(kernel)
    projected = vectors.T @ task.scores
    n = len(task.scores)
    best, chosen = -np.inf, NOISES[-1]
    for noise in NOISES:
        spectrum = np.maximum(values, 0.0) + noise
        signal = max(float((projected**2 / spectrum).sum()) / n, 1e-12)
        likelihood = -0.5 * (n * np.log(signal) + np.log(spectrum).sum())
        if likelihood > best:
            best, chosen = likelihood, noise
    coefficients: np.ndarray = vectors @ (projected / (np.maximum(values, 0.0) + chosen))
    return coefficients


def shared_lengthscales(tasks: Sequence[PastTrials]) -> np.ndarray:
    """Return the lengthscales that tasks share, shape (d,).

    They are rounded to powers of 1.25, so that a few more trials do not change them all.
    """
    kept = [thinned(task) for task in tasks]
    found = learn_lengthscales(
        [task.inputs for task in kept],
        [task.scores for task in kept],
        default_lengthscales(kept[0].inputs.shape[1]),
    )
    rounded: np.ndarray = 1.25 ** np.round(np.log(found) / np.log(1.25))
    return rounded


def even_over_ranks(scores: np.ndarray, most: int) -> np.ndarray:
    """Return the places of trials that are evenly spread over the ranks, best first.

    Args:
        scores: larger is better, shape (n,).
        most: how many to choose, at most n.
    """
    order = np.argsort(-scores, kind="stable")
    chosen: np.ndarray = order[np.linspace(0, len(order) - 1, most).round().astype(int)]
    return chosen


def thinned(task: PastTrials, most: int = MAX_POINTS) -> PastTrials:
    """Return the task with at most so many of its trials, evenly spread over the ranks."""
    if len(task.scores) <= most:
        return task
    rows = even_over_ranks(task.scores, most)
    return PastTrials(task.inputs[rows], task.scores[rows], task.known)
