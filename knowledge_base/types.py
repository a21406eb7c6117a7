"""Types that many rooms share."""

from collections.abc import Mapping
from typing import Any, TypeAlias

Config: TypeAlias = Mapping[str, Any]
"""A configuration: values by the names of hyperparameters; the space says of which type each is."""

ConfigDict: TypeAlias = dict[str, Any]
"""A configuration that whoever gets it may change."""

JsonObject: TypeAlias = dict[str, Any]
"""A decoded JSON object."""
