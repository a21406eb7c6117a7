"""What configurations cost: past durations as a prior, corrected by the durations told.

The same model as for performance (`transfer`), on the logarithm of seconds; it gives expected
improvement per second (Snoek et al. 2012, "Practical Bayesian optimization").
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from advisor.surrogates.past_models import PastModels, PastTrials
from advisor.surrogates.transfer import TransferGP

MIN_DURATIONS = 5


class PastCosts:
    """Models of past tasks' log durations, each around its own mean.

    Attributes:
        models: length t.
        weights: summing to 1, shape (t,).
    """

    def __init__(self, models: PastModels, weights: np.ndarray) -> None:
        """Take fitted parts; use `learn` to make them."""
        self.models, self.weights = models, weights

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
            tasks: their inputs count, length t.
            durations: seconds, NaN where unknown, each of shape (n_t,).
            weights: of the tasks, shape (t,).
            lengthscales: shape (d,).
        """
        samples, kept = [], []
        for task, seconds, weight in zip(tasks, durations, weights, strict=True):
            rows = np.isfinite(seconds) & (np.nan_to_num(seconds) > 0)
            if rows.sum() >= MIN_DURATIONS and weight > 0:
                logs = np.log(seconds[rows])
                samples.append(PastTrials(task.inputs[rows], logs - logs.mean(), task.known))
                kept.append(weight)
        if not samples:
            return None
        return cls(PastModels.fit(samples, lengthscales), np.array(kept) / np.sum(kept))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return everything as plain arrays, for a file."""
        return {**self.models.to_arrays(), "task_weights": self.weights}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> "PastCosts":
        """Return what `to_arrays` wrote."""
        return cls(PastModels.from_arrays(arrays), np.asarray(arrays["task_weights"]))


def expected_log_seconds(
    past: PastCosts | None,
    inputs: np.ndarray,
    seconds: np.ndarray,
    candidates: np.ndarray,
) -> np.ndarray:
    """Return the expected log duration of candidates, up to a constant, shape (m,).

    Args:
        past: costs on past tasks, if any.
        inputs: configurations tried, shape (n, d).
        seconds: what they took, NaN where unknown, shape (n,).
        candidates: shape (m, d).
    """
    known = np.isfinite(seconds) & (np.nan_to_num(seconds) > 0)
    before = None if past is None else past.models.predict(candidates)
    if not known.any():
        return (
            np.zeros(len(candidates)) if past is None or before is None else past.weights @ before
        )
    tried, logs = inputs[known], np.log(seconds[known])
    if past is None or before is None:
        model = TransferGP(tried, logs)
        posteriors = model.posteriors(candidates, np.zeros((0, len(candidates))))
    else:
        lengthscales = past.models.lengthscales
        expected = past.models.predict(tried)
        model = TransferGP(tried, logs, expected, past.weights, informed=[lengthscales])
        posteriors = model.posteriors(candidates, before)
    return np.sum([p.weight * p.mean for p in posteriors], axis=0)
