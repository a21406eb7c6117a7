"""Several networks of one shape as one: a row of a matrix holds the weights of each."""

from collections.abc import Sequence
from itertools import chain

import torch
from torch import nn
from torch.nn.utils import parameters_to_vector

from advisor.training.stacked_layers import layer_of, layers_in
from advisor.training.steps import adamw_, sgd_

BLOCK = 1 << 16
"""Numbers that an optimiser works on at a time: they should stay in a core's cache."""


class Stack:
    """Networks of equal `shape_of`.

    Attributes:
        weights: all parameters, shape (networks, parameters); what is trained.
    """

    def __init__(self, networks: Sequence[nn.Module], generators: Sequence[torch.Generator]):
        """Copy the networks' weights.

        Args:
            networks: on the CPU.
            generators: source of each network's random choices.
        """
        vectors = [parameters_to_vector(network.parameters()).detach() for network in networks]
        self.weights = torch.stack(vectors).requires_grad_()
        shapes = [parameter.shape for parameter in networks[0].parameters()]
        self._shapes, self._sizes = shapes, [shape.numel() for shape in shapes]
        self._body = layer_of(networks)
        self._layers = layers_in(self._body)
        self.generators = list(generators)
        self._share_generators()

    def __call__(self, x: torch.Tensor, training: bool) -> torch.Tensor:
        """Return outputs (networks, rows, outputs) for inputs (networks, rows, columns)."""
        parts = torch.split(self.weights, self._sizes, 1)
        views = [p.view(-1, *shape) for p, shape in zip(parts, self._shapes, strict=True)]
        return self._body(x, views, training)

    @torch.no_grad()
    def outputs(self, x: torch.Tensor, batch: int) -> torch.Tensor:
        """Return all networks' outputs in evaluation mode.

        Args:
            x: the same rows for all (n, columns), or rows of each (networks, n, columns).
            batch: rows that go through one network at once.
        """
        count = len(self.weights)
        each = x if x.dim() == 3 else x.expand(count, *x.shape)
        rows = torch.split(each, max(batch // count, 64), 1)
        return torch.cat([self(some, False) for some in rows], 1)

    def state_of(self, place: int, network: nn.Module) -> dict[str, torch.Tensor]:
        """Return a copy of the weights at a place as the state of its own `network`."""
        row = torch.split(self.weights[place].detach().clone(), self._sizes)
        names = [name for name, _ in network.named_parameters()]
        shaped = (part.view(shape) for part, shape in zip(row, self._shapes, strict=True))
        running = [
            f"{name}.{buffer}"
            for name, module in network.named_modules()
            if isinstance(module, nn.BatchNorm1d)
            for buffer in ("running_mean", "running_var")
        ]
        kept = chain.from_iterable(layer.state(place) for layer in self._layers)
        return {
            **network.state_dict(),
            **dict(zip(names, shaped, strict=True)),
            **dict(zip(running, kept, strict=True)),
        }

    def keep(self, places: torch.Tensor) -> None:
        """Go on with the networks at these places only."""
        self.weights = self.weights.detach()[places].requires_grad_()
        self.generators = [self.generators[place] for place in places.tolist()]
        for layer in self._layers:
            layer.keep(places)
        self._share_generators()

    def _share_generators(self) -> None:
        for layer in self._layers:
            layer.generators = self.generators


class StackOptimizer:
    """Steps of SGD and AdamW with settings of its own for each network.

    The settings are those of the networks' own optimisers, as `make_optimizer` makes them; the
    formulas are PyTorch's (`advisor.training.steps`). Networks with SGD come first.
    """

    def __init__(
        self, stack: Stack, optimizers: Sequence[torch.optim.Optimizer], limits: Sequence[float]
    ) -> None:
        """Take one optimiser and one limit of the gradient norm for each network."""
        self._stack, self._optimizers = stack, list(optimizers)
        self._limits = torch.tensor(limits, dtype=stack.weights.dtype)
        self._moments = torch.zeros_like(stack.weights, requires_grad=False)
        self._first_adam = sum(isinstance(o, torch.optim.SGD) for o in optimizers)
        self._squares = torch.zeros_like(self._moments[self._first_adam :])
        self._steps = 0
        self._read()

    def begin_epoch(self) -> None:
        """Read the learning rates, which schedules changed."""
        rates = self._of_each("lr")
        self._rates = rates.to(self._moments)
        self._decays = (1 - rates * self._of_each("weight_decay")).to(self._moments)

    def step(self, gradients: torch.Tensor) -> torch.Tensor:
        """Clip gradients (networks, parameters), move the weights; return norms before."""
        self._steps += 1
        norms: torch.Tensor = torch.linalg.vector_norm(gradients, dim=1)
        gradients.mul_((self._limits / (norms + 1e-6)).clamp(max=1.0).unsqueeze(1))
        weights = self._stack.weights.detach()
        height = max(BLOCK // weights.shape[1], 1)
        for start in range(0, self._first_adam, height):
            self._sgd(weights, gradients, slice(start, min(start + height, self._first_adam)))
        for start in range(self._first_adam, len(weights), height):
            self._adam(weights, gradients, slice(start, start + height))
        return norms

    def keep(self, places: torch.Tensor) -> None:
        """Go on with the networks at these places only."""
        adam = places[places >= self._first_adam] - self._first_adam
        self._optimizers = [self._optimizers[place] for place in places.tolist()]
        self._limits, self._moments = self._limits[places], self._moments[places]
        self._squares = self._squares[adam]
        self._first_adam = len(places) - len(adam)
        self._read()

    def _of_each(self, name: str) -> torch.Tensor:
        settings = [optimizer.param_groups[0].get(name, 0.0) for optimizer in self._optimizers]
        return torch.tensor(settings, dtype=torch.float64).unsqueeze(1)

    def _read(self) -> None:
        self._momenta = self._of_each("momentum").to(self._moments)
        self._penalties = self._of_each("weight_decay").to(self._moments)
        adam = self._optimizers[self._first_adam :]
        self._adam_settings = adam[0].param_groups[0] if adam else {}

    def _sgd(self, weights: torch.Tensor, gradients: torch.Tensor, rows: slice) -> None:
        rates, momenta = self._rates[rows], self._momenta[rows]
        sgd_(
            weights[rows], gradients[rows], self._moments[rows], rates, self._penalties[rows],
            momenta,
        )  # fmt: skip

    def _adam(self, weights: torch.Tensor, gradients: torch.Tensor, rows: slice) -> None:
        squares = slice(rows.start - self._first_adam, rows.stop - self._first_adam)
        adamw_(
            weights[rows], gradients[rows], self._moments[rows], self._squares[squares],
            self._rates[rows], self._decays[rows], self._steps, self._adam_settings["betas"],
            self._adam_settings["eps"],
        )  # fmt: skip
