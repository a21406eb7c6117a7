"""Log expected improvement (Ament et al. 2023), averaged over hypotheses."""

from collections.abc import Sequence

import numpy as np

from advisor.surrogates.transfer import Posterior


def log_expected_improvement(posteriors: Sequence[Posterior]) -> np.ndarray:
    """Return the logarithm of the expected improvement on the best so far, shape (m,).

    Args:
        posteriors: at the same m candidates, at least one.
    """
    from scipy.special import logsumexp

    parts = []
    for posterior in posteriors:
        deviation = np.sqrt(posterior.variance)
        z = (posterior.mean - posterior.best) / deviation
        parts.append(np.log(posterior.weight) + np.log(deviation) + _log_h(z))
    total: np.ndarray = logsumexp(np.array(parts), axis=0)
    return total


def _log_h(z: np.ndarray) -> np.ndarray:
    """Return log(phi(z) + z Phi(z)) without underflow.

    For z below -1 it is taken as log phi(z) + log(1 - |z| Phi(z) / phi(z)), where the Mills
    ratio comes from the scaled complementary error function; far out, from its series.
    """
    from scipy.special import erfcx, ndtr

    log_phi = -0.5 * z**2 - 0.5 * np.log(2 * np.pi)
    near = np.log(np.maximum(np.exp(log_phi) + z * ndtr(z), 1e-300))
    negative = np.minimum(z, -1.0)
    mills = np.sqrt(np.pi / 2) * erfcx(-negative / np.sqrt(2))
    rest = np.where(negative > -1e3, np.maximum(1 + negative * mills, 1e-300), negative**-2.0)
    far: np.ndarray = log_phi + np.log(rest)
    return np.where(z > -1.0, near, far)
