"""Several networks of one shape as one: each parameter is a tensor with the networks in front."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby

import torch
from torch import nn
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from advisor.training.stacked_layers import layer_of, layers_in

PLAIN = torch.contiguous_format


class Stack:
    """Networks of equal `shape_of`.

    Attributes:
        weights: each parameter of all networks, shape (networks, *shape), those of layers that
            take them so (networks, inputs, outputs); what is trained.
    """

    def __init__(self, networks: Sequence[nn.Module], generators: Sequence[torch.Generator]):
        """Copy the networks' weights.

        Args:
            networks: on one device.
            generators: source of each network's random choices, on that device.
        """
        self._body = layer_of(networks)
        self._layers = layers_in(self._body)
        # So are their gradients in one piece, as a step of all weights at once needs them.
        self._turned = {place for layer in self._layers for place in layer.turned()}
        parallel = zip(*(network.parameters() for network in networks), strict=True)
        self.weights = [
            torch.stack([self._as_stored(place, p.detach()) for p in same]).requires_grad_()
            for place, same in enumerate(parallel)
        ]
        self.generators = list(generators)
        self._share_generators()

    def __call__(self, x: torch.Tensor, training: bool) -> torch.Tensor:
        """Return outputs (networks, rows, outputs) for inputs (networks, rows, columns)."""
        return self._body(x, self.weights, training)

    @torch.no_grad()
    def outputs(self, x: torch.Tensor, batch: int) -> torch.Tensor:
        """Return all networks' outputs in evaluation mode.

        Args:
            x: the same rows for all (n, columns), or rows of each (networks, n, columns).
            batch: rows that go through one network at once.
        """
        count = len(self.generators)
        each = x if x.dim() == 3 else x.expand(count, *x.shape)
        rows = torch.split(each, max(batch // count, 64), 1)
        return torch.cat([self(some, False) for some in rows], 1)

    def state_of(self, place: int, network: nn.Module) -> dict[str, torch.Tensor]:
        """Return a copy of the weights at a place as the state of its own `network`."""
        own = [
            self._as_stored(number, weight[place].detach()).clone(memory_format=PLAIN)
            for number, weight in enumerate(self.weights)
        ]
        names = [name for name, _ in network.named_parameters()]
        running = [
            f"{name}.{buffer}"
            for name, module in network.named_modules()
            if isinstance(module, nn.BatchNorm1d)
            for buffer in ("running_mean", "running_var")
        ]
        kept = chain.from_iterable(layer.state(place) for layer in self._layers)
        return {
            **network.state_dict(),
            **dict(zip(names, own, strict=True)),
            **dict(zip(running, kept, strict=True)),
        }

    def keep(self, places: torch.Tensor) -> None:
        """Go on with the networks at these places only."""
        self.weights = [w.detach()[places].requires_grad_() for w in self.weights]
        self.generators = [self.generators[place] for place in places.tolist()]
        for layer in self._layers:
            layer.keep(places)
        self._share_generators()

    def _as_stored(self, place: int, weight: torch.Tensor) -> torch.Tensor:
        """Return a network's parameter as it is in the stack, and back."""
        return weight.t() if place in self._turned else weight

    def _share_generators(self) -> None:
        for layer in self._layers:
            layer.generators = self.generators


