"""Conditions (when a hyperparameter is active) and forbidden combinations.

Both are kept in ConfigSpace's serialised form and evaluated on whole frames.
"""

import operator
from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from knowledge_base.types import JsonObject

Clause: TypeAlias = JsonObject
"""A condition or a forbidden combination in ConfigSpace's serialised form."""

Rows: TypeAlias = npt.NDArray[np.bool_]
"""Which rows of a frame something is true of, shape (n,)."""

COMPARE = {"EQ": operator.eq, "NEQ": operator.ne, "GT": operator.gt, "LT": operator.lt}
CONDITION_TYPES = ("EQ", "NEQ", "IN", "GT", "LT", "AND", "OR")
FORBIDDEN_TYPES = ("EQUALS", "IN", "AND")


def parents_of(condition: Clause) -> set[str]:
    """Return the hyperparameters that a condition looks at."""
    if condition["type"] in ("AND", "OR"):
        return {parent for part in condition["conditions"] for parent in parents_of(part)}
    return {condition["parent"]}


def holds(condition: Clause, frame: pd.DataFrame, active: Mapping[str, Rows]) -> Rows:
    """Return for which rows the condition is fulfilled, shape (n,).

    Args:
        condition: the condition in serialised form.
        frame: clean values, one column per hyperparameter; n rows.
        active: rows in which each parent is active; an inactive parent fulfils nothing.
    """
    if condition["type"] in ("AND", "OR"):
        parts = [holds(part, frame, active) for part in condition["conditions"]]
        together = np.all if condition["type"] == "AND" else np.any
        joint: Rows = together(parts, axis=0)
        return joint
    parent: str = condition["parent"]
    column = frame[parent]
    if condition["type"] == "IN":
        fulfilled = column.isin(condition["values"])
    else:
        compare = COMPARE[condition["type"]]
        fulfilled = column.notna()
        fulfilled &= compare(column.where(fulfilled, condition["value"]), condition["value"])
    return fulfilled.to_numpy(dtype=bool) & active[parent]


def is_forbidden(clause: Clause, frame: pd.DataFrame) -> Rows:
    """Return which rows a forbidden clause excludes, shape (n,)."""
    if clause["type"] == "AND":
        excluded: Rows = np.all([is_forbidden(p, frame) for p in clause["clauses"]], axis=0)
        return excluded
    values = clause["values"] if clause["type"] == "IN" else [clause["value"]]
    return frame[clause["name"]].isin(values).to_numpy(dtype=bool)
