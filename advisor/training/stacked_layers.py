"""Layers of several networks of one shape at once: batched matrix products and the like.

Inputs are (networks, rows, columns). Every layer does what PyTorch's own does, and in the same
order of operations where the result of a single network shows the order.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

import torch
from torch import nn
from torch.nn import functional

from advisor.models.tables import (
    Dropout,
    Embeddings,
    Periodic,
    Residual,
    dropped,
    mixed,
    smoothly_clipped,
    waves,
)

Weights = Sequence[torch.Tensor]
"""All parameters in the order of `parameters()`, each with the networks in front."""

Shape: TypeAlias = tuple[object, ...]
"""What modules must agree in."""

Module = TypeVar("Module", bound=nn.Module)


class Layer(ABC, Generic[Module]):
    """One layer of all networks.

    Attributes:
        kinds: the modules that it stands for; their subclasses are not meant.
        generators: source of each network's random choices.
    """

    kinds: ClassVar[tuple[type[nn.Module], ...]]

    def __init__(self, modules: Sequence[Module], first: int) -> None:
        """Take the module of each network, and the place of its first parameter."""
        self.first = first
        self.generators: Sequence[torch.Generator] = ()

    @staticmethod
    def shape(module: Module) -> Shape | None:
        """Return what must be equal of two modules besides their kind; None if unknown."""
        return tuple(tuple(parameter.shape) for parameter in module.parameters(recurse=False))

    @abstractmethod
    def __call__(self, x: torch.Tensor, weights: Weights, training: bool) -> torch.Tensor:
        """Return the outputs for inputs (networks, rows, columns)."""

    def turned(self) -> Sequence[int]:
        """Return the places of matrices that it takes as (networks, inputs, outputs)."""
        return ()

    def keep(self, places: torch.Tensor) -> None:
        """Go on with the networks at these places only."""
        return None  # most layers remember nothing of a network

    def state(self, place: int) -> list[torch.Tensor]:
        """Return copies of what the network at a place remembers besides parameters."""
        return []


class _Linear(Layer[nn.Linear]):
    """A batched matrix product."""

    kinds = (nn.Linear,)

    def __init__(self, modules: Sequence[nn.Linear], first: int) -> None:
        super().__init__(modules, first)
        self.bias = modules[0].bias is not None

    def __call__(self, x: torch.Tensor, weights: Weights, training: bool) -> torch.Tensor:
        if not self.bias:
            return torch.bmm(x, weights[self.first])
        return torch.baddbmm(weights[self.first + 1].unsqueeze(1), x, weights[self.first])

    def turned(self) -> Sequence[int]:
        return (self.first,)


class _BatchNorm(Layer[nn.BatchNorm1d]):
    """Batch normalisation; the columns of all networks are columns of one."""

    kinds = (nn.BatchNorm1d,)

    def __init__(self, modules: Sequence[nn.BatchNorm1d], first: int) -> None:
        super().__init__(modules, first)
        self.momentum, self.eps = modules[0].momentum or 0.0, modules[0].eps
        self.mean = torch.stack([m.running_mean for m in modules])  # type: ignore[misc]
        self.variance = torch.stack([m.running_var for m in modules])  # type: ignore[misc]

    @staticmethod
    def shape(module: nn.BatchNorm1d) -> Shape | None:
        usual = module.affine and module.track_running_stats and module.momentum is not None
        return (module.num_features, module.momentum, module.eps) if usual else None

    def __call__(self, x: torch.Tensor, weights: Weights, training: bool) -> torch.Tensor:
        networks, rows, columns = x.shape
        wide = functional.batch_norm(
            x.transpose(0, 1).reshape(rows, networks * columns),
            self.mean.view(-1),
            self.variance.view(-1),
            weights[self.first].reshape(-1),
            weights[self.first + 1].reshape(-1),
            training,
            self.momentum,
            self.eps,
        )
        return wide.view(rows, networks, columns).transpose(0, 1)

    def keep(self, places: torch.Tensor) -> None:
        self.mean, self.variance = self.mean[places], self.variance[places]

    def state(self, place: int) -> list[torch.Tensor]:
        return [self.mean[place].clone(), self.variance[place].clone()]


class _LayerNorm(Layer[nn.LayerNorm]):
    """Layer normalisation."""

    kinds = (nn.LayerNorm,)

    def __init__(self, modules: Sequence[nn.LayerNorm], first: int) -> None:
        super().__init__(modules, first)
        self.width, self.eps = modules[0].normalized_shape, modules[0].eps

    @staticmethod
    def shape(module: nn.LayerNorm) -> Shape | None:
        usual = module.bias is not None and len(module.normalized_shape) == 1
        return (tuple(module.normalized_shape), module.eps) if usual else None

    def __call__(self, x: torch.Tensor, weights: Weights, training: bool) -> torch.Tensor:
        plain = functional.layer_norm(x, self.width, eps=self.eps)
        scale, shift = weights[self.first], weights[self.first + 1]
        return plain * scale.unsqueeze(1) + shift.unsqueeze(1)


class _Activation(Layer[nn.Module]):
    """A function that works on each number alone."""

    kinds = (nn.ReLU, nn.LeakyReLU, nn.GELU, nn.Tanh)

    def __init__(self, modules: Sequence[nn.Module], first: int) -> None:
        super().__init__(modules, first)
        self.module = modules[0]

    @staticmethod
    def shape(module: nn.Module) -> Shape | None:
        return (module.extra_repr(),)

    def __call__(self, x: torch.Tensor, weights: Weights, training: bool) -> torch.Tensor:
        outputs: torch.Tensor = self.module(x)
        return outputs


class _Dropout(Layer[Dropout]):
    """Dropout with a rate and a generator for each network, so that each has its own masks."""

    kinds = (Dropout,)

    def __init__(self, modules: Sequence[Dropout], first: int) -> None:
        super().__init__(modules, first)
        self.rates = torch.tensor([module.p for module in modules]).view(-1, 1, 1)

    def __call__(self, x: torch.Tensor, weights: Weights, training: bool) -> torch.Tensor:
        if not training:
            return x
        if self.rates.device != x.device:  # The modules do not know where the weights are.
            self.rates = self.rates.to(x.device)
        noise = torch.empty(x.shape, device=x.device)  # each network's numbers are one piece of it
        for own, generator in zip(noise, self.generators, strict=True):
            own.uniform_(generator=generator)
        return dropped(x, noise, self.rates)

    def keep(self, places: torch.Tensor) -> None:
        self.rates = self.rates[places]


class _Chain(Layer[nn.Sequential]):
    """Layers one after another."""

    kinds = (nn.Sequential,)

    def __init__(self, modules: Sequence[nn.Sequential], first: int) -> None:
        super().__init__(modules, first)
        self.layers = []
        for parallel in zip(*modules, strict=True):
            self.layers.append(layer_of(parallel, first))
            first += sum(1 for _ in parallel[0].parameters())

    @staticmethod
    def shape(module: nn.Sequential) -> Shape | None:
        shapes = tuple(shape_of(part) for part in module)
        return None if None in shapes else shapes

    def __call__(self, x: torch.Tensor, weights: Weights, training: bool) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x, weights, training)
        return x


class _Sum(_Chain):
    """Layers whose output is added to their input."""

    kinds = (Residual,)

    def __call__(self, x: torch.Tensor, weights: Weights, training: bool) -> torch.Tensor:
        return x + super().__call__(x, weights, training)


class _Tables(Layer[Embeddings]):
    """Learned vectors of groups of indicator columns."""

    kinds = (Embeddings,)

    def __init__(self, modules: Sequence[Embeddings], first: int) -> None:
        super().__init__(modules, first)
        self.categories, self.others = modules[0].categories, modules[0].others

    @staticmethod
    def shape(module: Embeddings) -> Shape | None:
        return (tuple(module.categories), module.n_outputs)

    def __call__(self, x: torch.Tensor, weights: Weights, training: bool) -> torch.Tensor:
        parts = [x[..., self.others]]
        for place, (start, count) in enumerate(self.categories, start=self.first):
            columns = x[..., start : start + count]
            parts.append(torch.bmm(columns, weights[place]))
        return torch.cat(parts, 2)

    def turned(self) -> Sequence[int]:
        return range(self.first, self.first + len(self.categories))


class _Periodic(Layer[Periodic]):
    """Numeric columns clipped, and their periodic embeddings behind all columns."""

    kinds = (Periodic,)

    def __init__(self, modules: Sequence[Periodic], first: int) -> None:
        super().__init__(modules, first)
        self.numeric = modules[0].numeric

    @staticmethod
    def shape(module: Periodic) -> Shape | None:
        return (module.columns, module.n_outputs)

    def __call__(self, x: torch.Tensor, weights: Weights, training: bool) -> torch.Tensor:
        frequencies, phases, weight, bias = weights[self.first : self.first + 4]
        clipped = smoothly_clipped(x[..., self.numeric])
        made = mixed(waves(clipped, frequencies, phases), weight, bias)
        return torch.cat([x.index_copy(2, self.numeric, clipped), made], 2)


AnyLayer: TypeAlias = Layer[Any]
"""A layer of any kind of modules."""

LAYERS: dict[type[nn.Module], type[AnyLayer]] = {
    kind: layer
    for layer in (
        _Linear,
        _BatchNorm,
        _LayerNorm,
        _Activation,
        _Dropout,
        _Chain,
        _Sum,
        _Tables,
        _Periodic,
    )
    for kind in layer.kinds
}


def shape_of(module: nn.Module) -> Shape | None:
    """Return what two modules must agree in to be stacked; None for modules that cannot be."""
    layer = LAYERS.get(type(module))
    shape = None if layer is None else layer.shape(module)
    return None if shape is None else (type(module).__name__, *shape)


def layer_of(modules: Sequence[nn.Module], first: int = 0) -> AnyLayer:
    """Return the layer of modules of equal `shape_of`."""
    return LAYERS[type(modules[0])](modules, first)


def layers_in(layer: AnyLayer) -> list[AnyLayer]:
    """Return a layer and all inside it, in their order."""
    inside = layer.layers if isinstance(layer, _Chain) else []
    return [layer, *(deeper for part in inside for deeper in layers_in(part))]
