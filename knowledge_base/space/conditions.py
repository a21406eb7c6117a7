"""Conditions (when a hyperparameter is active) and forbidden combinations.

Both are kept in ConfigSpace's serialised form and evaluated on whole frames. Choices are compared
by their place: GT and LT go by the order of an ordinal, and True is not 1.
"""

import operator
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from knowledge_base.space.cells import map_distinct
from knowledge_base.space.hyperparameter import Hyperparameter, Value
from knowledge_base.types import JsonObject

Clause: TypeAlias = JsonObject
"""A condition or a forbidden combination in ConfigSpace's serialised form."""

Rows: TypeAlias = npt.NDArray[np.bool_]
"""Which rows of a frame something is true of, shape (n,)."""

Space: TypeAlias = Mapping[str, Hyperparameter]
"""Hyperparameters by name."""

COMPARE = {"EQ": operator.eq, "NEQ": operator.ne, "GT": operator.gt, "LT": operator.lt}
CONDITION_TYPES = ("EQ", "NEQ", "IN", "GT", "LT", "AND", "OR")
FORBIDDEN_TYPES = ("EQUALS", "IN", "AND")


def parents_of(condition: Clause) -> set[str]:
    """Return the hyperparameters that a condition looks at."""
    if condition["type"] in ("AND", "OR"):
        return {parent for part in condition["conditions"] for parent in parents_of(part)}
    return {condition["parent"]}


def names_of(clause: Clause) -> set[str]:
    """Return the hyperparameters that a forbidden clause looks at."""
    if clause["type"] == "AND":
        return {name for part in clause["clauses"] for name in names_of(part)}
    return {clause["name"]}


def holds(condition: Clause, frame: pd.DataFrame, active: Mapping[str, Rows], space: Space) -> Rows:
    """Return for which rows the condition is fulfilled, shape (n,).

    Args:
        condition: the condition in serialised form.
        frame: clean values, one column per hyperparameter; n rows.
        active: rows in which each parent is active; an inactive parent fulfils nothing.
        space: the hyperparameters of the space.
    """
    if condition["type"] in ("AND", "OR"):
        parts = [holds(part, frame, active, space) for part in condition["conditions"]]
        together = np.all if condition["type"] == "AND" else np.any
        joint: Rows = together(parts, axis=0)
        return joint
    parent: str = condition["parent"]
    return _compared(condition, space[parent], frame[parent]) & active[parent]


def is_forbidden(clause: Clause, frame: pd.DataFrame, space: Space) -> Rows:
    """Return which rows a forbidden clause excludes, shape (n,).

    Args:
        clause: the clause in serialised form.
        frame: clean values, cells of inactive hyperparameters empty; n rows.
        space: the hyperparameters of the space.
    """
    if clause["type"] == "AND":
        excluded: Rows = np.all([is_forbidden(p, frame, space) for p in clause["clauses"]], axis=0)
        return excluded
    name: str = clause["name"]
    return _compared(clause, space[name], frame[name])


def value_fulfils(clause: Clause, hyperparameter: Hyperparameter, value: Value) -> bool:
    """Return whether one value fulfils a condition, or is one that a clause forbids.

    Args:
        clause: the condition or clause, neither AND nor OR.
        hyperparameter: the one that it looks at.
        value: one of its values.
    """
    kind = object if hyperparameter.choices else float
    cells = pd.Series([hyperparameter.cell(value)], dtype=kind)
    return bool(_compared(clause, hyperparameter, cells)[0])


def _compared(clause: Clause, hyperparameter: Hyperparameter, column: pd.Series) -> Rows:
    """Return which cells fulfil a condition or clause; empty cells fulfil nothing."""
    kind: str = clause["type"]
    values: Sequence[Value] = clause["values"] if kind == "IN" else [clause["value"]]
    if hyperparameter.choices and not (hyperparameter.all_texts and kind not in ("GT", "LT")):
        known = (hyperparameter.place(value) for value in values)
        values = [place for place in known if place is not None]
        column = pd.Series(map_distinct(column, hyperparameter.place), dtype=float)
    if kind in ("IN", "EQUALS", "EQ"):
        return column.isin(values).to_numpy(dtype=bool)
    if not values:  # It compares with what is no choice, in a definition of an older version.
        return column.notna().to_numpy(dtype=bool) & (kind == "NEQ")
    given = column.notna()
    compared = COMPARE[kind](column.where(given, values[0]), values[0])
    fulfilled: Rows = (given & compared).to_numpy(dtype=bool)
    return fulfilled
