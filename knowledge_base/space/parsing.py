"""From a dictionary, as ConfigSpace or a person wrote it, to a checked definition."""

import math
from collections.abc import Collection, Iterable, Mapping
from typing import NoReturn

from knowledge_base.errors import SpaceError
from knowledge_base.naming import did_you_mean, nearest
from knowledge_base.space.conditions import CONDITION_TYPES, FORBIDDEN_TYPES, Clause, parents_of
from knowledge_base.space.hyperparameter import NUMERIC, Hyperparameter, Value
from knowledge_base.types import JsonObject

TOP_KEYS = ("name", "version", "hyperparameters", "conditions", "forbiddens", "meta",
            "python_module_version", "format_version")  # fmt: skip
KINDS = {
    "uniform_float": "float", "float": "float", "uniform_int": "int", "int": "int",
    "integer": "int", "categorical": "categorical", "bool": "categorical",
    "ordinal": "ordinal", "constant": "constant",
}  # fmt: skip
NUMBER_KEYS = ("type", "name", "lower", "upper", "low", "high", "log", "default_value", "default",
               "meta")  # fmt: skip
CHOICE_KEYS = ("type", "name", "choices", "sequence", "weights", "value", "default_value",
               "default", "meta")  # fmt: skip
CONDITION_KEYS = ("type", "child", "parent", "value", "values", "conditions")


def check_keys(given: Collection[str], known: Collection[str], where: str) -> None:
    """Refuse keys that do not exist; they are mostly typos.

    Raises:
        SpaceError: names the key and the nearest one that exists.
    """
    for key in given:
        if key not in known:
            _refuse("key", key, known, where)


def _refuse(what: str, name: object, known: Collection[str], where: str) -> NoReturn:
    near = nearest(str(name), known)
    hint = f"did you mean '{near}'?" if near else f"known are {', '.join(known)}."
    raise SpaceError(f"{where}: there is no {what} '{name}'; {hint}")


def parse_hyperparameters(given: object, where: str) -> dict[str, Hyperparameter]:
    """Read a list of dictionaries with names, or a mapping of names to dictionaries.

    Raises:
        SpaceError: something is wrong with one of them.
    """
    if isinstance(given, Mapping):
        given = [
            {"name": name, **_mapping(body, f"{where}: {name}")} for name, body in given.items()
        ]
    if not isinstance(given, list) or not given:
        raise SpaceError(f"{where}: 'hyperparameters' must be a list with at least one entry.")
    found: dict[str, Hyperparameter] = {}
    for entry in given:
        parsed = _hyperparameter(_mapping(entry, where), where)
        if parsed.name in found:
            raise SpaceError(f"{where}: two hyperparameters are called '{parsed.name}'.")
        found[parsed.name] = parsed
    return dict(sorted(found.items()))


def parse_conditions(
    given: Iterable[object] | None, hyperparameters: Mapping[str, Hyperparameter], where: str
) -> tuple[Clause, ...]:
    """Check conditions; they come back in serialised form, sorted by child.

    Raises:
        SpaceError: a type, parent, child or value is unknown, or the conditions are a cycle.
    """
    parsed = [_condition(_mapping(c, where), hyperparameters, where) for c in given or ()]
    children = [condition["child"] for condition in parsed]
    for child in children:
        if children.count(child) > 1:
            raise SpaceError(f"{where}: '{child}' has two conditions; join them with AND or OR.")
    _refuse_cycles({c["child"]: parents_of(c) for c in parsed}, where)
    return tuple(sorted(parsed, key=lambda condition: condition["child"]))


def parse_forbiddens(
    given: Iterable[object] | None, hyperparameters: Mapping[str, Hyperparameter], where: str
) -> tuple[Clause, ...]:
    """Check forbidden clauses of the types EQUALS, IN and AND.

    Raises:
        SpaceError: a clause has another type, or names an unknown hyperparameter.
    """
    return tuple(
        _forbidden(_mapping(clause, where), hyperparameters, where) for clause in given or ()
    )


def _mapping(value: object, where: str) -> JsonObject:
    if not isinstance(value, Mapping):
        raise SpaceError(f"{where}: expected keys and values, found {value!r}.")
    return dict(value)


def _hyperparameter(entry: JsonObject, where: str) -> Hyperparameter:
    name = entry.get("name")
    if not isinstance(name, str) or not name:
        raise SpaceError(f"{where}: a hyperparameter has no name: {entry!r}.")
    where = f"{where}: {name}"
    kind = KINDS.get(entry.get("type", ""))
    if kind is None:
        _refuse("type", entry.get("type"), KINDS, where)
    if kind in NUMERIC:
        return _number(entry, name, kind, where)
    return _choice(entry, name, kind, where)