class StackOptimizer:
    """Steps of SGD and AdamW with settings of its own for each network.

    The settings are those of the networks' own optimisers, as `make_optimizer` makes them, and
    the steps are PyTorch's. Neighbours of equal settings, as the folds of one configuration, take
    one step together.
    """

    def __init__(
        self, stack: Stack, optimizers: Sequence[torch.optim.Optimizer], limits: Sequence[float]
    ) -> None:
        """Take one optimiser and one limit of the gradient norm for each network."""
        self._stack, self._optimizers = stack, list(optimizers)
        self._place = stack.weights[0].device
        self._limits = torch.tensor(limits, device=self._place)
        self._moments, self._squares = _zeros(stack.weights), _zeros(stack.weights)
        self._steps = 0.0

    def moments_of(self, place: int) -> dict[str, torch.Tensor]:
        """Return what the optimiser of the network at a place remembers; views, by name."""
        found = {"steps": torch.tensor(self._steps, dtype=torch.float64)}
        for number, (moments, squares) in enumerate(zip(self._moments, self._squares, strict=True)):
            found |= {f"{number}/moments": moments[place], f"{number}/squares": squares[place]}
        return found

    def restore(self, each: Sequence[Mapping[str, torch.Tensor]]) -> None:
        """Take what `moments_of` gave of each network."""
        self._steps = float(each[0]["steps"])
        for name, tensors in (("moments", self._moments), ("squares", self._squares)):
            for number, tensor in enumerate(tensors):
                tensor.copy_(torch.stack([own[f"{number}/{name}"] for own in each]))

    def begin_epoch(self) -> None:
        """Read the settings; schedules changed the learning rates."""
        self._clipping = bool(torch.isfinite(self._limits).any())
        settings = [_settings_of(optimizer) for optimizer in self._optimizers]
        self._pieces, start = [], 0
        for setting, same in groupby(settings):
            stop = start + len(list(same))
            self._pieces.append(self._piece(setting, slice(start, stop)))
            start = stop

    def step(self, gradients: Sequence[torch.Tensor]) -> torch.Tensor:
        """Clip gradients (networks, ...), move the weights; return norms before, (networks,)."""
        gradients = [gradient.contiguous() for gradient in gradients]
        norms = _norms(gradients)
        if self._clipping:
            factors = (self._limits / (norms + 1e-6)).clamp(max=1.0)
            for gradient in gradients:
                gradient.mul_(factors.view(-1, *[1] * (gradient.dim() - 1)))
        for piece in self._pieces:
            piece.step(gradients)
        self._steps += 1
        return norms

    def keep(self, places: torch.Tensor) -> None:
        """Go on with the networks at these places only."""
        self._optimizers = [self._optimizers[place] for place in places.tolist()]
        self._limits = self._limits[places]
        self._moments = [moments[places] for moments in self._moments]
        self._squares = [squares[places] for squares in self._squares]

    def _piece(self, settings: "_Settings", rows: slice) -> "_Piece":
        weights, moments, squares = (
            [tensor.detach()[rows] for tensor in tensors]
            for tensors in (self._stack.weights, self._moments, self._squares)
        )
        counts = [torch.tensor(self._steps, device=self._place) for _ in weights]
        return _Piece(settings, rows, weights, moments, squares, counts)


_Settings = tuple[type[torch.optim.Optimizer], tuple[tuple[str, float], ...]]
"""Kind of an optimiser, and what its networks' steps depend on, by name."""


@dataclass(frozen=True)
class _Piece:
    """Neighbours whose optimisers have equal settings.

    Attributes:
        settings: theirs.
        rows: where they are.
        weights, moments, squares: theirs; views, each (networks, ...).
        counts: how many steps each parameter has taken; a step of AdamW adds to them.
    """

    settings: _Settings
    rows: slice
    weights: list[torch.Tensor]
    moments: list[torch.Tensor]
    squares: list[torch.Tensor]
    counts: list[torch.Tensor]

    def step(self, gradients: Sequence[torch.Tensor]) -> None:
        """Move the weights."""
        kind, numbers = self.settings
        own, given = [gradient[self.rows] for gradient in gradients], dict(numbers)
        if kind is torch.optim.SGD:
            buffers: list[torch.Tensor | None] = list(self.moments)
            sgd(
                self.weights, own, buffers, has_sparse_grad=False, foreach=False, fused=True,
                weight_decay=given["weight_decay"], momentum=given["momentum"], lr=given["lr"],
                dampening=0.0, nesterov=False, maximize=False,
            )  # fmt: skip
            return
        adamw(
            self.weights, own, self.moments, self.squares, [], self.counts, fused=True,
            amsgrad=False, beta1=given["beta1"], beta2=given["beta2"], lr=given["lr"],
            eps=given["eps"], weight_decay=given["weight_decay"], maximize=False,
        )  # fmt: skip


def _settings_of(optimizer: torch.optim.Optimizer) -> _Settings:
    group = optimizer.param_groups[0]
    names = ["lr", "weight_decay", *(["momentum"] if "momentum" in group else ["eps"])]
    numbers = [(name, float(group[name])) for name in names]
    numbers += [(f"beta{k}", beta) for k, beta in enumerate(group.get("betas", ()), start=1)]
    return type(optimizer), tuple(numbers)


def _zeros(tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    return [torch.zeros_like(tensor, requires_grad=False) for tensor in tensors]


def _norms(gradients: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the norm of each network's gradients, shape (networks,)."""
    each = [torch.linalg.vector_norm(gradient.flatten(1), dim=1) for gradient in gradients]
    norms: torch.Tensor = torch.linalg.vector_norm(torch.stack(each), dim=0)
    return norms
