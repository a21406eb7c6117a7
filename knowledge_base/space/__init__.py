"""Search spaces: definition, validation, identity."""

from knowledge_base.space.definition import SpaceDefinition
from knowledge_base.space.hyperparameter import Hyperparameter

__all__ = ["Hyperparameter", "SpaceDefinition"]
