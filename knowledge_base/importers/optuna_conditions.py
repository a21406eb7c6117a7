"""When the parameters of an Optuna study are there, found from which trials have them.

Optuna knows no conditions: an objective asks for a parameter or not. The usual forms are found
again: `if kernel == "rbf": gamma = ...`, branches within branches, loops over layers (`units_2` is
there where `n_layers` is above 2), and several values that have to come together.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from knowledge_base.types import Config, JsonObject

FEW = 10
"""Values of a whole number up to which single ones of them may be a condition."""

MOST_PARTS = 3
"""Most parents of a condition; more of them fit anything."""

Trials: TypeAlias = frozenset[int]
"""Places of trials."""


@dataclass(frozen=True)
class Parameter:
    """What the trials say about a parameter.

    Attributes:
        name: its name.
        kind: "choice", "int" or "float".
        values: its value in each trial that has it, by the place of the trial.
    """

    name: str
    kind: str
    values: Mapping[int, object]

    @property
    def trials(self) -> Trials:
        """The trials that have it."""
        return frozenset(self.values)


@dataclass(frozen=True)
class Part:
    """A condition on one parent, and the trials that fulfil it."""

    condition: JsonObject
    trials: Trials


def find_conditions(
    kinds: Mapping[str, str], params: Sequence[Config]
) -> tuple[list[JsonObject], set[str]]:
    """Return the conditions of a study, and the parameters that no condition explains.

    Args:
        kinds: "choice", "int" or "float" for each parameter, in the order of their appearance.
        params: parameters of each trial that came to its end.
    """
    known = [
        Parameter(name, kind, {i: p[name] for i, p in enumerate(params) if name in p})
        for name, kind in kinds.items()
    ]
    explained = [p for p in known if len(p.values) == len(params)]
    pending = [p for p in known if len(p.values) < len(params)]
    pending.sort(key=lambda p: -len(p.values))
    conditions: list[JsonObject] = []
    unexplained: set[str] = set()
    while pending:
        for child in pending:
            condition = _condition(child, explained, len(params))
            if condition is not None:
                conditions.append(condition)
                break
        else:
            child = pending[0]
            unexplained.add(child.name)
        pending.remove(child)
        explained.append(child)
    return conditions, unexplained


def _condition(child: Parameter, parents: Sequence[Parameter], n: int) -> JsonObject | None:
    """Return the simplest condition that exactly the trials with `child` fulfil."""
    have = child.trials
    if not have:
        return None
    always = [p for p in parents if len(p.values) == n]
    sometimes = [p for p in parents if len(p.values) < n]
    for kind in ("choice", "int"):
        for parent in (*always, *sometimes):
            part = _part(child, parent) if parent.kind == kind else None
            if part is not None and part.trials == have:
                return part.condition
    for joined in (_all_of(child, parents), _any_of(child, parents)):
        if joined is not None:
            return joined
    for parent in (*always, *sometimes):
        part = _single_values(child, parent) if parent.kind == "int" else None
        part = _part(child, parent) if parent.kind == "float" else part
        if part is not None and part.trials == have:
            return part.condition
    return None


def _part(child: Parameter, parent: Parameter) -> Part | None:
    """Return the narrowest condition on `parent` that all trials with `child` fulfil."""
    have = child.trials
    if not have <= parent.trials:
        return None
    inside = [parent.values[i] for i in have]
    outside = [value for i, value in parent.values.items() if i not in have]
    if parent.kind == "choice":
        return _among(child, parent, inside)
    numbers = {i: _number(value) for i, value in parent.values.items()}
    low, high = min(map(_number, inside)), max(map(_number, inside))
    below = [value for value in map(_number, outside) if value < low]
    above = [value for value in map(_number, outside) if value > high]
    if below and not above:
        bound = _between(child, parent, max(below), low)
        kept = frozenset(i for i, value in numbers.items() if value > bound)
        return Part(_compare("GT", child, parent, bound), kept)
    if above and not below:
        bound = min(above)
        kept = frozenset(i for i, value in numbers.items() if value < bound)
        return Part(_compare("LT", child, parent, bound), kept)
    return None


def _number(value: object) -> float:
    assert isinstance(value, int | float)
    return value


def _between(child: Parameter, parent: Parameter, below: float, low: float) -> float:
    """Return the bound above which a parameter is there, of those that fit all trials.

    Of `units_2` it is 2 where that fits, since layers are mostly counted from 0.
    """
    if parent.kind != "int":
        return below
    number = re.search(r"[0-9]{1,9}$", child.name)
    wanted = int(number.group()) if number else low - 1
    return min(max(wanted, below), low - 1)


def _among(child: Parameter, parent: Parameter, inside: Sequence[object]) -> Part:
    values = {repr(value): value for value in inside}
    kept = frozenset(i for i, value in parent.values.items() if repr(value) in values)
    # Sorted by their text as in versions before, so that spaces keep their identity.
    chosen = sorted(values.values(), key=str)
    condition = {"type": "IN", "child": child.name, "parent": parent.name, "values": chosen}
    return Part(condition, kept)


def _single_values(child: Parameter, parent: Parameter) -> Part | None:
    """Return a condition on single values of a whole number of few."""
    if not child.trials <= parent.trials or len(set(parent.values.values())) > FEW:
        return None
    return _among(child, parent, [parent.values[i] for i in child.trials])


def _compare(kind: str, child: Parameter, parent: Parameter, value: object) -> JsonObject:
    return {"type": kind, "child": child.name, "parent": parent.name, "value": value}


def _all_of(child: Parameter, parents: Sequence[Parameter]) -> JsonObject | None:
    """Return several conditions that hold together exactly where `child` is there."""
    parts = [_part(child, parent) for parent in parents if parent.kind != "float"]
    kept = [part for part in parts if part is not None and not _is_idle(part, parents)]
    have = child.trials
    if not kept or frozenset.intersection(*(part.trials for part in kept)) != have:
        return None
    for part in list(kept):
        others = [other for other in kept if other is not part]
        if others and frozenset.intersection(*(other.trials for other in others)) == have:
            kept = others
    return _joined("AND", child, kept)


def _any_of(child: Parameter, parents: Sequence[Parameter]) -> JsonObject | None:
    """Return several conditions of which one holds exactly where `child` is there."""
    have = child.trials
    kept: list[Part] = []
    for parent in parents:
        if parent.kind == "choice":
            lacking = {repr(v) for i, v in parent.values.items() if i not in have}
            pure = [v for i, v in parent.values.items() if i in have and repr(v) not in lacking]
            if pure:
                kept.append(_among(child, parent, pure))
    if not kept or frozenset.union(*(part.trials for part in kept)) != have:
        return None
    for part in list(kept):
        others = [other for other in kept if other is not part]
        if others and frozenset.union(*(other.trials for other in others)) == have:
            kept = others
    return _joined("OR", child, kept)


def _is_idle(part: Part, parents: Sequence[Parameter]) -> bool:
    """Return whether all values of the parent fulfil a condition."""
    (parent,) = (p for p in parents if p.name == part.condition["parent"])
    return part.trials == parent.trials


def _joined(kind: str, child: Parameter, parts: Sequence[Part]) -> JsonObject | None:
    if len(parts) > MOST_PARTS:
        return None
    if len(parts) == 1:
        return parts[0].condition
    return {"type": kind, "child": child.name, "conditions": [part.condition for part in parts]}
