"""Multilayer perceptrons for tables."""

from functools import cache
from math import pi
from pathlib import Path

import torch
from torch import Tensor, nn

from advisor.predictor.export.parts.averaging import Model, loaded
from advisor.predictor.export.parts.files import HERE, Json
from advisor.predictor.export.parts.layers import finish
from advisor.predictor.export.parts.tables import TablePreparation

WAVES = 16
"""Waves per numeric column."""

MIXED = 3
"""Numbers that are made of them."""

FAR = 3.0
"""What clipped values approach, in standard deviations."""


def build_network(config: Json, form: Json) -> nn.Module:
    """Return the network: `n_layers` hidden layers of `units`, then a linear output.

    Args:
        config: hyperparameters.
        form: `n_inputs` columns after preparation, `n_outputs`, and in `groups` the first column
            and the number of columns of each group of indicators.
    """
    groups, width = form["groups"], form["n_inputs"]
    inside = {column for first, n in groups for column in range(first, first + n)}
    numeric = [column for column in range(width) if column not in inside]
    layers: list[nn.Module] = []
    if config["numeric"] == "periodic" and numeric:
        layers.append(Periodic(numeric))
        width += MIXED * len(numeric)
    if config["embedding"] != "off" and groups:
        embeddings = Embeddings(groups, width, int(config["embedding"]))
        layers.append(embeddings)
        width = embeddings.n_outputs
    for depth in range(config["n_layers"]):
        block = [nn.Linear(width, config["units"]), *finish(config, config["units"])]
        residual = config["block"] == "residual" and depth > 0
        layers += [Residual(*block)] if residual else block
        width = config["units"]
    return nn.Sequential(*layers, nn.Linear(width, form["n_outputs"]))


class Residual(nn.Sequential):
    """Layers whose output is added to their input."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return input plus output, of the same shape."""
        outputs = inputs
        for layer in self:
            outputs = layer(outputs)
        return inputs + outputs


class Embeddings(nn.Module):
    """Groups of indicator columns to learned vectors; other columns pass through."""

    def __init__(self, groups: list[list[int]], n_inputs: int, size: int) -> None:
        """Take the groups, the number of all columns and the length of the vectors."""
        super().__init__()
        inside = {column for first, n in groups for column in range(first, first + n)}
        others = [column for column in range(n_inputs) if column not in inside]
        self.others: Tensor
        self.register_buffer("others", torch.tensor(others, dtype=torch.long))
        self.groups = groups
        self.tables = nn.ModuleList(nn.Linear(n, min(size, n), bias=False) for _, n in groups)
        self.n_outputs = len(others) + sum(min(size, n) for _, n in groups)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return (n, n_outputs)."""
        parts = [inputs[:, self.others]]
        for (first, n), table in zip(self.groups, self.tables, strict=True):
            parts.append(table(inputs[:, first : first + n]))
        return torch.cat(parts, 1)


class Periodic(nn.Module):
    """Numeric columns clipped smoothly, and behind all columns what learned waves make of them.

    Each column x becomes `MIXED` linear combinations of `WAVES` cosines, cos(2 pi f x + b), as in
    Holzmüller et al. 2024 ("Better by default") and Gorishniy et al. 2022.
    """

    def __init__(self, numeric: list[int]) -> None:
        """Take the numeric columns."""
        super().__init__()
        self.numeric: Tensor
        self.register_buffer("numeric", torch.tensor(numeric, dtype=torch.long))
        self.waves, self.mix = Waves(len(numeric)), Mix(len(numeric))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return (n, n_inputs + MIXED * numeric columns)."""
        x = inputs[:, self.numeric]
        clipped = x / torch.sqrt(1 + (x / FAR) ** 2)
        made = self.mix(self.waves(clipped))
        return torch.cat([inputs.index_copy(1, self.numeric, clipped), made], 1)


class Waves(nn.Module):
    """Cosines of each column, with learned frequencies and phases."""

    def __init__(self, n_columns: int) -> None:
        """Make the parameters."""
        super().__init__()
        self.frequencies = nn.Parameter(torch.zeros(n_columns, WAVES))
        self.phases = nn.Parameter(torch.zeros(n_columns, WAVES))

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, n_columns, WAVES)."""
        return torch.cos(2 * pi * self.frequencies * x.unsqueeze(2) + self.phases)


class Mix(nn.Module):
    """A linear layer of its own for each column."""

    def __init__(self, n_columns: int) -> None:
        """Make the parameters."""
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(n_columns, WAVES, MIXED))
        self.bias = nn.Parameter(torch.zeros(n_columns, MIXED))

    def forward(self, waves: Tensor) -> Tensor:
        """Return (n, n_columns * MIXED)."""
        return (torch.einsum("ncw,cwm->ncm", waves, self.weight) + self.bias).flatten(1)


def load(folder: Path = HERE) -> Model:
    """Return the trained model, which lies beside this file."""
    return loaded(folder, build_network, TablePreparation)


@cache
def _model() -> Model:
    return load()


def predict(rows: object) -> list[object]:
    """Return the class or the number of each row: a list of dicts, or a dict of columns."""
    return _model().predict(rows)
