"""Configurations as numbers in the unit cube, for surrogates."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from knowledge_base.space import Hyperparameter, SpaceDefinition


class Encoder:
    """Encodes configurations of one space.

    Numbers are scaled to [0, 1] (after a logarithm where the space has one), ordinals by
    their rank, categoricals one-hot; constants are left out. An inactive hyperparameter
    stands at its default (Levesque et al. 2017).
    """

    def __init__(self, space: SpaceDefinition) -> None:
        """Prepare for `space`."""
        self._varying = [h for h in space.hyperparameters.values() if h.kind != "constant"]
        self.columns = tuple(name for h in self._varying for name in _columns(h))

    def encode(self, configs: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """Return the encoded configurations, shape (n, d), d = len(columns)."""
        cells = [[c.get(h.name, h.default) for c in configs] for h in self._varying]
        return self._stacked(cells, len(configs))

    def encode_frame(self, clean: pd.DataFrame) -> np.ndarray:
        """Return the encoded rows of a clean frame (see `SpaceDefinition.check`)."""
        cells = []
        for h in self._varying:
            column = clean[h.name]
            cells.append((column.where(column.notna(), h.default)).to_numpy())
        return self._stacked(cells, len(clean))

    def _stacked(self, cells: Sequence[Any], rows: int) -> np.ndarray:
        if not rows:
            return np.empty((0, len(self.columns)))
        blocks = [_block(h, column) for h, column in zip(self._varying, cells, strict=True)]
        return np.hstack(blocks) if blocks else np.zeros((rows, 0))


def _columns(hyperparameter: Hyperparameter) -> list[str]:
    if hyperparameter.kind == "categorical":
        return [f"{hyperparameter.name}={choice}" for choice in hyperparameter.choices]
    return [hyperparameter.name]


def _block(hyperparameter: Hyperparameter, cells: Sequence[Any]) -> np.ndarray:
    if hyperparameter.choices:
        places = {_key(choice): i for i, choice in enumerate(hyperparameter.choices)}
        codes = np.array([places[_key(cell)] for cell in cells])
        if hyperparameter.kind == "categorical":
            return np.eye(len(places))[codes]
        return (codes / max(len(places) - 1, 1))[:, None]
    values = np.asarray(cells, dtype=float)
    low, high = float(hyperparameter.low or 0), float(hyperparameter.high or 0)
    if hyperparameter.log:
        values, low, high = np.log(values), np.log(low), np.log(high)
    return ((values - low) / (high - low))[:, None]


def _key(value: Any) -> tuple[bool, Any]:
    return isinstance(value, bool), value
