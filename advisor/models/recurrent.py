"""The modules of the recurrent families, and of linear forecasters."""

import torch
from torch import nn

from advisor.models import shared
from knowledge_base.types import Config

PADDING = 0
EMBEDDING_SPREAD = 0.1


def _cells(config: Config, n_inputs: int, both: bool = False) -> nn.RNNBase:
    kind = nn.LSTM if config["cell"] == "lstm" else nn.GRU
    between = config["dropout"] if config["n_layers"] > 1 else 0.0
    return kind(
        n_inputs,
        config["units"],
        config["n_layers"],
        batch_first=True,
        dropout=between,
        bidirectional=both,
    )


class TextNetwork(nn.Module):
    """Word numbers (n, length) to scores of classes (n, n_outputs)."""

    def __init__(self, config: Config, n_words: int, n_outputs: int) -> None:
        """Build the layers of a configuration."""
        super().__init__()
        self.embedding = nn.Embedding(n_words, config["embedding_size"], padding_idx=PADDING)
        # PyTorch's spread of 1 lets a network tell texts apart by their rare words at once.
        nn.init.normal_(self.embedding.weight, std=EMBEDDING_SPREAD)
        nn.init.zeros_(self.embedding.weight[PADDING].data)
        self.dropout = nn.Dropout(config["dropout"])
        both = config["bidirectional"] == "yes"
        self.cells = _cells(config, config["embedding_size"], both)
        width = 2 * config["units"] * (1 + both)
        self.head = nn.Sequential(
            nn.Linear(width, config["units"]),
            *shared.finish(config, config["units"]),
            nn.Linear(config["units"], n_outputs),
        )

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """Return scores; padding stands before the words and is left out of the mean."""
        states, _ = self.cells(self.dropout(self.embedding(words)))
        used = (words != PADDING).unsqueeze(2)
        mean = (states * used).sum(1) / used.sum(1).clamp(min=1)
        half = states.shape[2] // 2 if self.cells.bidirectional else states.shape[2]
        # Read from right to left a text ends with its first word, not with the padding.
        first = (used.shape[1] - used.sum((1, 2))).clamp(max=used.shape[1] - 1)
        rows = torch.arange(len(words), device=words.device)
        last = torch.cat([states[:, -1, :half], states[rows, first, half:]], 1)
        scores: torch.Tensor = self.head(torch.cat([mean, last], 1))
        return scores


class ForecastNetwork(nn.Module):
    """Windows (n, length, n_inputs) to forecasts (n, horizon)."""

    def __init__(self, config: Config, n_inputs: int, horizon: int) -> None:
        """Build the layers of a configuration."""
        super().__init__()
        self.cells = _cells(config, n_inputs)
        self.head = nn.Sequential(
            nn.Linear(config["units"], config["units"]),
            *shared.finish(config, config["units"]),
            nn.Linear(config["units"], horizon),
        )

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Return all steps ahead."""
        states, _ = self.cells(windows)
        steps: torch.Tensor = self.head(states[:, -1])
        return steps


class LinearForecast(nn.Module):
    """Windows (n, length, n_inputs) to forecasts (n, horizon), by one linear layer."""

    def __init__(self, n_inputs: int, horizon: int) -> None:
        """Build the layer for so many inputs of a whole window."""
        super().__init__()
        self.linear = nn.Linear(n_inputs, horizon)

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Return all steps ahead."""
        steps: torch.Tensor = self.linear(windows.flatten(1))
        return steps
