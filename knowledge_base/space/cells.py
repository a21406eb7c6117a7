"""Cells of a column, each distinct value looked at once."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

_ONE_TYPE = {"string", "integer", "floating", "boolean", "decimal", "empty"}


def map_distinct(column: pd.Series, change: Callable[[object], object]) -> npt.NDArray[np.object_]:
    """Return `change` of every cell, shape (n,), called once per distinct value.

    Missing cells give None.

    Args:
        column: any cells, shape (n,).
        change: a pure function of one cell.
    """
    keys = column
    if column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) not in _ONE_TYPE:
        # 1, 1.0 and True are equal and hash the same, but they are not the same cell.
        known = column.notna()
        keys = column.map(lambda cell: (type(cell).__name__, repr(cell))).where(known)
    codes, _ = pd.factorize(keys)
    distinct, first = np.unique(codes, return_index=True)
    results = np.empty(len(distinct), dtype=object)
    for place, (code, row) in enumerate(zip(distinct, first, strict=True)):
        results[place] = None if code < 0 else change(column.iloc[row])
    return results[np.searchsorted(distinct, codes)]
