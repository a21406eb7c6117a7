"""Seeded samples of rows: bounded work on any size of data, rare classes kept."""

import numpy as np

RARE_FLOOR = 5
"""Rows kept of a class too rare to be hit by a proportional sample."""


def sample_rows(
    n_rows: int, size: int, rng: np.random.Generator, classes: np.ndarray | None = None
) -> np.ndarray:
    """Return sorted indices of about `size` rows, all of them when there are no more.

    With `classes` the sample is proportional, but keeps up to `RARE_FLOOR` rows of each
    class; it never has more than twice `size` rows.

    Args:
        n_rows: rows of the data.
        size: rows wanted.
        rng: source of randomness.
        classes: class codes from 0, shape (n_rows,).
    """
    if n_rows <= size:
        return np.arange(n_rows)
    if classes is None:
        return np.sort(rng.choice(n_rows, size, replace=False))
    counts = np.bincount(classes)
    floor = min(RARE_FLOOR, size // len(counts))
    quota = np.minimum(counts, np.maximum(counts * size // n_rows, floor))
    order = shuffled_order(classes, rng)
    rank_in_class = np.arange(n_rows) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.sort(order[rank_in_class < np.repeat(quota, counts)])


def shuffled_order(keys: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return indices that sort `keys`, in random order among equal keys."""
    shuffled = rng.permutation(len(keys))
    return shuffled[np.argsort(keys[shuffled], kind="stable")]


def halves(target: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a mask of a random half with the same distribution of the target, shape (n,)."""
    mask = np.zeros(len(target), dtype=bool)
    mask[shuffled_order(target, rng)[::2]] = True
    return mask


def shuffled_rows(n: int, most: int, seed: int) -> np.ndarray:
    """Return up to `most` of `n` rows in random order.

    Landmarkers take turns through them, and so may the classes of a file.
    """
    return np.random.default_rng(seed).permutation(n)[:most]
