"""Texts to rows of word numbers; the vocabulary is the training part's."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from advisor.data.preparation.base import PreparedData, arrays_of
from advisor.data.splits import split_indices
from advisor.data.texts import TextDataset
from advisor.data.words import tokens

MAX_VOCABULARY = 30_000
MAX_LENGTH = 512
PADDING, UNKNOWN, FIRST_WORD = 0, 1, 2


@dataclass(frozen=True)
class TextData(PreparedData):
    """Word numbers by falling frequency in the training part, shape (n, length).

    0 is padding (behind the words, or before them after `limited`), 1 an unknown word;
    `n_inputs` counts the numbers in use.
    """

    modality: ClassVar[str] = "text"
    evaluation_batch: ClassVar[int] = 512
    curve_rows: ClassVar[int | None] = 2000

    def limited(self, vocabulary: int, length: int) -> "TextData":
        """Return the first `length` words of each text, padded before them.

        Args:
            vocabulary: the most frequent words to know; others are one unknown word.
            length: how many words a row has; no more than the longest text.
        """
        known = min(vocabulary + FIRST_WORD, self.n_inputs)
        return replace(
            self,
            n_inputs=known,
            x_train=_limited(self.x_train, known, length),
            x_valid=_limited(self.x_valid, known, length),
            x_test=_limited(self.x_test, known, length),
        )


def prepare_texts(dataset: TextDataset, seed: int = 0) -> TextData:
    """Split with `seed` and number the words; words of the training part only."""
    splits = split_indices(dataset, seed)
    codes = dataset.target.cat.codes.to_numpy(dtype=np.int64)
    words = [tokens(text) for text in dataset.texts]
    counts = Counter(word for row in splits.train for word in words[row])
    # Equally frequent words stand in the order of the alphabet, so that runs can be repeated.
    ranked = sorted(counts, key=lambda word: (-counts[word], word))[:MAX_VOCABULARY]
    numbers = {word: place for place, word in enumerate(ranked, start=FIRST_WORD)}
    length = max(min(max(map(len, words)), MAX_LENGTH), 1)
    arrays = arrays_of(
        (_numbered([words[row] for row in rows], numbers, length), codes[rows])
        for rows in (splits.train, splits.valid, splits.test)
    )
    return TextData(
        **arrays,
        kind="classification",
        n_inputs=len(numbers) + FIRST_WORD,
        n_outputs=dataset.n_classes or 0,
    )


def _numbered(texts: Sequence[Sequence[str]], numbers: dict[str, int], length: int) -> np.ndarray:
    rows = np.full((len(texts), length), PADDING, dtype=np.int32)
    for row, words in zip(rows, texts, strict=True):
        found = [numbers.get(word, UNKNOWN) for word in words[:length]]
        row[: len(found)] = found
    return rows


def _limited(rows: np.ndarray, known: int, length: int) -> np.ndarray:
    cut = rows[:, :length]
    cut = np.where(cut >= known, np.int32(UNKNOWN), cut)
    # A network that reads from left to right should end with words, not with padding.
    used = (cut != PADDING).sum(1)
    moved = np.full_like(cut, PADDING)
    behind = np.arange(cut.shape[1]) >= (cut.shape[1] - used)[:, None]
    moved[behind] = cut[cut != PADDING]
    return moved.astype(np.int64)  # the type of indices that all of PyTorch takes
