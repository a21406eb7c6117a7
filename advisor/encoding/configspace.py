"""Conversion to and from ConfigSpace (Lindauer et al. 2019)."""

import json
from functools import lru_cache
from typing import TYPE_CHECKING

from knowledge_base.space import SpaceDefinition

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


@lru_cache(maxsize=16)
def _converted(text: str) -> "ConfigurationSpace":
    from ConfigSpace import ConfigurationSpace

    return ConfigurationSpace.from_serialized_dict(json.loads(text))


def to_configspace(space: SpaceDefinition, seed: int = 0) -> "ConfigurationSpace":
    """Return the ConfigSpace object of a definition, seeded.

    The object is shared between calls for the same space; do not change it.
    """
    converted = _converted(space.to_json())
    converted.seed(seed % 2**31)
    return converted


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
