"""Test rows of the user's own that a search trains on, too: what they show is no new row."""

from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np
import pandas as pd

from advisor.data.dataset import TabularDataset
from advisor.data.images import ImageDataset
from advisor.data.intake import UNITS, counted
from advisor.data.texts import TextDataset
from advisor.problem import Problem
from advisor.problem.data import DataProblem

if TYPE_CHECKING:
    from advisor.data import NewRows

Rows: TypeAlias = pd.DataFrame | pd.Series | np.ndarray
"""Features of a table, texts (n,), or images (n, channels, height, width)."""


def seen_before(problem: Problem, test: "NewRows[object] | None") -> list[str]:
    """Return a sentence on test rows that stand in the data, target included; none if none does.

    Args:
        problem: whose data are trained on.
        test: rows of the user's own, None without any.
    """
    if test is None or test.target is None or not isinstance(problem, DataProblem):
        return []
    data = problem.dataset
    if isinstance(data, TabularDataset):
        known: Rows = data.features
    elif isinstance(data, ImageDataset):
        known = data.images
    elif isinstance(data, TextDataset):
        known = data.texts
    else:
        return []
    there = np.isin(_keys(cast(Rows, test.features), test.target), _keys(known, data.target))
    if not there.any():
        return []
    which = "All" if there.all() else f"{int(there.sum()):,} of"
    rows = counted(len(there), UNITS[data.modality])
    return [
        f"{which} {rows} to test stand in the data, too: what is tested on them was there to be "
        "learned."
    ]


def _keys(features: Rows, target: pd.Series) -> np.ndarray:
    """Return a number for each row, the same for the same features and target, shape (n,)."""
    if isinstance(features, np.ndarray):
        features = pd.Series([image.tobytes() for image in features], dtype=object)
    frame = pd.DataFrame(features).reset_index(drop=True)
    frame = frame.set_axis([*map(str, range(frame.shape[1]))], axis=1)
    frame = frame.assign(target=target.to_numpy())
    keys: np.ndarray = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    return keys
