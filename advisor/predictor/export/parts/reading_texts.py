"""Recurrent networks for texts."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

from advisor.data.words import tokens
from advisor.predictor.export.parts.averaging import Model, Preparation, Prepared, loaded
from advisor.predictor.export.parts.files import HERE, Json
from advisor.predictor.export.parts.layers import finish
from advisor.predictor.export.parts.recurrence import cells_of

PADDING, UNKNOWN_WORD, FIRST_WORD = 0, 1, 2
"""Numbers that are no words of the training texts, and the number of the most frequent one."""


class TextPreparation(Preparation):
    """Words to numbers: those of the training texts, by falling frequency, in each fold."""

    def __init__(self, content: Json) -> None:
        """Take what preparation.json holds."""
        self.numbers: list[dict[str, int]] = [
            {word: number for number, word in enumerate(fold["words"], start=FIRST_WORD)}
            for fold in content["folds"]
        ]

    def prepare(self, rows: object, networks: Sequence[Json]) -> list[Prepared]:
        """Return word numbers (n, length) for each network, padded before the words.

        Args:
            rows: texts.
            networks: as `Preparation.prepare` has them.
        """
        if isinstance(rows, str) or not isinstance(rows, Sequence):
            raise ValueError("give a list of texts")
        if not all(isinstance(text, str) for text in rows):
            raise ValueError("every row is a text; an empty one where there is none")
        split = [tokens(text) for text in rows]
        return [(self._numbered(split, one),) for one in networks]

    def _numbered(self, split: Sequence[Sequence[str]], one: Json) -> Tensor:
        numbers, length, known = self.numbers[one["fold"]], one["length"], one["n_inputs"]
        found = torch.full((len(split), length), PADDING)
        for row, words_of_row in zip(found, split, strict=True):
            places = [numbers.get(word, UNKNOWN_WORD) for word in words_of_row[:length]]
            if places:  # a configuration knows the most frequent words only
                kept = [place if place < known else UNKNOWN_WORD for place in places]
                row[-len(kept) :] = torch.tensor(kept)
        return found


class TextNetwork(nn.Module):
    """Word numbers (n, length) to scores of classes (n, n_outputs)."""

    def __init__(self, config: Json, n_words: int, n_outputs: int) -> None:
        """Build the layers of a configuration."""
        super().__init__()
        both = config["bidirectional"] == "yes"
        units = config["units"]
        self.embedding = nn.Embedding(n_words, config["embedding_size"], padding_idx=PADDING)
        self.dropout = nn.Dropout(config["dropout"])
        self.cells = cells_of(config, config["embedding_size"], both)
        self.head = nn.Sequential(
            nn.Linear(2 * units * (1 + both), units),
            *finish(config, units),
            nn.Linear(units, n_outputs),
        )

    def forward(self, words: Tensor) -> Tensor:
        """Return scores; padding stands before the words and is left out of the mean."""
        states, _ = self.cells(self.dropout(self.embedding(words)))
        used = (words != PADDING).unsqueeze(2)
        mean = (states * used).sum(1) / used.sum(1).clamp(min=1)
        last = states[:, -1]
        if self.cells.bidirectional:
            half = states.shape[2] // 2
            # Read from right to left a text ends with its first word, not with the padding.
            first = (used.shape[1] - used.sum((1, 2))).clamp(max=used.shape[1] - 1)
            rows = torch.arange(words.shape[0], device=words.device)
            last = torch.cat([last[:, :half], states[rows, first, half:]], 1)
        scores: Tensor = self.head(torch.cat([mean, last], 1))
        return scores


def build_network(config: Json, form: Json) -> nn.Module:
    """Return the network for `n_inputs` words and `n_outputs` classes."""
    return TextNetwork(config, form["n_inputs"], form["n_outputs"])


def load(folder: Path = HERE) -> Model:
    """Return the trained model, which lies beside this file."""
    return loaded(folder, build_network, TextPreparation)


@cache
def _model() -> Model:
    return load()


def predict(rows: object) -> list[object]:
    """Return the class of each text of a list."""
    return _model().predict(rows)
