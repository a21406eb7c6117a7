"""Configurations of a space: random (ConfigSpace draws them), evenly spread, neighbours."""

from functools import lru_cache

import numpy as np

from advisor.encoding.configspace import places_of_choices
from advisor.encoding.cube import allowed, to_points
from knowledge_base.errors import SpaceError
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import Config, ConfigDict

CHUNK = 1024
"""Points that are drawn at once, where ConfigSpace does not draw."""

ROUNDS = 32
"""How many times that is done before the configurations are gone through one by one."""

TIGHT = 1 / 64
"""Share of allowed points below which ConfigSpace, which draws a few at once, is not asked."""


def sample(space: SpaceDefinition, n: int, seed: int) -> list[ConfigDict]:
    """Return `n` independent random configurations, active hyperparameters only.

    Raises:
        SpaceError: hardly any configuration of the space is allowed.
    """
    converted = None if _is_tight(space) else places_of_choices(space, seed)
    if converted is None:
        return drawn_plainly(space, n, seed)
    drawn = converted.sample_configuration(n) if n > 1 else [converted.sample_configuration()]
    return [_plain(dict(config), space) for config in drawn]


def drawn_plainly(space: SpaceDefinition, n: int, seed: int) -> list[ConfigDict]:
    """Return `n` independent random configurations without ConfigSpace, which may not hold a space.

    Raises:
        SpaceError: hardly any configuration of the space is allowed.
    """
    rng = np.random.default_rng(seed)
    found: list[ConfigDict] = []
    for _ in range(ROUNDS):
        points = rng.random((max(CHUNK, n), len(space.hyperparameters)))
        found += space.records(allowed(space, points)[: n - len(found)])
        if len(found) >= n:
            return found
    return [*found, *_one_by_one(space, n - len(found), seed)]


def _one_by_one(space: SpaceDefinition, n: int, seed: int) -> list[ConfigDict]:
    """Return `n` configurations of a space of few: all in random order, then again.

    Raises:
        SpaceError: there are too many to go through them, or none is legal.
    """
    every = space.every()
    if every is None or every.empty:
        raise SpaceError(
            f"space '{space.name}': hardly any configuration is allowed; of {CHUNK * ROUNDS:,} "
            f"random ones there were fewer than needed. Narrow the ranges instead of forbidding."
        )
    order = np.random.default_rng(seed).permutation(len(every))
    return space.records(every.iloc[np.resize(order, n)])


@lru_cache(maxsize=16)
def _share_allowed(text: str) -> float:
    space = SpaceDefinition.from_json(text)
    points = np.random.default_rng(0).random((CHUNK, len(space.hyperparameters)))
    return len(allowed(space, points)) / CHUNK


def _is_tight(space: SpaceDefinition) -> bool:
    """Return whether ConfigSpace, which draws until it has enough, would not come to an end."""
    return bool(space.forbiddens) and _share_allowed(space.to_json()) < TIGHT


def neighbours(
    space: SpaceDefinition, config: Config, n: int, rng: np.random.Generator
) -> np.ndarray:
    """Return `n` points of the unit cube around a configuration, shape (n, k).

    Half of them differ in one hyperparameter, a number drawn from a normal of standard
    deviation 0.2 around its own, as in SMAC (Hutter et al. 2011); half in all numbers a
    little. Not all of them need be legal; see `allowed`.
    """
    centres = to_points(space, [config] * n, rng)
    kinds = [h.kind for h in space.hyperparameters.values()]
    categorical = np.array([kind in ("categorical", "ordinal", "constant") for kind in kinds])
    exchange = n // 2
    moved = centres + rng.normal(0.0, 0.05, centres.shape) * ~categorical
    moved[:exchange] = centres[:exchange]
    column = rng.integers(len(kinds), size=exchange)
    rows = np.arange(exchange)
    drawn = rng.normal(centres[rows, column], 0.2)
    moved[rows, column] = np.where(categorical[column], rng.random(exchange), drawn)
    # Points are reflected, not clipped, since the border would be drawn too often.
    reflected: np.ndarray = 1 - np.abs(1 - np.abs(moved) % 2)
    return reflected


def sobol(space: SpaceDefinition, n: int, seed: int) -> list[ConfigDict]:
    """Return `n` configurations of a scrambled Sobol sequence (Owen 1998).

    Configurations that a forbidden clause excludes are skipped.

    Raises:
        SpaceError: hardly any configuration of the space is allowed.
    """
    from scipy.stats import qmc

    engine = qmc.Sobol(d=len(space.hyperparameters), scramble=True, rng=np.random.default_rng(seed))
    found: list[ConfigDict] = []
    for _ in range(100):
        found += space.records(allowed(space, engine.random(_power_of_two(n))))
        if len(found) >= n:
            return found[:n]
    return [*found, *_one_by_one(space, n - len(found), seed)]


def _power_of_two(n: int) -> int:
    return 1 << max(n - 1, 0).bit_length()


def _plain(config: ConfigDict, space: SpaceDefinition) -> ConfigDict:
    """Return what ConfigSpace drew as a configuration, in the order of the space."""
    found: ConfigDict = {}
    for name, h in space.hyperparameters.items():
        if name in config:
            drawn = config[name]
            value = drawn.item() if hasattr(drawn, "item") else drawn
            found[name] = h.choices[value] if h.choices else value
    return found
