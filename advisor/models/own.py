"""The user's own network as a family: a function that builds it, and its search space."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, cast

from advisor.faults import fault
from advisor.models.base import ModelFamily
from advisor.models.registry import FAMILIES, family_for
from knowledge_base.errors import UserError
from knowledge_base.types import Config, ConfigDict

if TYPE_CHECKING:
    import torch

    from advisor.data import PreparedData
    from advisor.data.preparation.image import ImageData
    from knowledge_base.space import Hyperparameter, SpaceDefinition

ModuleFactory: TypeAlias = Callable[[ConfigDict, int, int], "torch.nn.Module"]
"""A user's `build(config, n_inputs, n_outputs)`; see `ModuleFamily`."""

NUMBERS = ("learning_rate", "weight_decay", "momentum")
COUNTS = {"batch_size": 1, "epochs": 1, "patience": 1, "warmup_epochs": 0}
"""Whole numbers that the training reads, each with the lowest value that it can do with."""
CHOICES = {
    "optimizer": ("sgd", "adamw"),
    "schedule": ("constant", "cosine", "step"),
    "gradient_clipping": ("off",),
}
TRAINING = (*NUMBERS, *COUNTS, *CHOICES)
"""Hyperparameters that the training reads, whoever built the network."""


class ModuleFamily(ModelFamily):
    """A function `build(config, n_inputs, n_outputs) -> torch.nn.Module`, trained as others are.

    `config` holds the active hyperparameters of the space. Those called as in `TRAINING` steer
    the training too; where the space lacks one, the default of the built-in family for the
    data is used, and so for `vocabulary_size` and `sequence_length` of texts and `window`,
    `differencing` and `scaling` of series. The network takes

    - tables: numbers (n, n_inputs), scaled, categories as indicator columns;
    - images: numbers (n, n_inputs, height, width), standardised per channel;
    - texts: word numbers (n, length) below n_inputs, 0 is padding before the words;
    - series: windows (n, length, n_inputs);

    and gives (n, n_outputs): scores of classes, one number, or all steps of the horizon.
    """

    modality = None
    differentiable = frozenset({"learning_rate", "weight_decay", "momentum"})

    def __init__(
        self,
        factory: ModuleFactory,
        space: "SpaceDefinition",
        name: str | None = None,
        label: str | None = None,
    ) -> None:
        """Take the function and its space.

        Args:
            factory: called once per trial, after PyTorch's global seed was set; and before
                that on PyTorch's "meta" device, without content, to estimate its memory.
            space: its search space.
            name: that trials are stored under; default the space's. Searches of one name
                start from each other's trials.
            label: how errors call the function; default its own name.

        Raises:
            UserError: a built-in family has that name, or the training cannot use a
                hyperparameter.
        """
        self._name = name or space.name
        self.label = label or getattr(factory, "__qualname__", repr(factory))
        self._factory, self._space = factory, space
        if self.name in FAMILIES:
            raise UserError(
                f"'{self.name}' is the name of a built-in family; give the space of "
                f"{self.label} another."
            )
        _check_names(space)
        for known in space.hyperparameters.values():
            _check_values(space, known)

    @property
    def name(self) -> str:
        """What its trials are stored under."""
        return self._name

    @property
    def version(self) -> int:
        """Version of its space."""
        return self._space.version

    def space(self) -> "SpaceDefinition":
        """Return the user's space."""
        return self._space

    def complete(self, config: Config, data: "PreparedData") -> ConfigDict:
        """Return `config` over the defaults of the built-in family for such data."""
        return self.over_defaults(config, data.modality)

    @staticmethod
    def over_defaults(config: Config, modality: str) -> ConfigDict:
        """Return `config` over the defaults of the built-in family for data of a modality."""
        hyperparameters = family_for(modality).space().hyperparameters.values()
        return {**{known.name: known.default for known in hyperparameters}, **config}

    def adapt(self, config: Config, data: "PreparedData") -> "PreparedData":
        """Return the data as the built-in family for such data sees them."""
        return family_for(data.modality).adapt(config, data)

    def build(self, config: Config, data: "PreparedData") -> "torch.nn.Module":
        """Return the user's network, tried on two rows.

        Raises:
            TypeError, ValueError: it is no module, or its outputs are of the wrong shape.
        """
        from torch import nn

        own = {name: config[name] for name in sorted(self._space.active(config))}
        network = self._factory(own, data.n_inputs, data.n_outputs)
        if not isinstance(network, nn.Module):
            kind = type(network).__name__
            raise TypeError(f"{self.label} returned a {kind}, not a torch.nn.Module")
        if data.modality == "image":
            from advisor.models.images import Standardise

            network = nn.Sequential(Standardise(cast("ImageData", data)), network)
        _check_outputs(network, data)
        return network

    def check(self, data: "PreparedData") -> None:
        """Build the network with the defaults of its space, so that mistakes show at once.

        Raises:
            UserError: that does not work.
        """
        import torch

        try:
            with torch.random.fork_rng(devices=[]):
                config = self.complete(self.default(), data)
                self.build(config, self.adapt(config, data))
        except Exception as error:
            raise UserError(
                f"{self.label} does not work with the defaults of its space: {fault(error)}."
            ) from error


def _check_outputs(network: "torch.nn.Module", data: "PreparedData") -> None:
    import torch

    inputs = torch.from_numpy(data.x_train[:2])
    network.eval()
    with torch.no_grad():
        outputs = network(inputs)
    wanted = (len(inputs), data.n_outputs)
    found = tuple(outputs.shape) if isinstance(outputs, torch.Tensor) else type(outputs).__name__
    if found != wanted:
        raise ValueError(
            f"for inputs of shape {tuple(inputs.shape)} the network gives {found} instead of "
            f"{wanted}, which is (rows, n_outputs)"
        )


def _check_names(space: "SpaceDefinition") -> None:
    """Refuse `lr` and the like, which would look as if they had an effect."""
    from advisor.encoding.aliases import match_names

    names = set(space.hyperparameters)
    for ours, theirs in match_names(sorted(set(TRAINING) - names), sorted(names)).items():
        raise UserError(
            f"The training would not see '{theirs}' of the space '{space.name}': call it '{ours}'."
        )


def _check_values(space: "SpaceDefinition", known: "Hyperparameter") -> None:
    """Refuse values that the training would not understand, or take for others."""
    values = known.choices or (known.low, known.high)
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    legal = ""
    if known.name in NUMBERS and (len(numbers) < len(values) or min(numbers) < 0):
        legal = "a number, not below 0"
    elif known.name in COUNTS:
        whole = known.kind != "float" and all(number == int(number) for number in numbers)
        if len(numbers) < len(values) or not whole or min(numbers) < COUNTS[known.name]:
            legal = f"a whole number, {COUNTS[known.name]} or more"
    elif known.name in CHOICES:
        strange = set(values) - {*CHOICES[known.name]}
        if known.name == "gradient_clipping":
            strange = {value for value in strange if not _positive(value)}
        if strange:
            legal = " or ".join(CHOICES[known.name])
            legal += " or a positive number" if known.name == "gradient_clipping" else ""
    if legal:
        raise UserError(
            f"'{known.name}' of the space '{space.name}' steers the training: it must be {legal}."
        )


def _positive(value: str | float) -> bool:
    try:
        return float(value) > 0
    except (TypeError, ValueError):
        return False
