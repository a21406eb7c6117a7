"""What a search starts from: recommendations of the meta-learner, and its prior."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from advisor.meta.cache import learner_for
from advisor.meta.curves import curves_for_search
from advisor.meta.kin_learner import KinLearner, sentence, told_of_own
from advisor.meta.learner import PortfolioLearner
from advisor.meta.recommendation import Query
from advisor.meta.translation import added_since
from advisor.models import FAMILIES
from advisor.surrogates import Prior
from knowledge_base import KnowledgeBase
from knowledge_base.space import SpaceDefinition
from knowledge_base.studies import StudyDirectory
from knowledge_base.types import ConfigDict

MAX_WARM = 3
"""Trials of a search that are from the past at most, unless it is told otherwise."""

DEFAULT_AT = 3
"""Which trial of a warm start is the library default."""


@dataclass(frozen=True)
class Start:
    """Where a search begins.

    Attributes:
        warm: configurations to try first, best first.
        prior: what past tasks expect elsewhere, for strategies that learn from it.
        told: in one line, what past a search begins with, or why it has none; empty for the
            built-in families, and where none was wanted.
    """

    warm: Sequence[ConfigDict] = field(default_factory=list)
    prior: Prior | None = None
    told: str = ""

    @classmethod
    def kept_in(cls, directory: StudyDirectory) -> "Start":
        """Return where the search of a study began; a prior that cannot be read is none."""
        arrays = directory.arrays()
        try:
            prior = None if arrays is None else Prior.from_arrays(arrays)
        except (KeyError, ValueError):
            prior = None
        return cls(directory.settings.get("warm", []), prior)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the prior as plain arrays, none without one."""
        return {} if self.prior is None else self.prior.to_arrays()


def warm_start(
    kb: KnowledgeBase | None,
    space: SpaceDefinition,
    family: str | None,
    query: Query,
    n: int,
    exclude_datasets: Sequence[str] = (),
    costs: bool = False,
    default: ConfigDict | None = None,
    curves: bool = False,
) -> Start:
    """Return where a search with `n` configurations from past tasks begins.

    From the third on, one of them is the library default, where there is one. The second one has
    other choices of what came into the space after all that ships was tried.

    A cold search (`n` below 1) gets nothing at all, and so does one without a `kb` or a history.
    In a space of the user's own, his own past of it comes first; where there is none, the families
    of the store speak by the roles of its hyperparameters (`advisor.meta.kin`).

    Args:
        kb: past trials.
        space: where the search looks.
        family: model family whose tasks count; None takes every family.
        query: what is known about the task, with or without metafeatures.
        n: how many configurations to try first.
        exclude_datasets: fingerprints of data sets whose tasks are not to be used.
        costs: whether past durations are learned from, too.
        default: the library default, where the family has one.
        curves: whether learning curves of past tasks are looked at, too.
    """
    if kb is None or n < 1:
        return Start()
    known = learner_for(kb, space, family, exclude_datasets, query)
    if family not in FAMILIES:
        return _in_own_space(kb, space, family, known, query, n, exclude_datasets, costs, curves)
    warm = [dict(item.config) for item in known.recommend(query, n)]
    warm = _with_what_is_new(warm, untried(kb.spaces(), space))
    if default is not None:
        warm = _with_default(warm, default)
    reading = partial(curves_for_search, kb, family) if curves else None
    return Start(warm, known.prior(query, costs, reading))


def _in_own_space(
    kb: KnowledgeBase,
    space: SpaceDefinition,
    family: str | None,
    own: PortfolioLearner,
    query: Query,
    n: int,
    exclude_datasets: Sequence[str],
    costs: bool,
    curves: bool,
) -> Start:
    """Return where a search in a space of the user's own begins.

    Args:
        kb, space, family, query, n, exclude_datasets, costs, curves: as for `warm_start`.
        own: what the user's own tasks of the same family have taught.
    """
    reading = partial(curves_for_search, kb, family) if curves else None
    prior = own.prior(query, costs, reading)
    warm = [dict(item.config) for item in own.recommend(query, n)]
    if prior is not None:
        return Start(warm, prior, told_of_own(own, query))
    kin = KinLearner.of(kb, space, exclude_datasets)
    # The families' prior says more than a list of theirs would: only the first is taken from it.
    first = [dict(item.config) for item in kin.recommend(query, 0 if warm else 1)]
    return Start(warm or first, kin.prior(query), sentence(kin))


def untried(spaces: pd.DataFrame, space: SpaceDefinition) -> ConfigDict:
    """Return other choices of what no shipped trial of a family has tried, by its name.

    Args:
        spaces: as the knowledge base has them, one per row.
        space: the present version; where it ships itself, everything counts as tried.
    """
    shipped = spaces[(spaces["layer"] == "seed") & (spaces["name"] == space.name)]
    if (shipped["version"] >= space.version).any():
        return {}
    added = list(added_since(shipped, space).values())
    names = set(added[0]).intersection(*added) if added else set()
    return {
        name: next(choice for choice in h.choices if choice != h.default)
        for name, h in space.hyperparameters.items()
        if name in names and len(h.choices) > 1
    }


def _with_what_is_new(warm: list[ConfigDict], choices: ConfigDict) -> list[ConfigDict]:
    """Return a warm start whose second configuration has other choices of what is new.

    Nothing of the past says which choice is better, and an average of networks gains by those
    that are different.
    """
    if len(warm) < 2 or not choices:
        return warm
    first, second, *others = warm
    return [first, {**second, **choices}, *others]


def _with_default(warm: list[ConfigDict], default: ConfigDict) -> list[ConfigDict]:
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
