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
        name: as stored with tasks.
        version: of the search space and of what the network makes of it.
        modality: the kind of data it takes: "table", "image", "text" or "series".
        differentiable: hyperparameters by which the validation loss has a gradient.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    modality: ClassVar[str] = "table"
    differentiable: ClassVar[frozenset[str]] = frozenset(
        {"learning_rate", "weight_decay", "momentum", "dropout"}
    )

    @abstractmethod
    def space(self) -> "SpaceDefinition":
        """Return the search space; needs no PyTorch."""

    @abstractmethod
    def build(self, config: Mapping[str, Any], data: "PreparedData") -> "torch.nn.Module":
        """Return an untrained network for `data`, initialised from PyTorch's global seed."""

    def adapt(self, config: Mapping[str, Any], data: "PreparedData") -> "PreparedData":
        """Return the data as this configuration sees them, such as windows of its length."""
        return data

    def default(self) -> dict[str, Any]:
        """Return the library default configuration."""
        return self.space().default()
