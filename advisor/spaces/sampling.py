"""Configurations of a space: random, evenly spread, and neighbours. ConfigSpace does it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from advisor.spaces.configspace import to_configspace
from knowledge_base.space import SpaceDefinition


def sample(space: SpaceDefinition, n: int, seed: int) -> list[dict[str, Any]]:
    """Return `n` independent random configurations, active hyperparameters only."""
    converted = to_configspace(space, seed)
    drawn = converted.sample_configuration(n) if n > 1 else [converted.sample_configuration()]
    return [_plain(dict(config), space) for config in drawn]


def neighbours(
    space: SpaceDefinition, config: Mapping[str, Any], n: int, seed: int
) -> list[dict[str, Any]]:
    """Return up to `n` configurations that differ from `config` in one hyperparameter.

    Numbers are drawn from a normal around theirs, as in SMAC (Hutter et al. 2011).
    """
    from itertools import islice

    from ConfigSpace import Configuration
    from ConfigSpace.util import get_one_exchange_neighbourhood

    centre = Configuration(to_configspace(space, seed), values=dict(config))
    found = get_one_exchange_neighbourhood(centre, seed=seed % 2**31, num_neighbors=8)
    return [_plain(dict(neighbour), space) for neighbour in islice(found, n)]


def sobol(space: SpaceDefinition, n: int, seed: int) -> list[dict[str, Any]]:
    """Return `n` configurations of a scrambled Sobol sequence (Owen 1998).

    Configurations that a forbidden clause excludes are skipped.
    """
    from scipy.stats import qmc

    engine = qmc.Sobol(d=len(space.hyperparameters), scramble=True, rng=np.random.default_rng(seed))
    found: list[dict[str, Any]] = []
    for _ in range(100):
        found += _from_cube(space, engine.random(_power_of_two(n)))
        if len(found) >= n:
            return found[:n]
    raise ValueError(f"fewer than {n} configurations of the space '{space.name}' are allowed")


def _power_of_two(n: int) -> int:
    return 1 << max(n - 1, 0).bit_length()


def _from_cube(space: SpaceDefinition, points: np.ndarray) -> list[dict[str, Any]]:
    import pandas as pd

    columns = {}
    hyperparameters = space.hyperparameters.values()
    for hyperparameter, units in zip(hyperparameters, points.T, strict=True):
        if hyperparameter.choices:
            places = np.minimum(
                units * len(hyperparameter.choices), len(hyperparameter.choices) - 1
            )
            columns[hyperparameter.name] = [hyperparameter.choices[int(p)] for p in places]
            continue
        low, high = float(hyperparameter.low or 0), float(hyperparameter.high or 0)
        if hyperparameter.kind == "int":
            low, high = low - 0.49999, high + 0.49999
        values = (
            np.exp(np.log(low) + units * (np.log(high) - np.log(low)))
            if hyperparameter.log
            else low + units * (high - low)
        )
        whole = hyperparameter.kind == "int"
        columns[hyperparameter.name] = list(np.round(values) if whole else values)
    frame = pd.DataFrame(columns, dtype=object)
    allowed = frame[(space.validate(frame) == "").to_numpy()]
    return space.records(space.clean(allowed))


def _plain(config: dict[str, Any], space: SpaceDefinition) -> dict[str, Any]:
    """Return NumPy scalars as Python values, in the order of the space."""
    known = {k: v.item() if hasattr(v, "item") else v for k, v in config.items()}
    return {name: known[name] for name in space.hyperparameters if name in known}
