"""The Matern-5/2 kernel with one lengthscale per input (Rasmussen and Williams 2006, ch. 4)."""

import numpy as np

_ROOT5 = float(np.sqrt(5.0))


def matern52(a: np.ndarray, b: np.ndarray, lengthscales: np.ndarray) -> np.ndarray:
    """Return the correlations of two sets of points, shape (n, m).

    Args:
        a, b: points, shapes (n, d) and (m, d).
        lengthscales: shape (d,), positive.
    """
    return matern52_of(squared_distances(a / lengthscales, b / lengthscales))


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return squared Euclidean distances, shape (..., n, m), of (..., n, d) and (..., m, d)."""
    cross = a @ np.swapaxes(b, -1, -2)
    sizes = (a**2).sum(-1)[..., :, None] + (b**2).sum(-1)[..., None, :]
    distances: np.ndarray = np.maximum(sizes - 2 * cross, 0.0)
    return distances


def matern52_of(squared: np.ndarray) -> np.ndarray:
    """Return the kernel of scaled squared distances, elementwise."""
    r = _ROOT5 * np.sqrt(squared)
    correlations: np.ndarray = (1 + r + r * r / 3) * np.exp(-r)
    return correlations


def matern52_slope(squared: np.ndarray) -> np.ndarray:
    """Return the kernel's derivative by -squared/2, elementwise: the chain rule's outer part.

    With scaled squared distances s = sum((x_i - x'_i)^2 / l_i^2), the derivative of the
    kernel by log l_i is this times (x_i - x'_i)^2 / l_i^2.
    """
    r = _ROOT5 * np.sqrt(squared)
    slopes: np.ndarray = 5 / 3 * (1 + r) * np.exp(-r)
    return slopes
