"""Modules of networks for tables."""

from collections.abc import Sequence
from math import pi

import torch
from torch import nn

WAVES = 16
"""Waves per numeric column."""

MIXED = 3
"""Numbers that are made of them; with the column itself there are four."""

SPREAD = 0.2
"""Standard deviation of the waves' frequencies at first, in turns per standard deviation.

Of 0.1, 0.2 and 0.3 the one that has nearly all of the gain of 0.3 on tables with steep curves
and less of its harm on others.
"""

FAR = 3.0
"""What clipped values approach, in standard deviations."""

TINY = 1e-12
"""Share of inputs that stays at least, as what is divided by."""


def numeric_columns(categories: Sequence[tuple[int, int]], n_inputs: int) -> list[int]:
    """Return the columns that are in no group of indicators.

    Args:
        categories: first column and number of columns of each group.
        n_inputs: number of all columns.
    """
    inside = {c for start, n in categories for c in range(start, start + n)}
    return [column for column in range(n_inputs) if column not in inside]


class Dropout(nn.Dropout):
    """PyTorch's dropout, with masks that a CPU draws in a third of the time."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs, some of them zero and the others larger while training."""
        if not self.training or inputs.device.type != "cpu":
            return super().forward(inputs)
        return dropped(inputs, torch.rand(inputs.shape), self.p)


def dropped(inputs: torch.Tensor, noise: torch.Tensor, rates: float | torch.Tensor) -> torch.Tensor:
    """Return inputs with those zero whose noise, uniform from 0 to 1, is below the rates.

    Args:
        inputs: of any shape.
        noise: of the same shape.
        rates: shares that are zero, 1 at most; of a shape that broadcasts with `inputs`.
    """
    rates = torch.as_tensor(rates, dtype=inputs.dtype)
    return inputs * ((noise >= rates) * (1 / (1 - rates).clamp(min=TINY)))


class Residual(nn.Sequential):
    """Layers whose output is added to their input."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return input plus output, of the same shape."""
        outputs = inputs
        for layer in self:
            outputs = layer(outputs)
        return inputs + outputs


class Embeddings(nn.Module):
    """Groups of indicator columns to learned vectors; other columns pass through.

    A linear map of indicators is an embedding table, so that the data need no other form.
    """

    def __init__(self, categories: Sequence[tuple[int, int]], n_inputs: int, size: int) -> None:
        """Take the groups.

        Args:
            categories: first column and number of columns of each.
            n_inputs: columns before.
            size: length of the vectors; no longer than a group has columns.
        """
        super().__init__()
        self.others: torch.Tensor
        self.categories = [tuple(group) for group in categories]
        others = numeric_columns(categories, n_inputs)
        self.register_buffer("others", torch.tensor(others, dtype=torch.long))
        self.tables = nn.ModuleList(
            nn.Linear(n, min(size, n), bias=False) for _, n in self.categories
        )
        made = sum(min(size, n) for _, n in self.categories)
        self.n_outputs = len(self.others) + made

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return (n, n_outputs)."""
        parts = [inputs[:, self.others]]
        for (start, n), table in zip(self.categories, self.tables, strict=True):
            parts.append(table(inputs[:, start : start + n]))
        return torch.cat(parts, 1)


def smoothly_clipped(x: torch.Tensor) -> torch.Tensor:
    """Return x / sqrt(1 + (x / 3)^2): x near zero, and never beyond -3 and 3.

    Values far outside are not alike, as they are when cut off (Holzmüller et al. 2024).
    """
    return x / torch.sqrt(1 + (x / FAR) ** 2)


def waves(x: torch.Tensor, frequencies: torch.Tensor, phases: torch.Tensor) -> torch.Tensor:
    """Return cos(2 pi frequency x + phase), shape (..., n, columns, waves).

    Args:
        x: numbers (..., n, columns).
        frequencies: in turns per unit of x, shape (..., columns, waves).
        phases: in radians, of the same shape.
    """
    turned = x.unsqueeze(-1) * (2 * pi * frequencies).unsqueeze(-3)
    return torch.cos(turned + phases.unsqueeze(-3))


def mixed(given: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Return a linear map of the waves of each column, shape (..., n, columns * mixed).

    Args:
        given: what `waves` returns.
        weight: shape (..., columns, waves, mixed).
        bias: shape (..., columns, mixed).
    """
    made = given.transpose(-3, -2) @ weight + bias.unsqueeze(-2)
    return made.transpose(-3, -2).flatten(-2)


class Waves(nn.Module):
    """Cosines of each column, with learned frequencies and phases."""

    def __init__(self, n_columns: int) -> None:
        """Draw frequencies from N(0, `SPREAD`^2), phases uniformly from (-pi, pi)."""
        super().__init__()
        self.frequencies = nn.Parameter(nn.init.normal_(torch.empty(n_columns, WAVES), std=SPREAD))
        self.phases = nn.Parameter(torch.empty(n_columns, WAVES).uniform_(-pi, pi))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, n_columns, `WAVES`)."""
        return waves(x, self.frequencies, self.phases)


class Mix(nn.Module):
    """A linear layer of its own for each column."""

    def __init__(self, n_columns: int) -> None:
        """Draw weights and biases as a linear layer of PyTorch draws them."""
        super().__init__()
        bound = WAVES**-0.5
        shape = (n_columns, WAVES, MIXED)
        self.weight = nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(n_columns, MIXED).uniform_(-bound, bound))

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """Return (n, n_columns * `MIXED`)."""
        return mixed(given, self.weight, self.bias)


class Periodic(nn.Module):
    """Numeric columns clipped smoothly, and behind all columns what periodic embeddings make.

    PBLD of Holzmüller et al. 2024 ("Better by default"), after Gorishniy et al. 2022 ("On
    embeddings for numerical features in tabular deep learning"): each column x becomes x and
    `MIXED` linear combinations of `WAVES` cosines, cos(2 pi f x + b), b in radians.
    """

    def __init__(self, numeric: Sequence[int], n_inputs: int) -> None:
        """Take the numeric columns, at least one, and how many columns there are."""
        super().__init__()
        self.numeric: torch.Tensor
        self.columns = tuple(numeric)  # the buffer has no content on the device "meta"
        self.register_buffer("numeric", torch.tensor(self.columns, dtype=torch.long))
        # Modules of their own, so that the estimate of memory sees what goes between them.
        self.waves, self.mix = Waves(len(numeric)), Mix(len(numeric))
        self.n_outputs = n_inputs + MIXED * len(numeric)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return (n, n_outputs)."""
        clipped = smoothly_clipped(inputs[:, self.numeric])
        made = self.mix(self.waves(clipped))
        return torch.cat([inputs.index_copy(1, self.numeric, clipped), made], 1)
