"""Short texts as counts of their words, in columns that a hash of each word chooses.

Each word counts with a sign by the same hash (Weinberger et al. 2009, Feature hashing for large
scale multitask learning), so that the same text has the same counts on every machine, to the last
bit. This needs Python's standard library alone: exported models have a copy of it.
"""

import hashlib
from collections.abc import Sequence
from functools import cache

BUCKETS = 32
"""Numeric columns that a column of texts becomes, besides the number of its words."""

RUN = 3
"""Characters of a run."""


def runs_of(text: str) -> list[str]:
    """Return the runs of three characters of a text with its ends marked; none of an empty one."""
    if not text.strip():
        return []
    marked = f"^{text.strip().lower()}$"
    return [marked[place : place + RUN] for place in range(max(len(marked) - RUN + 1, 1))]


def counts_of(found: Sequence[str]) -> list[float]:
    """Return the counts of the words or runs of a text, one per bucket."""
    counts = [0.0] * BUCKETS
    for word in found:
        place, sign = _bucket(word)
        counts[place] += sign
    return counts


@cache
def _bucket(word: str) -> tuple[int, float]:
    """Return the column of a word and its sign."""
    digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=4).digest()
    number = int.from_bytes(digest, "little")
    return number % BUCKETS, 1.0 if number & 0x8000_0000 else -1.0
