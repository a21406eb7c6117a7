"""Part of a search space: some hyperparameters free, all others fixed."""

from collections.abc import Collection, Sequence

import pandas as pd

from knowledge_base.errors import SpaceError
from knowledge_base.space.conditions import Clause, value_fulfils
from knowledge_base.space.definition import SpaceDefinition
from knowledge_base.space.entries import check_keys
from knowledge_base.space.hyperparameter import Hyperparameter, Value
from knowledge_base.types import Config, ConfigDict


def restricted(
    space: SpaceDefinition,
    only: Collection[str] | None = None,
    fixed: Config | None = None,
) -> SpaceDefinition:
    """Return a space of the same name in which only some hyperparameters are searched.

    The others become constants, so that its configurations are configurations of the whole
    space. Those that can never be active are left out.

    Args:
        space: the whole space.
        only: hyperparameters that stay free; default everything that is not fixed.
        fixed: values of others; where one has none, its default is taken.

    Raises:
        SpaceError: a name is unknown, a value is illegal, a hyperparameter is both free and
            fixed, or one to search has no effect for the fixed values.
    """
    fixed = dict(fixed or {})
    where = f"space '{space.name}'"
    check_keys([*(only or ()), *fixed], tuple(space.hyperparameters), where)
    both = sorted(set(only or ()) & set(fixed))
    if both:
        raise SpaceError(f"{where}: '{both[0]}' cannot be fixed and searched at once.")
    free = set(space.hyperparameters) - set(fixed) if only is None else set(only)
    constants = {
        name: _legal(h, fixed.get(name, h.default), where)
        for name, h in space.hyperparameters.items()
        if name not in free
    }
    conditions, dropped = _conditions(space, constants)
    for name in sorted((set(only or ()) | set(fixed)) & dropped):
        condition = next(c for c in space.conditions if c["child"] == name)
        raise SpaceError(
            f"{where}: '{name}' has no effect unless {_text(condition)}; fix that, or search it "
            "too."
        )
    parts = [
        h.to_dict()
        if name in free
        else {"type": "constant", "name": name, "value": constants[name]}
        for name, h in space.hyperparameters.items()
        if name not in dropped
    ]
    part = SpaceDefinition.from_dict(
        {
            "name": space.name,
            "version": space.version,
            "hyperparameters": parts,
            "conditions": conditions,
            "forbiddens": _forbiddens(space, constants, dropped, where),
        },
        where,
        stored=True,  # What was accepted as a whole is not refused in parts.
    )
    part.refuse_forbidden_default(where, only_empty=True)
    part.whole = space.whole or space
    return part


def projected(part: SpaceDefinition, configs: Sequence[Config]) -> list[ConfigDict]:
    """Return the configurations of `part` that are nearest to some of its whole space.

    Fixed hyperparameters take their fixed values, and those that only become active by them
    take their defaults. Combinations that are forbidden are left out.

    Args:
        part: a space that `restricted` returned.
        configs: configurations of the whole space.
    """
    defaults = {name: h.default for name, h in part.hyperparameters.items()}
    free = [name for name, h in part.hyperparameters.items() if h.kind != "constant"]
    found = [defaults | {name: c[name] for name in free if name in c} for c in configs]
    clean, reasons = part.check(part.frame(found))
    return part.records(clean[reasons == ""])


def _legal(h: Hyperparameter, value: Value, where: str) -> Value:
    clean, illegal = h.coerce(pd.Series([h.cell(value)], dtype=object))
    if illegal.iloc[0] or clean.isna().iloc[0]:
        raise SpaceError(f"{where}: {h.name} = {value} is outside {h.describe()}.")
    found = clean.iloc[0]
    if h.kind == "int":
        return int(found)
    return float(found) if h.kind == "float" else h.value(found)


def _conditions(space: SpaceDefinition, constants: Config) -> tuple[list[Clause], set[str]]:
    """Return the conditions that are left, and the hyperparameters that are never active."""
    dropped: set[str] = set()
    while True:
        found = {c["child"]: _simplified(c, space, constants, dropped) for c in space.conditions}
        never = {child for child, condition in found.items() if condition is False}
        if never <= dropped:
            left = [c for c in found.values() if isinstance(c, dict)]
            return left, dropped
        dropped |= never


def _simplified(
    condition: Clause, space: SpaceDefinition, constants: Config, dropped: Collection[str]
) -> Clause | bool:
    """Return whether a condition holds, or the part of it that is left where that is open."""
    if condition["type"] in ("AND", "OR"):
        parts = [_simplified(part, space, constants, dropped) for part in condition["conditions"]]
        decided = condition["type"] == "OR"  # One part that holds decides an OR.
        if any(part is decided for part in parts):
            return bool(decided)
        left = [part for part in parts if isinstance(part, dict)]
        if not left:
            return not decided
        return left[0] if len(left) == 1 else {**condition, "conditions": left}
    parent: str = condition["parent"]
    if parent in dropped:
        return False
    if parent not in constants:
        return condition
    return value_fulfils(condition, space.hyperparameters[parent], constants[parent])


def _forbiddens(
    space: SpaceDefinition, constants: Config, dropped: Collection[str], where: str
) -> list[Clause]:
    found = [_open(clause, space, constants, dropped) for clause in space.forbiddens]
    if True in found:
        raise SpaceError(f"{where}: the fixed values are a forbidden combination.")
    return [clause for clause in found if isinstance(clause, dict)]


def _open(
    clause: Clause, space: SpaceDefinition, constants: Config, dropped: Collection[str]
) -> Clause | bool:
    """Return whether a clause excludes everything or nothing, or the part of it that is left."""
    if clause["type"] == "AND":
        parts = [_open(part, space, constants, dropped) for part in clause["clauses"]]
        left = [part for part in parts if isinstance(part, dict)]
        if False in parts:
            return False
        return {"type": "AND", "clauses": left} if left else True
    if clause["name"] in dropped:
        return False
    if clause["name"] not in constants:
        return clause
    name: str = clause["name"]
    return value_fulfils(clause, space.hyperparameters[name], constants[name])


def _text(condition: Clause) -> str:
    """Return a condition as people read it."""
    if condition["type"] in ("AND", "OR"):
        joint = f" {condition['type'].lower()} "
        return joint.join(_text(part) for part in condition["conditions"])
    if condition["type"] == "IN":
        return f"{condition['parent']} is one of {', '.join(map(str, condition['values']))}"
    sign = {"EQ": "=", "NEQ": "is not", "GT": ">", "LT": "<"}[condition["type"]]
    return f"{condition['parent']} {sign} {condition['value']}"
