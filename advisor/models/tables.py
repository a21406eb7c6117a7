"""Modules of networks for tables."""

from collections.abc import Sequence

import torch
from torch import nn


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
        inside = {c for start, n in categories for c in range(start, start + n)}
        others = torch.tensor(sorted(set(range(n_inputs)) - inside), dtype=torch.long)
        self.register_buffer("others", others)
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
