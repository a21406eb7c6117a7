"""From conditions and forbidden clauses, as somebody wrote them, to checked ones."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from knowledge_base.errors import SpaceError
from knowledge_base.naming import did_you_mean
from knowledge_base.space.conditions import (
    CONDITION_TYPES,
    FORBIDDEN_TYPES,
    Clause,
    Space,
    parents_of,
)
from knowledge_base.space.entries import check_keys, mapping, meant, plain, shown
from knowledge_base.space.hyperparameter import NUMERIC, Hyperparameter, Value
from knowledge_base.types import JsonObject

KEYS = {"AND": ("conditions",), "OR": ("conditions",), "IN": ("parent", "values")}
CONDITION_KEYS = ("type", "child", "parent", "value", "values", "conditions")


def parse_conditions(given: object, space: Space, where: str, stored: bool) -> tuple[Clause, ...]:
    """Check conditions; they come back in serialised form, sorted by child.

    Args:
        given: a list of mappings, or None.
        space: the hyperparameters of the space.
        where: name of the space in errors.
        stored: whether they were accepted before, maybe by an older version, which looked at
            less; see `SpaceDefinition.from_dict`.

    Raises:
        SpaceError: a type, parent, child or value is unknown, or the conditions are a cycle.
    """
    entries = _entries(given, "conditions", where)
    parsed = [_condition(mapping(c, where), space, where, stored) for c in entries]
    children = [condition["child"] for condition in parsed]
    for child in children:
        if children.count(child) > 1:
            raise SpaceError(f"{where}: '{child}' has two conditions; join them with AND or OR.")
    _refuse_cycles({c["child"]: parents_of(c) for c in parsed}, where)
    return tuple(sorted(parsed, key=lambda condition: str(condition["child"])))


def parse_forbiddens(given: object, space: Space, where: str, stored: bool) -> tuple[Clause, ...]:
    """Check forbidden clauses of the types EQUALS, IN and AND; see `parse_conditions`.

    Raises:
        SpaceError: a clause has another type, lacks its parts, or names an unknown
            hyperparameter or value.
    """
    entries = _entries(given, "forbiddens", where)
    return tuple(_forbidden(mapping(clause, where), space, where, stored) for clause in entries)


def _entries(given: object, key: str, where: str) -> list[object]:
    if given is None:
        return []
    if not isinstance(given, list | tuple):
        raise SpaceError(f"{where}: '{key}' must be a list, not {shown(given)}.")
    return list(given)


def _known(name: object, space: Space, where: str) -> str:
    if not isinstance(name, str) or name not in space:
        hint = did_you_mean(str(name), space) if isinstance(name, str) else ""
        raise SpaceError(f"{where}: there is no hyperparameter {shown(name)}. {hint}".rstrip())
    return str(name)


def _condition(given: JsonObject, space: Space, where: str, stored: bool) -> Clause:
    check_keys(given, CONDITION_KEYS, f"{where}: condition")
    kind = given.get("type", "EQ")
    if not isinstance(kind, str) or kind not in CONDITION_TYPES:
        raise SpaceError(f"{where}: there is no condition type {shown(kind)}.")
    if not stored:
        keys = KEYS.get(kind, ("parent", "value"))
        check_keys(given, ("type", "child", *keys), f"{where}: condition of type {kind}")
    if kind in ("AND", "OR"):
        return _joined(given, kind, space, where, stored)
    child = _known(given.get("child"), space, f"{where}: condition")
    parent = _known(given.get("parent"), space, f"{where}: condition on {child}")
    about = f"{where}: the condition on '{child}' compares '{parent}' with"
    if kind in ("GT", "LT") and space[parent].kind == "categorical" and not stored:
        raise SpaceError(f"{about} {kind}, but the choices of a categorical have no order; make it "
                         "an ordinal, or use IN.")  # fmt: skip
    key, values = _values(given, kind, f"{where}: the condition on '{child}'")
    values = _legal(values, space[parent], about, stored)
    return {"type": kind, "child": child, "parent": parent,
            key: values if kind == "IN" else values[0]}  # fmt: skip


def _joined(given: JsonObject, kind: str, space: Space, where: str, stored: bool) -> Clause:
    """Return an AND or OR of conditions, which are all about one child."""
    parts = given.get("conditions")
    if not isinstance(parts, list | tuple) or not parts:
        raise SpaceError(f"{where}: a condition of type {kind} needs 'conditions', a list of them.")
    checked = [_condition(mapping(part, where), space, where, stored) for part in parts]
    child = _known(given.get("child", checked[0]["child"]), space, f"{where}: condition")
    others = [part["child"] for part in checked if part["child"] != child]
    if others and not stored:
        raise SpaceError(f"{where}: the parts of an {kind} are about one child, not '{child}' and "
                         f"'{others[0]}'.")  # fmt: skip
    return {"type": kind, "child": child, "conditions": checked}


def _values(given: JsonObject, kind: str, about: str) -> tuple[str, list[Value]]:
    """Return the key of a clause's values, and these as a list."""
    key = "values" if kind == "IN" else "value"
    if key not in given:
        raise SpaceError(f"{about} has no '{key}'.")
    if kind != "IN":
        return key, [given[key]]
    if not isinstance(given[key], list | tuple):
        raise SpaceError(f"{about}: 'values' must be a list, not {shown(given[key])}.")
    return key, list(given[key])


