"""Columns of short texts in tables, as a fixed number of numeric columns.

Words are counted in `BUCKETS` columns that a hash of each word chooses, with a sign by the same
hash (Weinberger et al. 2009, Feature hashing for large scale multitask learning), and each row
is divided by its length. Texts of a word or so, as codes are, are taken apart into runs of three
characters instead. A row depends on its own text alone, so nothing is learnt from other rows, and
all of it can be repeated on every machine to the last bit.
"""

import numpy as np
import pandas as pd

from advisor.data.buckets import BUCKETS, counts_of, runs_of
from advisor.data.words import words

FEW_WORDS = 1.5
"""Mean number of words up to which texts are taken apart into runs of characters."""

PARTS = ("length", *(f"words {n + 1}" for n in range(BUCKETS)))
"""The columns that a column of texts becomes."""


def made_of_codes(column: pd.Series) -> bool:
    """Return whether texts are to be taken apart into runs of characters."""
    _, distinct = pd.factorize(_texts(column))
    split = [words(text) for text in distinct]
    return (float(np.mean([len(found) for found in split])) if split else 0.0) <= FEW_WORDS


def phrase_columns(column: pd.Series, by_runs: bool) -> dict[str, pd.Series]:
    """Return a column of texts as columns of float64; missing texts count as empty ones.

    Args:
        column: the texts.
        by_runs: whether runs of characters are counted, not words.

    Returns:
        Columns by what they are: "length", the number of words, and "words 1" and so on.
    """
    codes, distinct = pd.factorize(_texts(column))
    split = [runs_of(text) if by_runs else words(text) for text in distinct]
    counts = np.array([counts_of(found) for found in split]).reshape(len(distinct), BUCKETS)
    norms = np.sqrt((counts**2).sum(1, keepdims=True))
    rows = (counts / np.where(norms > 0, norms, 1.0))[codes]
    lengths = np.array([float(len(found)) for found in split])[codes]
    parts = dict(zip(PARTS, (lengths, *rows.T), strict=True))
    return {name: pd.Series(values, index=column.index) for name, values in parts.items()}


def _texts(column: pd.Series) -> pd.Series:
    return column.astype("string").fillna("").astype(object)
