"""Configurations as numbers in the unit cube, for surrogates."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd

from knowledge_base.space import Hyperparameter, SpaceDefinition
from knowledge_base.types import Config

_Cells: TypeAlias = Sequence[object] | np.ndarray
"""The values of one hyperparameter, shape (n,)."""


class Encoder:
    """Encodes configurations of one space.

    Numbers are scaled to [0, 1] (after a logarithm where the space has one), ordinals by
    their rank, categoricals one-hot; constants are left out. An inactive hyperparameter
    stands at its default (Levesque et al. 2017).

    Attributes:
        columns: names of the d columns: of a hyperparameter, or "name=choice" of a categorical.
        owners: the hyperparameter of each column.
    """

    def __init__(self, space: SpaceDefinition) -> None:
        """Prepare for `space`."""
        self._varying = [h for h in space.hyperparameters.values() if h.kind != "constant"]
        self.columns: tuple[str, ...] = tuple(n for h in self._varying for n in _columns(h))
        self.owners: tuple[str, ...] = tuple(h.name for h in self._varying for _ in _columns(h))

    def encode(self, configs: Sequence[Config]) -> np.ndarray:
        """Return the encoded configurations, shape (n, d)."""
        cells = [[c.get(h.name, h.default) for c in configs] for h in self._varying]
        return self._stacked(cells, len(configs))

    def encode_frame(self, clean: pd.DataFrame) -> np.ndarray:
        """Return the encoded rows of a clean frame (see `SpaceDefinition.check`), shape (n, d)."""
        cells = []
        for h in self._varying:
            column = clean[h.name]
            cells.append((column.where(column.notna(), h.cell(h.default))).to_numpy())
        return self._stacked(cells, len(clean))

    def _stacked(self, cells: Sequence[_Cells], rows: int) -> np.ndarray:
        if not rows:
            return np.empty((0, len(self.columns)))
        blocks = [_block(h, column) for h, column in zip(self._varying, cells, strict=True)]
        return np.hstack(blocks) if blocks else np.zeros((rows, 0))


def _columns(hyperparameter: Hyperparameter) -> list[str]:
    if hyperparameter.kind == "categorical":
        return [f"{hyperparameter.name}={choice}" for choice in hyperparameter.choices]
    return [hyperparameter.name]


def _block(hyperparameter: Hyperparameter, cells: _Cells) -> np.ndarray:
    if hyperparameter.choices:
        places = {_key(choice): i for i, choice in enumerate(hyperparameter.cells)}
        if hyperparameter.offers_none:
            cells = [hyperparameter.cell(cell) for cell in cells]
        codes = np.array([places[_key(cell)] for cell in cells])
        if hyperparameter.kind == "categorical":
            one_hot: np.ndarray = np.eye(len(places))[codes]
            return one_hot
        ranks: np.ndarray = codes / max(len(places) - 1, 1)
        return ranks[:, None]
    values = np.asarray(cells, dtype=float)
    low, high = float(hyperparameter.low or 0), float(hyperparameter.high or 0)
    if hyperparameter.log:
        values, low, high = np.log(values), np.log(low), np.log(high)
    scaled: np.ndarray = (values - low) / (high - low)
    return scaled[:, None]


def _key(value: object) -> tuple[bool, object]:
    """Return what tells choices apart: 1 and True are equal, but not the same choice."""
    return isinstance(value, bool), value
