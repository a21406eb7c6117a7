"""Search spaces: definition, validation, identity."""

from knowledge_base.space.definition import SpaceDefinition
from knowledge_base.space.hyperparameter import Hyperparameter
from knowledge_base.space.restriction import projected, restricted

__all__ = ["Hyperparameter", "SpaceDefinition", "projected", "restricted"]