def _legal(values: Sequence[Value], h: Hyperparameter, about: str, stored: bool) -> list[Value]:
    """Return values that a clause compares with; each is one that the hyperparameter can have.

    Only choices of conditions were looked at by older versions, so that nothing else is refused
    in what they stored.
    """
    found = [_single(value, h, about, stored) for value in values]
    if not stored and not h.choices:
        outside = _unreachable([value for value in found if isinstance(value, int | float)], h)
        if outside is not None:
            raise SpaceError(f"{about} {outside}, which is outside {h.describe()}.")
    return found


def _single(value: Value, h: Hyperparameter, about: str, stored: bool) -> Value:
    """Return a value in the type of the hyperparameter; numbers may lie outside of it."""
    value = plain(value)
    if isinstance(value, list | tuple | Mapping):
        raise SpaceError(f"{about} {shown(value)}, which is no single value.")
    if stored:
        return value
    if h.choices:
        value = meant(value, h.choices)
        if h.place(value) is None:
            raise SpaceError(f"{about} {shown(value)}, which is not one of {list(h.choices)}.")
        return value
    assert h.kind in NUMERIC
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            raise SpaceError(f"{about} {shown(value)}, which is no number.") from None
        value = int(number) if h.kind == "int" and number.is_integer() else number
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SpaceError(f"{about} {shown(value)}, which is no number.")
    return value


def _unreachable(values: Sequence[float], h: Hyperparameter) -> float | None:
    """Return the first number that the hyperparameter cannot have, None if it can have all.

    They are looked at together: a column takes as long as one cell.
    """
    import pandas as pd

    numbers = [_as_float(value) for value in values]
    _, illegal = h.coerce(pd.Series(numbers, dtype=float))
    wrong = illegal.to_numpy(dtype=bool) | np.isnan(numbers)
    return next((value for value, bad in zip(values, wrong, strict=True) if bad), None)


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _refuse_cycles(parents: Mapping[str, set[str]], where: str) -> None:
    remaining = dict(parents)
    while remaining:
        free = [child for child, above in remaining.items() if not above & remaining.keys()]
        if not free:
            raise SpaceError(
                f"{where}: the conditions of {', '.join(sorted(remaining))} are a cycle."
            )
        for child in free:
            del remaining[child]


def _forbidden(clause: JsonObject, space: Space, where: str, stored: bool) -> Clause:
    kind = clause.get("type")
    if not isinstance(kind, str) or kind not in FORBIDDEN_TYPES:
        raise SpaceError(
            f"{where}: forbidden clauses are {', '.join(FORBIDDEN_TYPES)}, not {shown(kind)}."
        )
    if kind == "AND":
        return _all_of(clause, space, where, stored)
    name = _known(clause.get("name"), space, f"{where}: forbidden")
    about = f"{where}: the forbidden clause on '{name}'"
    key, values = _values(clause, kind, about)
    if not stored:
        check_keys(clause, ("type", "name", key), about)
        if not values:
            raise SpaceError(f"{about}: 'values' must be a list with at least one value.")
    compares = f"{about} compares with"
    values = _legal(values, space[name], compares, stored)
    return {**clause, key: values if kind == "IN" else values[0]}


def _all_of(clause: JsonObject, space: Space, where: str, stored: bool) -> Clause:
    parts = clause.get("clauses")
    if not isinstance(parts, list | tuple) or not parts:
        raise SpaceError(
            f"{where}: a forbidden clause of type AND needs 'clauses', a list of them."
        )
    if not stored:
        check_keys(clause, ("type", "clauses"), f"{where}: forbidden clause of type AND")
    checked = [_forbidden(mapping(part, where), space, where, stored) for part in parts]
    return {"type": "AND", "clauses": checked}
