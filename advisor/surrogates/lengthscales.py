"""One set of lengthscales for all past tasks of a space, learned from them together.

Tasks agree on how fast scores change along a hyperparameter far more than on where they are
best (Wang et al. 2021, "Pre-trained Gaussian processes for Bayesian optimization"); learned
together they need no estimate per task, and a task of a few trials is served as well.
"""

from collections.abc import Sequence

import numpy as np

from advisor.surrogates.kernels import matern52_of, matern52_slope, squared_distances

POINTS = 80
"""Points per task; the likelihood of a lengthscale is a sum over tasks, so few suffice."""

STEPS = 40
"""Steps of the ascent."""

SPREAD = 1.0
"""Standard deviation of the prior on log lengthscales."""

NOISE = (float(np.log(1e-2)), 2.0)
"""Mean and standard deviation of the prior on the log noise ratio of a task."""


def default_lengthscales(dimensions: int) -> np.ndarray:
    """Return the lengthscales expected before any data, shape (d,).

    They grow with the root of the dimension, as distances in a cube do (Hvarfner et al.
    2024, "Vanilla Bayesian optimization performs great in high dimensions").
    """
    return np.full(dimensions, 0.5 * np.sqrt(max(dimensions, 1)))


def learn_lengthscales(
    inputs: Sequence[np.ndarray],
    targets: Sequence[np.ndarray],
    expected: np.ndarray,
    spread: float = SPREAD,
) -> np.ndarray:
    """Return the lengthscales that make the trials of all tasks likeliest, shape (d,).

    The signal variance of each task is profiled out, its noise ratio learned along. Ascent
    is by resilient propagation (Riedmiller and Braun 1993), which needs no line search.

    Args:
        inputs: encoded configurations per task, shapes (n_t, d).
        targets: scores per task, shapes (n_t,).
        expected: lengthscales expected before any data, shape (d,).
        spread: standard deviation of the normal prior on their logarithms.
    """
    centre = np.log(expected)
    x, z, mask = _padded(inputs, targets, len(expected))
    parameters = np.concatenate([centre, np.full(len(x), NOISE[0])])
    deviations = np.concatenate([np.full(len(centre), spread), np.full(len(x), NOISE[1])])
    expected_parameters = parameters
    step = np.full(len(parameters), 0.2)
    before = np.zeros(len(parameters))
    for _ in range(STEPS):
        slope = _gradient(parameters, x, z, mask)
        slope -= (parameters - expected_parameters) / deviations**2
        turned = slope * before
        step = np.clip(np.where(turned < 0, step * 0.5, step * 1.2), 1e-3, 0.5)
        slope = np.where(turned < 0, 0.0, slope)
        parameters = parameters + np.sign(slope) * step
        before = slope
    learned: np.ndarray = np.exp(parameters[: len(centre)])
    return learned


def _padded(
    inputs: Sequence[np.ndarray], targets: Sequence[np.ndarray], dimensions: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return tasks as one array, shape (t, n, d), with standardised targets and a mask."""
    longest = min(max(len(target) for target in targets), POINTS)
    x = np.zeros((len(inputs), longest, dimensions))
    z = np.zeros((len(inputs), longest))
    mask = np.zeros((len(inputs), longest))
    for t, (points, target) in enumerate(zip(inputs, targets, strict=True)):
        rows = np.linspace(0, len(target) - 1, min(len(target), POINTS)).astype(int)
        chosen = target[rows]
        x[t, : len(rows)] = points[rows]
        z[t, : len(rows)] = (chosen - chosen.mean()) / max(chosen.std(), 1e-9)
        mask[t, : len(rows)] = 1.0
    return x, z, mask


def _gradient(parameters: np.ndarray, x: np.ndarray, z: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the likelihood's gradient by log lengthscales and log noise ratios."""
    d = x.shape[2]
    log_lengthscales, noise = parameters[:d], np.exp(parameters[d:])[:, None] + 1e-6
    scaled = x / np.exp(log_lengthscales)
    squared = squared_distances(scaled, scaled)
    both = mask[:, :, None] * mask[:, None, :]
    kernel = matern52_of(squared) * both
    diagonal = np.arange(x.shape[1])
    # Padding stands alone with variance one, so that it takes part in nothing.
    kernel[:, diagonal, diagonal] += noise * mask + (1 - mask)
    inverse = np.linalg.inv(kernel)
    weights = np.einsum("tij,tj->ti", inverse, z)
    count = mask.sum(1)
    signal = np.maximum((weights * z).sum(1) / count, 1e-9)
    inner = 0.5 * (weights[:, :, None] * weights[:, None, :] / signal[:, None, None] - inverse)
    outer = inner * matern52_slope(squared) * both
    # sum_ij outer_ij (s_i - s_j)^2 by column, expanded so that no (t, n, n, d) array is made
    row_sums = outer.sum(2)
    by_scale = 2 * (np.einsum("ti,tid->d", row_sums, scaled**2)
                    - np.einsum("tid,tid->d", scaled, outer @ scaled))  # fmt: skip
    by_noise = (inner[:, diagonal, diagonal] * mask).sum(1) * noise[:, 0]
    return np.concatenate([by_scale, by_noise])
