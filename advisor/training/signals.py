"""What training shows besides losses, for diagnoses; looking changes nothing and costs little."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import exp, inf, isfinite, log, nan
from typing import cast

import numpy as np
import torch
from torch import nn

from advisor.models.tables import Embeddings

LOOKS = 4
"""Batches of an epoch whose gradients are compared."""

SAMPLE = 512
"""Rows that a unit must be zero for to count as dead."""

TINY = 1e-12
"""Smallest ratio told apart from no gradient at all."""


class Signals:
    """Watches one network while it is trained."""

    def __init__(self, network: nn.Module) -> None:
        """Find the first and last layer with weights, and the ReLUs."""
        weights = _weights(network)
        self._ends = (weights[0], weights[-1]) if len(weights) > 1 else None
        self._units = [module for module in network.modules() if isinstance(module, nn.ReLU)]
        self._active: dict[int, torch.Tensor] = {}
        self.begin_epoch(1)

    def begin_epoch(self, batches: int) -> None:
        """Forget the last epoch; `batches` are to come."""
        self._every, self._batch = max(batches // LOOKS, 1), 0
        self._norms: list[torch.Tensor] = []

    def see_gradients(self) -> None:
        """Look at the gradients of a batch, before they are clipped."""
        if self._ends is not None and self._batch % self._every == 0:
            grads = [weight.grad for weight in self._ends if weight.grad is not None]
            if len(grads) == 2:
                self._norms += [torch.linalg.vector_norm(grad) for grad in grads]
        self._batch += 1

    def gradient_ratio(self) -> float:
        """Return the gradient per weight of the first layer over that of the last one.

        Root mean squares, as a geometric mean over batches; NaN with fewer than two layers or
        without any gradient.
        """
        if self._ends is None or not self._norms:
            return nan
        norms = torch.stack(self._norms).tolist()
        scale = (self._ends[1].numel() / self._ends[0].numel()) ** 0.5
        logs = [
            log(max(scale * first / last, TINY))
            for first, last in zip(norms[::2], norms[1::2], strict=True)
            if isfinite(first) and 0 < last < inf
        ]
        return exp(sum(logs) / len(logs)) if logs else nan

    @contextmanager
    def watching_units(self) -> Iterator[None]:
        """Watch which ReLU units are ever active while the network evaluates some rows."""
        self._active = {}
        handles = [unit.register_forward_hook(self._see_units) for unit in self._units]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def dead_units(self) -> float:
        """Return the share of ReLU units that were zero for all rows, NaN without ReLU."""
        if not self._active:
            return nan
        largest = torch.cat(list(self._active.values())).cpu().numpy()
        return float((largest <= 0).mean())

    def _see_units(self, unit: nn.Module, inputs: object, outputs: torch.Tensor) -> None:
        if id(unit) not in self._active:  # the first rows are enough
            others = [d for d in range(outputs.dim()) if d != 1]  # units of images are channels
            self._active[id(unit)] = outputs[:SAMPLE].detach().amax(others)


def largest_finite(norms: np.ndarray) -> float:
    """Return the largest number that is one, NaN if there is none."""
    finite = norms[np.isfinite(norms)]
    return float(finite.max()) if len(finite) else nan


def loss_spread(losses: np.ndarray) -> float:
    """Return the standard deviation of batch losses over their mean, NaN for one batch."""
    losses = losses.astype(float)  # squares of diverging losses are beyond single precision
    mean = float(np.abs(losses).mean())
    return float(losses.std()) / mean if len(losses) > 1 and mean > 0 else nan


def _weights(network: nn.Module) -> list[torch.Tensor]:
    """Return the weight matrices in the order of the layers; embeddings are no layers.

    A row of an embedding has a gradient in few batches only.
    """
    inside = {
        id(table)
        for module in network.modules()
        if isinstance(module, Embeddings)
        for table in module.modules()
    }
    found: list[torch.Tensor] = []
    for module in network.modules():
        if isinstance(module, nn.RNNBase):
            found.append(cast(torch.Tensor, module.weight_ih_l0))
        elif isinstance(module, nn.Linear | nn.Conv2d) and id(module) not in inside:
            found.append(module.weight)
    return [weight for weight in found if weight.requires_grad]
