"""Features as few discrete levels, for entropies and for the simplest learners."""

import numpy as np

MAX_BINS = 10
MAX_LEVELS = 20
"""Most frequent categories told apart; the others are pooled."""


def n_bins(n_rows: int) -> int:
    """Return how many equal-frequency bins suit `n_rows`: the cube root, from 2 to 10."""
    return int(np.clip(round(n_rows ** (1 / 3)), 2, MAX_BINS))


def quantile_codes(values: np.ndarray) -> np.ndarray:
    """Return equal-frequency bins of a column as codes from 0 on; missing is a bin too.

    A column of few distinct values keeps them apart. A value that fills a bin alone (the
    zeros of a sparse column) is not merged with its neighbours. Unchanged by monotone
    rescaling, up to ties.

    Args:
        values: a column, NaN where missing, shape (n,).
    """
    known = np.sort(values[np.isfinite(values)])
    codes = np.searchsorted(_edges(known), values, side="right")
    codes[~np.isfinite(values)] = codes.max(initial=0) + 1
    return dense(codes)


def level_codes(categories: np.ndarray) -> np.ndarray:
    """Return the most frequent categories as codes from 0 on; missing (-1) is one of them.

    Args:
        categories: codes of a categorical column, -1 where missing, shape (n,).
    """
    codes = dense(categories)
    counts = np.bincount(codes)
    if len(counts) <= MAX_LEVELS:
        return codes
    rank = np.empty(len(counts), dtype=int)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    levels: np.ndarray = np.minimum(rank[codes], MAX_LEVELS)
    return levels


def dense(codes: np.ndarray) -> np.ndarray:
    """Return codes renumbered without gaps from 0 on, in the same order."""
    numbered: np.ndarray = np.unique(codes, return_inverse=True)[1].reshape(-1)
    return numbered


def _edges(known: np.ndarray) -> np.ndarray:
    """Return the lower edge of each bin but the first, for sorted values."""
    bins = n_bins(len(known))
    distinct = known[np.r_[True, known[1:] > known[:-1]]] if len(known) else known
    if len(distinct) <= bins:
        return distinct
    edges = np.unique(known[np.arange(1, bins) * len(known) // bins])
    after = np.searchsorted(known, edges, side="right")
    run = after - np.searchsorted(known, edges, side="left")
    heavy = (run * bins >= len(known)) & (after < len(known))
    return np.union1d(edges, known[after[heavy]])
