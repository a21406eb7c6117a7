"""The base of all model families: a search space, and a network for a configuration."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from knowledge_base.types import Config, ConfigDict, JsonObject

if TYPE_CHECKING:
    import numpy as np
    import torch

    from advisor.data import PreparedData
    from advisor.encoding.inert import Inert
    from advisor.models.effort import Effort
    from knowledge_base.space import SpaceDefinition


@dataclass(frozen=True)
class Solution:
    """A network that a formula gave.

    Attributes:
        config: what it is.
        data: as the configuration sees them.
        weights: of the network that the family builds for the configuration, by their names.
    """

    config: ConfigDict
    data: "PreparedData"
    weights: "Mapping[str, np.ndarray]"


class ClosedForm(ABC):
    """Networks of a family that a formula gives at once, without training.

    They are no trials: a search does not look for them, and the store does not know them. They
    join the model that a search leaves (`advisor.predictor.solved`).

    Attributes:
        title: what one of them is called, in the singular.
    """

    title: ClassVar[str]

    @abstractmethod
    def space(self) -> "SpaceDefinition":
        """Return what a configuration may be."""

    @abstractmethod
    def solutions(self, data: "PreparedData") -> "Iterator[Solution]":
        """Yield what is worth trying on a data set, as its training part gives it.

        Args:
            data: one fold.

        Yields:
            The same configurations in the same order for every fold that has enough rows.
        """

    @abstractmethod
    def made(self, config: Config) -> bool:
        """Whether a configuration is one of these, not one of the family's space."""


class ModelFamily(ABC):
    """A kind of network with its hyperparameters.

    Attributes:
        modality: the kind of data it takes, "table", "image", "text" or "series"; None is any.
        stackable: whether its networks may be made of the layers that are trained together.
        shapeless: hyperparameters in which networks that are trained together may differ.
        differentiable: hyperparameters by which the validation loss has a gradient.
        closed_forms: kinds of networks that need no training; most families have none.
    """

    modality: ClassVar[str | None] = "table"
    stackable: ClassVar[bool] = False
    shapeless: ClassVar[frozenset[str]] = frozenset()
    differentiable: ClassVar[frozenset[str]] = frozenset(
        {"learning_rate", "weight_decay", "momentum", "dropout"}
    )
    closed_forms: ClassVar[tuple[ClosedForm, ...]] = ()

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

    def checked(self, config: ConfigDict) -> ConfigDict:
        """Return a stored configuration of a network, checked and complete.

        Raises:
            UserError: it is none of this family's.
        """
        formula = self.formula_of(config)
        return (self if formula is None else formula).space().complete(config)

    def formula_of(self, config: Config) -> ClosedForm | None:
        """Return what gave a network of this configuration, None if it was trained."""
        return next((formula for formula in self.closed_forms if formula.made(config)), None)

    def inert(self, data: "PreparedData") -> "Sequence[Inert]":
        """Return which hyperparameters do nothing on these data, so that no trial varies them."""
        return ()

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
