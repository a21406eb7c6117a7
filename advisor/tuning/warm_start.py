"""Warm starts: the recommendations of the meta-learner for a new task and space."""

from collections.abc import Sequence

from advisor.meta import NearestPortfolio, Query, Recommendation, load_history
from knowledge_base import KnowledgeBase
from knowledge_base.space import SpaceDefinition

DEFAULT_WARM = 10


def warm_start(
    kb: KnowledgeBase | None,
    space: SpaceDefinition,
    family: str | None,
    query: Query,
    n: int,
    exclude_datasets: Sequence[str] = (),
) -> list[Recommendation]:
    """Return up to `n` recommendations from past tasks of `family` in `space`.

    Works with and without metafeatures; returns nothing without a history or a `kb`.
    """
    if kb is None or n < 1:
        return []
    sources = load_history(kb, space, family, exclude_datasets=frozenset(exclude_datasets))
    return NearestPortfolio(sources).recommend(query, n)


def warm_count(trials: int) -> int:
    """Return how many of `trials` start from the past: up to ten, at most half of them."""
    return max(min(DEFAULT_WARM, trials // 2), 1)
