"""The steps of SGD and AdamW (Loshchilov and Hutter 2019) of `torch.optim`, differentiable."""

from collections.abc import Sequence

import torch

Tensors = dict[str, torch.Tensor]

EPSILON = 1e-8
BETAS = (0.9, 0.999)


class SGDSteps:
    """Differentiable steps of `torch.optim.SGD`, with momentum and L2 weight decay."""

    def __init__(self) -> None:
        """Begin without a velocity."""
        self.velocity: list[torch.Tensor] | None = None

    def __call__(
        self, weights: Tensors, slopes: Sequence[torch.Tensor], hyper: Tensors, rate: torch.Tensor
    ) -> Tensors:
        """Return the weights after one step.

        Args:
            weights: before it, by name; not changed.
            slopes: gradients by the weights, in their order.
            hyper: hyperparameters; `weight_decay` and `momentum` are used where they are there.
            rate: learning rate of this step.
        """
        decay = hyper.get("weight_decay", torch.zeros(()))
        moved = [g + decay * w for g, w in zip(slopes, weights.values(), strict=True)]
        if "momentum" in hyper and self.velocity is not None:
            moved = [hyper["momentum"] * v + g for v, g in zip(self.velocity, moved, strict=True)]
        self.velocity = moved
        return {n: w - rate * v for (n, w), v in zip(weights.items(), moved, strict=True)}


class AdamWSteps:
    """Differentiable steps of `torch.optim.AdamW`."""

    def __init__(self) -> None:
        """Begin without moments."""
        self.number = 0
        self.means: list[torch.Tensor] = []
        self.squares: list[torch.Tensor] = []

    def __call__(
        self, weights: Tensors, slopes: Sequence[torch.Tensor], hyper: Tensors, rate: torch.Tensor
    ) -> Tensors:
        """Return the weights after one step; arguments are those of `SGDSteps`."""
        if not self.number:
            self.means = [torch.zeros_like(g) for g in slopes]
            self.squares = [torch.zeros_like(g) for g in slopes]
        self.number += 1
        first, second = BETAS
        decay = hyper.get("weight_decay", torch.zeros(()))
        self.means = [first * m + (1 - first) * g
                      for m, g in zip(self.means, slopes, strict=True)]  # fmt: skip
        self.squares = [second * s + (1 - second) * g * g
                        for s, g in zip(self.squares, slopes, strict=True)]  # fmt: skip
        moved = {}
        for (name, w), m, s in zip(weights.items(), self.means, self.squares, strict=True):
            mean, square = m / (1 - first**self.number), s / (1 - second**self.number)
            # The square root has no derivative at 0, where a dead unit's gradients are.
            root = torch.where(square > 0, square, 1.0).sqrt() * (square > 0)
            moved[name] = w * (1 - rate * decay) - rate * mean / (root + EPSILON)
        return moved
