"""From hyperparameters, as ConfigSpace or a person wrote them, to checked ones."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from knowledge_base.errors import SpaceError
from knowledge_base.space.entries import (
    check_keys,
    mapping,
    meant,
    plain,
    refuse,
    shown,
    truth,
)
from knowledge_base.space.hyperparameter import (
    NUMERIC,
    ROLES,
    STEP_TOLERANCE,
    Hyperparameter,
    Value,
    same_choice,
)
from knowledge_base.space.reading import PlainWord
from knowledge_base.types import JsonObject

TOP_KEYS = ("name", "version", "hyperparameters", "conditions", "forbiddens", "meta",
            "python_module_version", "format_version")  # fmt: skip
KINDS = {
    "uniform_float": "float", "float": "float", "uniform_int": "int", "int": "int",
    "integer": "int", "categorical": "categorical", "bool": "categorical",
    "ordinal": "ordinal", "constant": "constant",
}  # fmt: skip
NUMBER_KEYS = ("type", "name", "lower", "upper", "low", "high", "log", "default_value", "default",
               "step", "q", "role", "meta")  # fmt: skip
CHOICE_KEYS = ("type", "name", "choices", "sequence", "weights", "value", "default_value",
               "default", "role", "meta")  # fmt: skip
UNUSED = {"categorical": ("value",), "ordinal": ("value", "weights"), "constant": ("weights",)}
"""Keys that mean nothing for a kind; older versions took them and did nothing."""

MAX_WHOLE = 2**53
"""Largest whole number: beyond it floats, in which all numbers are searched, leave some out."""

LARGEST = 1e300
"""Largest bound of a float: sums and exponentials of larger ones overflow."""

MAX_STEPS = 10**9
"""Most values of a number with a step."""

MAX_TEXT = 10_000
"""Characters of the longest name or choice."""


def parse_hyperparameters(given: object, where: str, stored: bool) -> dict[str, Hyperparameter]:
    """Read a list of dictionaries with names, or a mapping of names to dictionaries.

    Args:
        given: the list or mapping.
        where: name of the space in errors.
        stored: whether they were accepted before, maybe by an older version, which looked at
            less; see `SpaceDefinition.from_dict`.

    Raises:
        SpaceError: something is wrong with one of them.
    """
    if isinstance(given, Mapping):
        given = [
            {"name": name, **mapping(body, f"{where}: {name}")} for name, body in given.items()
        ]
    if not isinstance(given, list | tuple) or not given:
        raise SpaceError(f"{where}: 'hyperparameters' must be a list with at least one entry.")
    found: dict[str, Hyperparameter] = {}
    for entry in given:
        parsed = _hyperparameter(mapping(entry, where), where, stored)
        if parsed.name in found:
            raise SpaceError(f"{where}: two hyperparameters are called '{parsed.name}'.")
        found[parsed.name] = parsed
    return dict(sorted(found.items()))


def check_text(text: str, what: str, where: str, stored: bool = False) -> None:
    """Refuse texts that no file can hold or, unless they are `stored`, that are too long.

    Raises:
        SpaceError: the text is one of them.
    """
    if len(text) > MAX_TEXT and not stored:
        raise SpaceError(f"{where}: {what} of {len(text):,} characters is too long; at most "
                         f"{MAX_TEXT:,} are taken.")  # fmt: skip
    try:
        text.encode()
    except UnicodeEncodeError:
        raise SpaceError(f"{where}: {what} {text!r} is no Unicode text.") from None


def _hyperparameter(entry: JsonObject, where: str, stored: bool) -> Hyperparameter:
    name = plain(entry.get("name"))
    if not isinstance(name, str) or not name:
        raise SpaceError(f"{where}: a hyperparameter has no name: {shown(entry)}.")
    check_text(name, "a name", where, stored)
    if not stored and not name.isprintable():
        raise SpaceError(f"{where}: the name {name!r} has characters that cannot be printed.")
    where = f"{where}: {name}"
    given = entry.get("type", "")
    kind = KINDS.get(given) if isinstance(given, str) else None
    if kind is None:
        refuse("type", entry.get("type"), KINDS, where)
    parse = _number if kind in NUMERIC else _choice
    role = _role(entry, where, stored)
    return replace(parse(entry, name, kind, where, stored), role=role)


def _role(entry: JsonObject, where: str, stored: bool) -> str | None:
    """Return the role that was said, None where nothing was, or what a later version knows."""
    meta = entry.get("meta")
    role = plain(entry.get("role", meta.get("role") if isinstance(meta, Mapping) else None))
    if role is None or role in ROLES:
        return None if role is None else str(role)
    if stored or "role" not in entry:
        return None
    refuse("role", role, ROLES, where)


def _given(entry: JsonObject, names: tuple[str, ...], where: str, stored: bool) -> Value:
    """Return what is under the first of some names for one thing, None where nothing is."""
    found = [name for name in names if name in entry]
    if len(found) > 1 and not stored:
        raise SpaceError(f"{where}: '{found[0]}' and '{found[1]}' mean the same; give one of them.")
    return entry[found[0]] if found else None


def _number(entry: JsonObject, name: str, kind: str, where: str, stored: bool) -> Hyperparameter:
    check_keys(entry, NUMBER_KEYS, where)
    low = _bound(entry, ("lower", "low"), kind, where, stored)
    high = _bound(entry, ("upper", "high"), kind, where, stored)
    log = truth(entry.get("log", False))
    if not isinstance(log, bool):
        raise SpaceError(f"{where}: log must be true or false, not {shown(log)}.")
    if low > high:
        raise SpaceError(f"{where}: low {low:g} is greater than high {high:g}.")
    if low == high:
        raise SpaceError(f"{where}: low equals high ({low:g}); use type: constant.")
    if log and low <= 0:
        raise SpaceError(f"{where}: a log scale needs low > 0, not {low:g}.")
    if not stored:
        _refuse_unsearchable(low, high, kind, log, where)
    step = _step(_given(entry, ("step", "q"), where, stored), low, high, log, kind, where)
    default = _given(entry, ("default_value", "default"), where, stored)
    if default is None and step is not None:
        places = Hyperparameter(name, kind, low, low, high, step=step)
        (middle,) = places.grid([round((high - low) / step / 2)])
        default = middle
    elif default is None:
        default = _middle(low, high, kind, log)
    default = _as_number(default, kind, f"{where}: default", stored)
    if not low <= default <= high:
        raise SpaceError(f"{where}: the default {default:g} is outside [{low:g}, {high:g}].")
    found = Hyperparameter(name, kind, default, low, high, log, step=step)
    if step is not None and _off_grid(default, low, step):
        raise SpaceError(f"{where}: the default {default:g} is outside {found.describe()}.")
    return found


def _refuse_unsearchable(low: float, high: float, kind: str, log: bool, where: str) -> None:
    """Refuse ranges that floats cannot divide."""
    if max(abs(low), abs(high)) > LARGEST:
        raise SpaceError(f"{where}: the range from {low:g} to {high:g} is too wide to be searched.")
    if log and low < np.finfo(float).tiny:
        raise SpaceError(f"{where}: low {low:g} is too near to 0 for a log scale.")
    if kind == "float" and low + (high - low) / 1e3 == low:
        raise SpaceError(f"{where}: low {low!r} and high {high!r} are too near to each other; use "
                         "type: constant.")  # fmt: skip


def _middle(low: float, high: float, kind: str, log: bool) -> float:
    """Return the middle of a range, in which the product or sum of its bounds may be too large."""
    if log:
        product = low * high
        usual = 0 < product < math.inf
        middle = math.sqrt(product) if usual else math.sqrt(low) * math.sqrt(high)
    else:
        total = low + high
        middle = total / 2 if math.isfinite(total) else low / 2 + high / 2
    return round(middle) if kind == "int" else middle


def _step(given: Value, low: float, high: float, log: bool, kind: str, where: str) -> float | None:
    """Return the step of a number, None where every value is legal."""
    if given is None:
        return None
    step = _as_number(given, kind, f"{where}: step", stored=False)
    if step <= 0:
        raise SpaceError(f"{where}: step must be greater than 0, not {step:g}.")
    if kind == "int" and step == 1:
        return None
    if log:
        raise SpaceError(f"{where}: a number has a log scale or a step, not both.")
    count = (high - low) / step
    if count > MAX_STEPS:
        raise SpaceError(f"{where}: steps of {step:g} make more than {MAX_STEPS:,} values; leave "
                         "the step out.")  # fmt: skip
    if _off_grid(high, low, step) or count < 0.5:
        below, above = low + math.floor(count) * step, low + math.ceil(count) * step
        nearest = f"{above:g}" if below <= low else f"{below:g} or {above:g}"
        raise SpaceError(f"{where}: steps of {step:g} from {low:g} on do not reach high {high:g}; "
                         f"take {nearest}.")  # fmt: skip
    return step


def _off_grid(value: float, low: float, step: float) -> bool:
    places = (value - low) / step
    return abs(places - round(places)) > STEP_TOLERANCE


def _bound(entry: JsonObject, names: tuple[str, str], kind: str, where: str, stored: bool) -> float:
    given = _given(entry, names, where, stored)
    found = [name for name in names if name in entry]
    if not found:
        raise SpaceError(f"{where}: '{names[1]}' is missing.")
    return _as_number(given, kind, f"{where}: {found[0]}", stored)


def _as_number(value: Value, kind: str, where: str, stored: bool) -> float:
    value = plain(value)
    try:  # YAML 1.1 reads 1e-5 as a text.
        number = float(value)
    except (TypeError, ValueError):
        raise SpaceError(f"{where} must be a number, not {shown(value)}.") from None
    except OverflowError:
        raise SpaceError(f"{where} is too large a number.") from None
    if isinstance(value, bool) or not math.isfinite(number):
        raise SpaceError(f"{where} must be a finite number, not {shown(value)}.")
    if kind == "int":
        if number != round(number):
            raise SpaceError(f"{where} must be a whole number, not {shown(value)}.")
        if abs(number) > MAX_WHOLE and not stored:
            raise SpaceError(f"{where} must be a whole number of at most 2**53 = {MAX_WHOLE}, not "
                             f"{shown(value)}.")  # fmt: skip
        return int(number)
    return number


def _choice(entry: JsonObject, name: str, kind: str, where: str, stored: bool) -> Hyperparameter:
    known = set(CHOICE_KEYS) - set(() if stored else UNUSED[kind])
    check_keys(entry, [key for key in CHOICE_KEYS if key in known], where)
    values = _given(entry, ("choices", "sequence"), where, stored)
    if kind == "constant":
        values = [entry["value"]] if "value" in entry else values
    elif entry["type"] == "bool":
        values = [True, False] if values is None else values
    if not isinstance(values, list | tuple) or not values:
        raise SpaceError(f"{where}: 'choices' must be a list with at least one value.")
    words = all(isinstance(value, PlainWord) for value in values)
    values = [plain(value) for value in values]
    if any(isinstance(value, list | tuple | Mapping) for value in values):
        raise SpaceError(f"{where}: choices must be texts, numbers, booleans or null.")
    for value in values:
        if isinstance(value, str):
            check_text(value, "a choice", where, stored)
        elif isinstance(value, float) and not math.isfinite(value):
            raise SpaceError(f"{where}: choices must be finite numbers, not {value}.")
    if stored and len({(type(value), str(value)) for value in values}) < len(values):
        raise SpaceError(f"{where}: a choice is there twice.")
    if not stored:
        if words:
            raise SpaceError(f"{where}: {', '.join(values)} may be texts or booleans; write true "
                             "and false, or put them into quotes.")  # fmt: skip
        _check_choices(values, kind, where)
        _refuse_weights(entry.get("weights"), where)
    return Hyperparameter(
        name, kind, _default_choice(entry, values, where, stored), choices=tuple(values)
    )


def _default_choice(entry: JsonObject, values: list[Value], where: str, stored: bool) -> Value:
    default = entry.get("default_value", entry.get("default", values[0]))
    if not stored:
        default = _given(entry, ("default_value", "default"), where, stored)
        # A default of null is the choice null where there is one, and no default elsewhere.
        null = None in values and bool({"default_value", "default"} & entry.keys())
        default = values[0] if default is None and not null else meant(plain(default), values)
    known = Hyperparameter("", "categorical", None, choices=tuple(values))
    if (default not in values) if stored else known.place(default) is None:
        raise SpaceError(f"{where}: the default {shown(default)} is not one of {values}.")
    return default


def _check_choices(values: list[Value], kind: str, where: str) -> None:
    """Refuse choices that no file, table or strategy could tell apart or hold."""
    for value in values:
        if not isinstance(value, str | int | float | None):
            raise SpaceError(f"{where}: choices must be texts, numbers, booleans or null, not "
                             f"{shown(value)}.")  # fmt: skip
        if isinstance(value, int) and abs(value) > 2**63 - 1:
            raise SpaceError(f"{where}: the choice {shown(value)} is too large a number.")
    if kind == "constant" and values == [None]:
        raise SpaceError(f"{where}: a constant has a value, not null.")
    if kind == "constant" and len(values) > 1:
        raise SpaceError(f"{where}: a constant has one value, not {len(values)}.")
    twice = same_choice(values)
    if twice:
        first, second = map(shown, twice)
        same = f"{first} and {second} are one choice" if first != second else f"{first} is a choice"
        raise SpaceError(f"{where}: {same} that is there twice.")


def _refuse_weights(weights: object, where: str) -> None:
    """Refuse weights that differ: all choices are drawn alike."""
    if weights is None:
        return
    if not isinstance(weights, list | tuple) or len({repr(plain(w)) for w in weights}) > 1:
        raise SpaceError(f"{where}: weights of choices are not supported; all choices are drawn "
                         "alike.")  # fmt: skip
