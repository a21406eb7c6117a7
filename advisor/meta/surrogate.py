"""A small Gaussian process per past task, in NumPy, to fill in what it has not tried.

BoTorch does the same better for the running search, but importing it takes longer than a
recommendation may (see ARCHITECTURE.md); past tasks need the posterior mean only, with
hyperparameters chosen on a grid by marginal likelihood (Rasmussen and Williams 2006, ch. 5).
"""

import numpy as np

LENGTHSCALES = (0.25, 0.5, 1.0, 2.0)
NOISES = (1e-3, 3e-2, 0.3)
MAX_POINTS = 300


def _matern52(a: np.ndarray, b: np.ndarray, lengthscale: float) -> np.ndarray:
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1)[None, :] - 2 * a @ b.T
    r = np.sqrt(5 * np.maximum(squared, 0.0)) / (lengthscale * np.sqrt(a.shape[1]))
    return (1 + r + r**2 / 3) * np.exp(-r)


class GridGP:
    """Gaussian process regression on scores in [0, 1] with a Matern-5/2 kernel."""

    def __init__(self, inputs: np.ndarray, scores: np.ndarray) -> None:
        """Fit by marginal likelihood over a small grid of lengthscale and noise.

        Args:
            inputs: encoded configurations, shape (n, d), n >= 1.
            scores: shape (n,).
        """
        keep = _spread(scores, MAX_POINTS)
        self._inputs, scores = inputs[keep], scores[keep]
        self._mean = float(scores.mean())
        centred = scores - self._mean
        best = -np.inf
        for lengthscale in LENGTHSCALES:
            kernel = _matern52(self._inputs, self._inputs, lengthscale)
            for noise in NOISES:
                likelihood, alpha = _fit(kernel, noise, centred)
                if likelihood > best:
                    best, self._lengthscale, self._alpha = likelihood, lengthscale, alpha

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Return the posterior mean score, clipped to [0, 1], shape (m,)."""
        cross = _matern52(inputs, self._inputs, self._lengthscale)
        return np.clip(self._mean + cross @ self._alpha, 0.0, 1.0)


def _fit(kernel: np.ndarray, noise: float, centred: np.ndarray) -> tuple[float, np.ndarray]:
    """Return log marginal likelihood, scale profiled out, and the weights of the mean."""
    n = len(centred)
    factor = np.linalg.cholesky(kernel + (noise + 1e-8) * np.eye(n))
    alpha = np.linalg.solve(factor.T, np.linalg.solve(factor, centred))
    scale = max(float(centred @ alpha) / n, 1e-12)
    return -0.5 * n * np.log(scale) - np.log(np.diag(factor)).sum(), alpha


def _spread(scores: np.ndarray, limit: int) -> np.ndarray:
    """Return at most `limit` indices, evenly spread over the ranks of the scores."""
    if len(scores) <= limit:
        return np.arange(len(scores))
    order = np.argsort(-scores, kind="stable")
    return order[np.linspace(0, len(scores) - 1, limit).round().astype(int)]
