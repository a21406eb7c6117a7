"""Conversion to and from ConfigSpace (Lindauer et al. 2019)."""

import json
from functools import lru_cache
from typing import TYPE_CHECKING

from knowledge_base.errors import SpaceError
from knowledge_base.space import SpaceDefinition

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

    from knowledge_base.space.conditions import Clause


@lru_cache(maxsize=16)
def _converted(text: str) -> "ConfigurationSpace":
    from ConfigSpace import ConfigurationSpace

    return ConfigurationSpace.from_serialized_dict(json.loads(text))


def to_configspace(space: SpaceDefinition, seed: int = 0) -> "ConfigurationSpace":
    """Return the ConfigSpace object of a definition, seeded.

    The object is shared between calls for the same space; do not change it.

    Raises:
        SpaceError: a number has a step, for which ConfigSpace has no form.
    """
    stepped = [h.name for h in space.hyperparameters.values() if h.step is not None]
    if stepped:
        raise SpaceError(
            f"space '{space.name}': '{stepped[0]}' has a step, for which ConfigSpace has no form."
        )
    converted = _converted(space.to_json())
    converted.seed(seed % 2**31)
    return converted


def places_of_choices(space: SpaceDefinition, seed: int = 0) -> "ConfigurationSpace | None":
    """Return a ConfigSpace object in which choices are named by their places, seeded.

    ConfigSpace turns some choices into others (1 into 1.0, texts into those of NumPy) and takes
    1 and True for the same. Both objects draw the same places.

    Returns:
        None where ConfigSpace cannot hold the space.
    """
    converted = _places(space.to_json())
    if converted is not None:
        converted.seed(seed % 2**31)
    return converted


@lru_cache(maxsize=16)
def _places(text: str) -> "ConfigurationSpace | None":
    from ConfigSpace import ConfigurationSpace

    space = SpaceDefinition.from_json(text)
    if any(h.step is not None for h in space.hyperparameters.values()):
        return None
    plain = space.to_dict()
    for entry in plain["hyperparameters"]:
        h = space.hyperparameters[entry["name"]]
        for key in ("choices", "sequence"):
            if key in entry:
                entry[key] = list(range(len(h.choices)))
                entry["default_value"] = h.place(h.default)
        if h.kind == "constant":
            entry["value"] = 0
    try:
        for clause in (*plain["conditions"], *plain["forbiddens"]):
            _name_places(clause, space)
        return ConfigurationSpace.from_serialized_dict(plain)
    except (ValueError, TypeError, OverflowError, SpaceError):
        return None


def _name_places(clause: "Clause", space: SpaceDefinition) -> None:
    """Put places for the choices that a clause compares with.

    Raises:
        SpaceError: one of them is no choice.
    """
    for part in (*clause.get("conditions", ()), *clause.get("clauses", ())):
        _name_places(part, space)
    name = clause.get("parent", clause.get("name"))
    h = space.hyperparameters.get(name) if name is not None else None
    if h is None or not h.choices:
        return
    values = clause["values"] if clause["type"] == "IN" else [clause["value"]]
    places = [h.place(value) for value in values]
    if None in places:
        raise SpaceError(f"'{h.name}' is compared with what is no choice.")
    if clause["type"] == "IN":
        clause["values"] = places
    else:
        clause["value"] = places[0]


def from_configspace(space: "ConfigurationSpace", version: int = 1) -> SpaceDefinition:
    """Return the definition of a ConfigSpace object.

    Args:
        space: the object, of ConfigSpace 1.x.
        version: the version that the definition gets.

    Raises:
        SpaceError: it uses what definitions have no form for (such as normal priors).
    """
    plain = json.loads(json.dumps(space.to_serialized_dict(), default=lambda v: v.item()))
    return SpaceDefinition.from_dict({**plain, "version": version}, where="the ConfigSpace object")
