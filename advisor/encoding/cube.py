"""Configurations as points of the unit cube, one coordinate per hyperparameter."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from knowledge_base.space import Hyperparameter, SpaceDefinition
from knowledge_base.types import Config

_HALF = 0.49999
"""Whole numbers own the interval around them, so that the outermost are as likely."""


def to_frame(space: SpaceDefinition, points: np.ndarray) -> pd.DataFrame:
    """Return points of the cube as configurations, one per row; conditions are not looked at.

    Args:
        space: a space of k hyperparameters.
        points: coordinates in [0, 1], shape (n, k).
    """
    columns = zip(space.hyperparameters.values(), points.T, strict=True)
    return pd.DataFrame({h.name: _values(h, column) for h, column in columns})


def to_points(
    space: SpaceDefinition, configs: Sequence[Config], rng: np.random.Generator
) -> np.ndarray:
    """Return configurations as points of the cube, shape (n, k).

    Args:
        space: a space of k hyperparameters.
        configs: n of its configurations, active hyperparameters only.
        rng: draws the coordinates of inactive hyperparameters.
    """
    points = rng.random((len(configs), len(space.hyperparameters)))
    for column, h in enumerate(space.hyperparameters.values()):
        rows = [row for row, config in enumerate(configs) if h.name in config]
        points[rows, column] = _units(h, [configs[row][h.name] for row in rows])
    return points


def allowed(space: SpaceDefinition, points: np.ndarray) -> pd.DataFrame:
    """Return the points that are legal configurations, one per row, inactive cells empty.

    Args:
        space: a space of k hyperparameters.
        points: coordinates in [0, 1], shape (n, k).
    """
    clean, reasons = space.check(to_frame(space, points))
    return clean[(reasons == "").to_numpy()].reset_index(drop=True)


def _values(h: Hyperparameter, units: np.ndarray) -> np.ndarray:
    """Return the values at coordinates, shape (n,)."""
    if h.choices:
        places = np.minimum((units * len(h.choices)).astype(int), len(h.choices) - 1)
        choices = np.empty(len(h.choices), dtype=object)
        choices[:] = h.cells
        chosen: np.ndarray = choices[places]
        return chosen
    low, high = _bounds(h)
    values = low + units * (high - low)
    if h.log:
        values = np.exp(values)
    if h.step is not None:
        return h.grid(np.round(values))
    return np.clip(np.round(values) if h.kind == "int" else values, h.low, h.high)


def _units(h: Hyperparameter, cells: Sequence[object]) -> np.ndarray:
    """Return the coordinates of values, shape (n,)."""
    if h.choices:
        found = [h.place(cell) for cell in cells]
        return (np.array(found, dtype=float) + 0.5) / len(h.choices)
    low, high = _bounds(h)
    values = np.array(cells, dtype=float)
    if h.step is not None:
        assert h.low is not None
        values = (values - h.low) / h.step
    return np.clip(((np.log(values) if h.log else values) - low) / (high - low), 0.0, 1.0)


def _bounds(h: Hyperparameter) -> tuple[float, float]:
    assert h.low is not None
    assert h.high is not None
    if h.step is not None:  # Places of the grid own intervals as whole numbers do.
        return -_HALF, (h.count or 1) - 1 + _HALF
    half = _HALF if h.kind == "int" else 0.0
    low, high = h.low - half, h.high + half
    return (float(np.log(low)), float(np.log(high))) if h.log else (float(low), float(high))
