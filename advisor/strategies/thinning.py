"""Which trials a surrogate looks at, and when it learns its lengthscales anew."""

import numpy as np

MAX_FITTED = 400
"""Observations that the surrogate looks at: the best, and an even sample of the others."""


def on_schedule(n: int) -> int:
    """Return the largest whole power of 1.15 that is at most n; all numbers up to 7."""
    count = n if n < 8 else 7
    while n >= 8 and max(count + 1, int(count * 1.15)) <= n:
        count = max(count + 1, int(count * 1.15))
    return count


def looked_at(targets: np.ndarray, most: int = MAX_FITTED) -> np.ndarray:
    """Return the places of the trials that the surrogate looks at, larger targets are better.

    Args:
        targets: of the trials, shape (n,).
        most: how many it looks at.
    """
    if len(targets) <= most:
        return np.arange(len(targets))
    order = np.argsort(-targets, kind="stable")
    best, others = order[: most // 2], order[most // 2 :]
    even = np.linspace(0, len(others) - 1, most - len(best)).astype(int)
    return np.sort(np.concatenate([best, others[even]]))
