"""What configurations cost: past durations as a prior, corrected by the durations told.

The same model as for performance (`transfer`), on the logarithm of seconds; it gives expected
improvement per second (Snoek et al. 2012, "Practical Bayesian optimization").
"""

from collections.abc import Mapping, Sequence

import numpy as np

from advisor.surrogates.past_models import PastModels, PastTrials, thinned
from advisor.surrogates.transfer import TransferGP, mean_of

MIN_DURATIONS = 5
"""A task with fewer known durations is left out."""

MAX_DURATIONS = 100
"""Durations of a task that its model is fitted on: they vary smoothly, and time runs meanwhile."""


class PastCosts:
    """Models of past tasks' log durations, each around its own mean.

    Attributes:
        models: models of t tasks.
        weights: how much each counts, summing to 1, shape (t,).
    """

    def __init__(self, models: PastModels, weights: np.ndarray) -> None:
        """Take fitted parts; use `learn` to make them."""
        self.models: PastModels = models
        self.weights: np.ndarray = weights

    @classmethod
    def learn(
        cls,
        tasks: Sequence[PastTrials],
        durations: Sequence[np.ndarray],
        weights: np.ndarray,
        lengthscales: np.ndarray,
    ) -> "PastCosts | None":
        """Fit the tasks that have durations, None if there are none.

        Args:
            tasks: past tasks, of which the inputs are looked at, length t.
            durations: seconds, NaN where unknown, each of shape (n_t,).
            weights: how much each task counts, shape (t,).
            lengthscales: shape (d,).
        """
        samples, kept = [], []
        for task, seconds, weight in zip(tasks, durations, weights, strict=True):
            rows = np.isfinite(seconds) & (np.nan_to_num(seconds) > 0)
            if rows.sum() >= MIN_DURATIONS and weight > 0:
                logs = np.log(seconds[rows])
                trials = PastTrials(task.inputs[rows], logs - logs.mean(), task.known)
                samples.append(thinned(trials, MAX_DURATIONS))
                kept.append(weight)
        if not samples:
            return None
        return cls(PastModels.fit(samples, lengthscales), np.array(kept) / np.sum(kept))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return everything as plain arrays, for a file."""
        return {**self.models.to_arrays(), "task_weights": self.weights}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "PastCosts":
        """Return what `to_arrays` wrote."""
        return cls(PastModels.from_arrays(arrays), np.asarray(arrays["task_weights"]))


def expected_log_seconds(
    past: PastCosts | None,
    inputs: np.ndarray,
    seconds: np.ndarray,
    candidates: np.ndarray,
    before: np.ndarray | None = None,
) -> np.ndarray:
    """Return the expected log duration of candidates, up to a constant, shape (m,).

    Args:
        past: costs on past tasks, if any.
        inputs: configurations tried, shape (n, d).
        seconds: what they took, NaN where unknown, shape (n,).
        candidates: shape (m, d).
        before: what the models of `past` predict for the candidates, shape (t, m), if known.
    """
    known = np.isfinite(seconds) & (np.nan_to_num(seconds) > 0)
    tried, logs = inputs[known], np.log(seconds[known])
    if past is None:
        if not len(tried):
            return np.zeros(len(candidates))
        alone = TransferGP(tried, logs)
        return mean_of(alone.posteriors(candidates, np.zeros((0, len(candidates)))))
    before = past.models.predict(candidates) if before is None else before
    if not len(tried):
        expected: np.ndarray = past.weights @ before
        return expected
    model = TransferGP(tried, logs, past.models.predict(tried), past.weights,
                       informed=[past.models.lengthscales])  # fmt: skip
    posteriors = model.posteriors(candidates, before)
    return mean_of(posteriors)
