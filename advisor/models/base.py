"""The base of all model families: a search space, and a network for a configuration."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from knowledge_base.types import Config, ConfigDict, JsonObject

if TYPE_CHECKING:
    import torch

    from advisor.data import PreparedData
    from advisor.models.effort import Effort
    from knowledge_base.space import SpaceDefinition


class ModelFamily(ABC):
    """A kind of network with its hyperparameters.

    Attributes:
        modality: the kind of data it takes, "table", "image", "text" or "series"; None is any.
        stackable: whether its networks may be made of the layers that are trained together.
        differentiable: hyperparameters by which the validation loss has a gradient.
    """

    modality: ClassVar[str | None] = "table"
    stackable: ClassVar[bool] = False
    differentiable: ClassVar[frozenset[str]] = frozenset(
        {"learning_rate", "weight_decay", "momentum", "dropout"}
    )

    @property
    @abstractmethod
    def name(self) -> str:
        """What it is called, as stored with tasks; built-in families have it as a constant."""

    @property
    @abstractmethod
    def version(self) -> int:
        """Version of the search space and of what the network makes of it."""

    @abstractmethod
    def space(self) -> "SpaceDefinition":
        """Return the search space; needs no PyTorch."""

    @abstractmethod
    def build(self, config: Config, data: "PreparedData") -> "torch.nn.Module":
        """Return an untrained network for `data`, initialised from PyTorch's global seed."""

    def complete(self, config: Config, data: "PreparedData") -> ConfigDict:
        """Return `config` with what training needs and the family's space may lack."""
        return dict(config)

    def adapt(self, config: Config, data: "PreparedData") -> "PreparedData":
        """Return the data as this configuration sees them, such as windows of its length."""
        return data

    def effort(self, config: Config, about: Mapping[str, float]) -> "Effort | None":
        """Return what an epoch is made of, None where that is not known, as of users' networks.

        Args:
            config: active hyperparameters.
            about: metafeatures of the data set.
        """
        return None

    def default(self) -> ConfigDict:
        """Return the library default configuration."""
        return self.space().default()


class BuiltInFamily(ModelFamily):
    """A family whose search space is a constant of its class.

    Attributes:
        definition: the search space in ConfigSpace's format.
        earlier: those of earlier versions by their number, as far as their configurations train
            as they did: what was begun with one of them goes on with it.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    definition: ClassVar[JsonObject]
    earlier: ClassVar[Mapping[int, JsonObject]] = MappingProxyType({})

    def space(self) -> "SpaceDefinition":
        """Return the search space, read once."""
        return _space_of(type(self), self.version)

    def space_in(self, version: int) -> "SpaceDefinition":
        """Return the search space of a version, the present one or one of `earlier`.

        Raises:
            KeyError: the version is neither.
        """
        return _space_of(type(self), version)


@cache
def _space_of(family: type[BuiltInFamily], version: int) -> "SpaceDefinition":
    from knowledge_base.space import SpaceDefinition

    given = family.definition if version == family.version else family.earlier[version]
    return SpaceDefinition.from_dict(given, where=f"the {family.name} family")
