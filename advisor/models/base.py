"""The base of all model families: a search space, and a network for a configuration."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import torch

    from advisor.data import PreparedData
    from knowledge_base.space import SpaceDefinition


class ModelFamily(ABC):
    """A kind of network with its hyperparameters.

    Attributes:
        name: as stored with tasks; `modality` is the kind of data it takes.
    """

    name: ClassVar[str]
    modality: ClassVar[str]

    @abstractmethod
    def space(self) -> "SpaceDefinition":
        """Return the search space; needs no PyTorch."""

    @abstractmethod
    def build(self, config: Mapping[str, Any], data: "PreparedData") -> "torch.nn.Module":
        """Return an untrained network for `data`, initialised from PyTorch's global seed."""

    def default(self) -> dict[str, Any]:
        """Return the library default configuration."""
        return self.space().default()
