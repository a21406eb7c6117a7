"""A search space inferred from what was tried, for tools that keep none."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from knowledge_base.importers.optuna_conditions import find_conditions
from knowledge_base.importers.own_space import lacking, without
from knowledge_base.space import SpaceDefinition
from knowledge_base.space.hyperparameter import NONE, same_choice
from knowledge_base.space.parsing import LARGEST, MAX_WHOLE
from knowledge_base.types import Config, ConfigDict, JsonObject

LOG_RATIO = 50
"""Largest over least of positive numbers, from which on they were searched on a log scale."""

LONGEST = 1_000
"""Characters of the longest text that is taken for a value."""

WORDS = {"true": True, "false": False, "none": None, "null": None}
"""Texts of tools that keep all values as texts, and what they mean."""


@dataclass(frozen=True)
class Inferred:
    """What runs say about their space.

    Attributes:
        space: holds every configuration that was tried.
        configs: the configuration of each run, in the order of the runs.
        warnings: what was stored in another form or left out, and the bounds.
    """

    space: SpaceDefinition
    configs: Sequence[ConfigDict]
    warnings: tuple[str, ...]

    def own(self, config: Config) -> SpaceDefinition:
        """Return the space of one run: what it lacks without an explanation was inactive."""
        absent = lacking(self.space, config)
        return without(self.space, config, absent) if absent else self.space


def flat(params: Mapping[str, object], prefix: str = "") -> ConfigDict:
    """Return nested mappings as one, the names joined by dots.

    >>> flat({"optimizer": {"lr": 0.1}})
    {'optimizer.lr': 0.1}
    """
    found: ConfigDict = {}
    for name, value in params.items():
        if isinstance(value, Mapping) and value:
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def infer(name: str, params: Sequence[Config], from_texts: bool) -> Inferred:
    """Return the space of runs: ranges of numbers and choices of the rest, as they were tried.

    Args:
        name: name of the space.
        params: parameters of each run, failed ones too; at least one run has one.
        from_texts: whether the tool keeps all values as texts.

    Raises:
        SpaceError: no space holds them.
    """
    names = list(dict.fromkeys(known for run in params for known in run))
    configs: list[ConfigDict] = [{} for _ in params]
    warnings: list[str] = []
    entries: list[JsonObject] = []
    kinds: dict[str, str] = {}
    for known in names:
        places = [place for place, run in enumerate(params) if known in run]
        raw = [params[place][known] for place in places]
        cells, word = _cells(known, raw, from_texts)
        warnings += [word] if word else []
        if cells is None:
            continue
        entry = _entry(known, cells)
        entries.append(entry)
        kinds[known] = {"uniform_int": "int", "uniform_float": "float"}.get(entry["type"], "choice")
        for place, cell in zip(places, cells, strict=True):
            configs[place][known] = cell
    conditions, _ = find_conditions(kinds, configs)
    plain = {"name": name, "hyperparameters": entries, "conditions": conditions}
    space = SpaceDefinition.from_dict(plain, f"the space of '{name}'", stored=True)
    return Inferred(space, configs, (*warnings, bounds(space)))


def bounds(space: SpaceDefinition) -> str:
    """Return the bounds of an inferred space in one line."""
    shown = [
        f"{h.name} in {h.describe()}{' on a log scale' if h.log else ''}"
        for h in space.hyperparameters.values()
    ]
    return f"The space is what was tried: {', '.join(shown)}; `space` gives another one."


def _cells(
    name: str, values: Sequence[object], from_texts: bool
) -> tuple[list[object] | None, str]:
    """Return values as a space can hold them, None for none, and what is to be said of it."""
    if from_texts:
        values = [_meant(str(value)) for value in values]
    if any(len(str(value)) > LONGEST for value in values):
        return None, f"{name}: is left out, since its values are longer than {LONGEST} characters."
    found = [_plain(value) for value in values]
    changed = [v for v, cell in zip(values, found, strict=True) if cell is not v]
    distinct = list({(type(cell).__name__, repr(cell)): cell for cell in found}.values())
    if _all_numbers(distinct):
        whole = all(isinstance(cell, int) for cell in distinct)
        return ([*found] if whole else [float(str(cell)) for cell in found]), ""
    if same_choice(distinct) or (NONE in distinct and None in distinct):
        return [str(cell) for cell in found], f"{name}: its values are stored as texts."
    if not changed:
        return found, ""
    return found, f"{name}: {changed[0]!r} is stored as the text {str(_plain(changed[0]))!r}."


def _meant(text: str) -> object:
    """Return the value that a text stands for.

    >>> [_meant(text) for text in ("1", "1e-3", "True", "adam")]
    [1, 0.001, True, 'adam']
    """
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    if any(letter not in "0123456789+-.eE" for letter in text) or len(text) > 40:
        return text
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _plain(value: object) -> object:
    """Return a value that a space can hold; lists and what is not finite become texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        most = MAX_WHOLE if isinstance(value, int) else LARGEST
        return value if abs(value) <= most else str(value)
    if value is None or isinstance(value, bool | str):
        return value
    return json.dumps(value, default=str)


def _all_numbers(cells: Sequence[object]) -> bool:
    return all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in cells)


def _entry(name: str, cells: Sequence[object]) -> JsonObject:
    """Return the hyperparameter that has these values."""
    distinct = list({repr(cell): cell for cell in cells}.values())
    if len(distinct) == 1 and distinct[0] is not None:
        return {"type": "constant", "name": name, "value": distinct[0]}
    if not _all_numbers(distinct):
        return {"type": "categorical", "name": name, "choices": sorted(distinct, key=str)}
    numbers = [number for number in distinct if isinstance(number, int | float)]
    low, high = min(numbers), max(numbers)
    whole = all(isinstance(number, int) for number in numbers)
    kind = "uniform_int" if whole else "uniform_float"
    log = low > 0 and high / low >= LOG_RATIO
    return {"type": kind, "name": name, "lower": low, "upper": high, "log": log}
