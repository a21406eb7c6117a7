"""Configurations of a space: random (ConfigSpace draws them), evenly spread, neighbours."""

import numpy as np

from advisor.encoding.configspace import to_configspace
from advisor.encoding.cube import allowed, to_points
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import Config, ConfigDict


def sample(space: SpaceDefinition, n: int, seed: int) -> list[ConfigDict]:
    """Return `n` independent random configurations, active hyperparameters only."""
    converted = to_configspace(space, seed)
    drawn = converted.sample_configuration(n) if n > 1 else [converted.sample_configuration()]
    return [_plain(dict(config), space) for config in drawn]


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
        ValueError: hardly any configuration of the space is allowed.
    """
    from scipy.stats import qmc

    engine = qmc.Sobol(d=len(space.hyperparameters), scramble=True, rng=np.random.default_rng(seed))
    found: list[ConfigDict] = []
    for _ in range(100):
        found += space.records(allowed(space, engine.random(_power_of_two(n))))
        if len(found) >= n:
            return found[:n]
    raise ValueError(f"fewer than {n} configurations of the space '{space.name}' are allowed")


def _power_of_two(n: int) -> int:
    return 1 << max(n - 1, 0).bit_length()


def _plain(config: ConfigDict, space: SpaceDefinition) -> ConfigDict:
    """Return NumPy scalars as Python values, in the order of the space."""
    known = {k: v.item() if hasattr(v, "item") else v for k, v in config.items()}
    return {name: known[name] for name in space.hyperparameters if name in known}
