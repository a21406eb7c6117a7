"""Hyperparameters that do nothing where they stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from knowledge_base.space import SpaceDefinition


@dataclass(frozen=True)
class Inert:
    """A hyperparameter whatever value of which makes the same training.

    Attributes:
        hyperparameter: its name.
        value: stands for all of them.
        where: values of other hyperparameters for which that holds; empty where it always does.
    """

    hyperparameter: str
    value: str | float | bool
    where: Mapping[str, object] = field(default_factory=dict)


def settled(space: SpaceDefinition, configs: pd.DataFrame, inert: Sequence[Inert]) -> pd.DataFrame:
    """Return configurations with what does nothing at the value that stands for all.

    Of those that thereby become the same all are returned. A value that is no choice of the space,
    such as one of which only a part is searched, stands for nothing.

    Args:
        space: of the configurations.
        configs: a column for each hyperparameter, a row for each configuration.
        inert: what does nothing, where.
    """
    changed = configs.copy()
    for rule in inert:
        known = space.hyperparameters.get(rule.hyperparameter)
        if known is None or rule.value not in known.choices or not set(rule.where) <= set(configs):
            continue
        rows = changed[rule.hyperparameter].notna().to_numpy()
        for name, value in rule.where.items():
            rows = rows & (changed[name] == value).to_numpy()
        changed.loc[np.flatnonzero(rows), rule.hyperparameter] = rule.value
    return changed
