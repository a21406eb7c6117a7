"""Configurations that are tried together with another one, since they take little more time.

A small network spends its time on starting operations, so that eight of one shape train in about
the time of three (`advisor.training.together`). What is proposed with a configuration differs from
it only in what leaves the shape as it is.
"""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from advisor.encoding import allowed, neighbours
from advisor.encoding.cube import to_points
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import Config

LOOKED_AT = 192
"""Neighbours, and mixtures with the best so far, among which companions are chosen."""

FAINT = 3.0
"""How much smaller the logarithm of a companion's expected improvement may be than the largest."""


def around(
    space: SpaceDefinition,
    lead: Config,
    incumbents: Sequence[Config],
    free: Collection[str],
    seed: int,
) -> pd.DataFrame:
    """Return legal configurations that differ from `lead` only in some hyperparameters.

    Half are neighbours of it, half have every other of these hyperparameters of an incumbent.

    Args:
        space: of the configurations.
        lead: active hyperparameters.
        incumbents: the best configurations so far, at least one.
        free: hyperparameters that may differ.
        seed: of the random choices.
    """
    rng = np.random.default_rng(seed)
    centre = to_points(space, [lead] * LOOKED_AT, rng)
    parents = [incumbents[place % len(incumbents)] for place in range(LOOKED_AT)]
    crossed = np.where(rng.random(centre.shape) < 0.5, to_points(space, parents, rng), centre)
    points = np.vstack([neighbours(space, lead, LOOKED_AT, rng), crossed])
    kept = np.array([name not in free for name in space.hyperparameters])
    return allowed(space, np.where(kept, np.vstack([centre, centre]), points))


def spread_out(scores: np.ndarray, correlations: np.ndarray, count: int) -> list[int]:
    """Return the places of at most `count` candidates that score well and say different things.

    Each that is chosen takes from the improvement that is expected of the others what it will
    say of them (a local penalty as of González et al. 2016, "Batch Bayesian optimization via
    local penalization").

    Args:
        scores: logarithms of expected improvements, shape (m,).
        correlations: of the candidates, shape (m, m).
        count: how many at most.
    """
    left, least = scores.copy(), scores.max(initial=-np.inf) - FAINT
    chosen: list[int] = []
    while len(chosen) < count and len(left):
        best = int(left.argmax())
        if not left[best] >= least:
            break
        chosen.append(best)
        with np.errstate(divide="ignore"):
            left = left + np.log1p(-(np.minimum(correlations[best], 1.0) ** 2))
        left[best] = -np.inf
    return chosen
