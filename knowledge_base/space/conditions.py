"""Conditions (when a hyperparameter is active) and forbidden combinations.

Both are kept in ConfigSpace's serialised form and evaluated on whole frames.
"""

import operator
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

COMPARE = {"EQ": operator.eq, "NEQ": operator.ne, "GT": operator.gt, "LT": operator.lt}
CONDITION_TYPES = ("EQ", "NEQ", "IN", "GT", "LT", "AND", "OR")
FORBIDDEN_TYPES = ("EQUALS", "IN", "AND")


def parents_of(condition: Mapping[str, Any]) -> set[str]:
    """Return the hyperparameters that a condition looks at."""
    if condition["type"] in ("AND", "OR"):
        return set().union(*(parents_of(part) for part in condition["conditions"]))
    return {condition["parent"]}


def holds(
    condition: Mapping[str, Any], frame: pd.DataFrame, active: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Return for which rows the condition is fulfilled, shape (n,).

    Args:
        condition: in serialised form.
        frame: clean values, one column per hyperparameter.
        active: rows in which each parent is active; an inactive parent fulfils nothing.
    """
    if condition["type"] in ("AND", "OR"):
        parts = [holds(part, frame, active) for part in condition["conditions"]]
        combine = np.logical_and if condition["type"] == "AND" else np.logical_or
        return combine.reduce(parts)
    parent = condition["parent"]
    column = frame[parent]
    if condition["type"] == "IN":
        fulfilled = column.isin(condition["values"])
    else:
        compare = COMPARE[condition["type"]]
        fulfilled = column.notna()
        fulfilled &= compare(column.where(fulfilled, condition["value"]), condition["value"])
    return fulfilled.to_numpy(dtype=bool) & active[parent]


def is_forbidden(clause: Mapping[str, Any], frame: pd.DataFrame) -> np.ndarray:
    """Return which rows a forbidden clause excludes, shape (n,)."""
    if clause["type"] == "AND":
        return np.logical_and.reduce([is_forbidden(part, frame) for part in clause["clauses"]])
    values = clause["values"] if clause["type"] == "IN" else [clause["value"]]
    return frame[clause["name"]].isin(values).to_numpy(dtype=bool)