def _number(entry: JsonObject, name: str, kind: str, where: str) -> Hyperparameter:
    check_keys(entry, NUMBER_KEYS, where)
    low = _bound(entry, ("lower", "low"), kind, where)
    high = _bound(entry, ("upper", "high"), kind, where)
    log = entry.get("log", False)
    if not isinstance(log, bool):
        raise SpaceError(f"{where}: log must be true or false, not {log!r}.")
    if low > high:
        raise SpaceError(f"{where}: low {low:g} is greater than high {high:g}.")
    if low == high:
        raise SpaceError(f"{where}: low equals high ({low:g}); use type: constant.")
    if log and low <= 0:
        raise SpaceError(f"{where}: a log scale needs low > 0, not {low:g}.")
    default = entry.get("default_value", entry.get("default"))
    if default is None:
        default = math.sqrt(low * high) if log else (low + high) / 2
        default = round(default) if kind == "int" else default
    default = _as_number(default, kind, f"{where}: default")
    if not low <= default <= high:
        raise SpaceError(f"{where}: the default {default:g} is outside [{low:g}, {high:g}].")
    return Hyperparameter(name, kind, default, low, high, log)


def _bound(entry: JsonObject, names: tuple[str, str], kind: str, where: str) -> float:
    for name in names:
        if name in entry:
            return _as_number(entry[name], kind, f"{where}: {name}")
    raise SpaceError(f"{where}: '{names[1]}' is missing.")


def _as_number(value: Value, kind: str, where: str) -> float:
    try:  # YAML reads 1e-5 as a text.
        number = float(value)
    except (TypeError, ValueError):
        raise SpaceError(f"{where} must be a number, not {value!r}.") from None
    if isinstance(value, bool) or not math.isfinite(number):
        raise SpaceError(f"{where} must be a finite number, not {value!r}.")
    if kind == "int":
        if number != round(number):
            raise SpaceError(f"{where} must be a whole number, not {value!r}.")
        return int(number)
    return number


def _choice(entry: JsonObject, name: str, kind: str, where: str) -> Hyperparameter:
    check_keys(entry, CHOICE_KEYS, where)
    values = entry.get("choices", entry.get("sequence"))
    if kind == "constant":
        values = [entry["value"]] if "value" in entry else values
    elif entry["type"] == "bool":
        values = [True, False] if values is None else values
    if not isinstance(values, list | tuple) or not values:
        raise SpaceError(f"{where}: 'choices' must be a list with at least one value.")
    if any(isinstance(value, list | tuple | Mapping) for value in values):
        raise SpaceError(f"{where}: choices must be texts, numbers or booleans.")
    if len({str(value) for value in values}) < len(values):
        raise SpaceError(f"{where}: a choice is there twice.")
    default = entry.get("default_value", entry.get("default", values[0]))
    if default not in values:
        raise SpaceError(f"{where}: the default {default!r} is not one of {list(values)}.")
    return Hyperparameter(name, kind, default, choices=tuple(values))


def _known(name: Value, hyperparameters: Mapping[str, Hyperparameter], where: str) -> str:
    if name not in hyperparameters:
        hint = did_you_mean(str(name), hyperparameters)
        raise SpaceError(f"{where}: there is no hyperparameter '{name}'. {hint}".rstrip())
    return str(name)


def _condition(
    given: JsonObject, hyperparameters: Mapping[str, Hyperparameter], where: str
) -> Clause:
    check_keys(given, CONDITION_KEYS, f"{where}: condition")
    kind = given.get("type", "EQ")
    if kind not in CONDITION_TYPES:
        raise SpaceError(f"{where}: there is no condition type '{kind}'.")
    if kind in ("AND", "OR"):
        parts = [
            _condition(_mapping(p, where), hyperparameters, where) for p in given["conditions"]
        ]
        child = given.get("child", parts[0]["child"] if parts else None)
        return {"type": kind, "child": _known(child, hyperparameters, where), "conditions": parts}
    child = _known(given.get("child"), hyperparameters, f"{where}: condition")
    parent = _known(given.get("parent"), hyperparameters, f"{where}: condition on {child}")
    key = "values" if kind == "IN" else "value"
    if key not in given:
        raise SpaceError(f"{where}: the condition on '{child}' has no '{key}'.")
    values = given[key] if kind == "IN" else [given[key]]
    legal = hyperparameters[parent].choices
    for value in values:
        if legal and value not in legal:
            raise SpaceError(f"{where}: the condition on '{child}' compares '{parent}' with "
                             f"{value!r}, which is not one of {list(legal)}.")  # fmt: skip
    return {"type": kind, "child": child, "parent": parent, key: given[key]}


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


def _forbidden(
    clause: JsonObject, hyperparameters: Mapping[str, Hyperparameter], where: str
) -> Clause:
    kind = clause.get("type")
    if kind not in FORBIDDEN_TYPES:
        raise SpaceError(
            f"{where}: forbidden clauses are {', '.join(FORBIDDEN_TYPES)}, not '{kind}'."
        )
    if kind == "AND":
        parts = clause.get("clauses", [])
        return {"type": kind, "clauses": [_forbidden(p, hyperparameters, where) for p in parts]}
    _known(clause.get("name"), hyperparameters, f"{where}: forbidden")
    return dict(clause)
