"""What a search starts from: recommendations of the meta-learner, and its prior."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from advisor.meta import Query, learner_for
from advisor.models import FAMILIES
from advisor.surrogates import Prior
from knowledge_base import KnowledgeBase
from knowledge_base.space import SpaceDefinition

MAX_WARM = 3
DEFAULT_AT = 3
"""Which trial of a warm start is the library default."""
PAST_FILE = "past.npz"


@dataclass(frozen=True)
class Start:
    """Where a search begins.

    Attributes:
        warm: configurations to try first, best first.
        past: what past tasks expect elsewhere, for strategies that learn from it.
    """

    warm: Sequence[dict[str, Any]] = field(default_factory=list)
    past: Prior | None = None


def warm_start(
    kb: KnowledgeBase | None,
    space: SpaceDefinition,
    family: str | None,
    query: Query,
    n: int,
    exclude_datasets: Sequence[str] = (),
    costs: bool = False,
) -> Start:
    """Return where a search with `n` configurations from past tasks begins.

    From the third on, one of them is the library default, where the family has one.

    Works with and without metafeatures. A cold search (`n` below 1) gets nothing at all, and
    so does one without a `kb` or a history. With `costs`, past durations are learned from, too.
    """
    if kb is None or n < 1:
        return Start()
    known = learner_for(kb, space, family, exclude_datasets)
    warm = [dict(item.config) for item in known.recommend(query, n)]
    if family in FAMILIES:
        warm = _with_default(warm, space.default())
    return Start(warm, known.past(query, costs))


def _with_default(warm: list[dict[str, Any]], default: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a warm start of three or more trials with the library default as its third.

    Past tasks may be unlike the new one; then the default is what is left of their experience.
    So a search is never behind it.
    """
    if len(warm) < DEFAULT_AT or default in warm:
        return warm
    return [*warm[: DEFAULT_AT - 1], default, *warm[DEFAULT_AT - 1 : -1]]


def warm_count(trials: int) -> int:
    """Return how many of `trials` are from the past: up to three, half of them.

    From then on the search asks with the past in mind and the outcomes at hand, which is
    better than working off a list (docs/benchmarks/transfer.md).
    """
    return max(min(MAX_WARM, (trials + 1) // 2), 1)


def save_prior(path: Path, past: Prior | None) -> None:
    """Keep the prior of a study in its directory, so that a resumed one goes on with it."""
    if past is not None:
        arrays: dict[str, Any] = dict(past.to_arrays())
        np.savez(path / PAST_FILE, **arrays)


def load_prior(path: Path) -> Prior | None:
    """Return the prior of a study, None if it has none (or it cannot be read)."""
    try:
        with np.load(path / PAST_FILE, allow_pickle=False) as stored:
            return Prior.from_arrays({name: stored[name] for name in stored.files})
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return None
