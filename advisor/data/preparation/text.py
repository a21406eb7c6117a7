"""Texts to rows of word numbers; the vocabulary is the training part's."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Self

import numpy as np

from advisor.data.preparation import target as targets
from advisor.data.preparation.base import (
    Arrays,
    Features,
    Preparation,
    PreparedData,
    arrays_of,
)
from advisor.data.preparation.stored import Stored, damaged
from advisor.data.preparation.target import Target
from advisor.data.splits import split_indices
from advisor.data.texts import TextDataset
from advisor.data.words import tokens
from knowledge_base.errors import UserError
from knowledge_base.types import JsonObject

MAX_VOCABULARY = 30_000
MAX_LENGTH = 512
PADDING, UNKNOWN, FIRST_WORD = 0, 1, 2
FIELDS = ("modality", "target", "words", "length", "limited")


@dataclass(frozen=True)
class TextPreparation(Preparation):
    """The words that have numbers, and how many words of a text count.

    Attributes:
        target: the classes.
        words: by falling frequency in the training part.
        length: words per text; further ones are cut off.
        limited: whether a configuration chose these, so that padding is before the words.
    """

    target: Target
    words: tuple[str, ...]
    length: int
    limited: bool = False

    modality: ClassVar[str] = "text"

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.words, start=FIRST_WORD)}

    @property
    def n_inputs(self) -> int:
        """Numbers in use."""
        return len(self.words) + FIRST_WORD

    def inputs(self, features: Features) -> np.ndarray:
        """Return word numbers of texts, (n, length); int32, or int64 once limited.

        Raises:
            UserError: a text is missing.
        """
        texts = [text for text in features if isinstance(text, str)]
        if isinstance(features, str) or len(texts) != len(features):
            raise UserError("The new rows must have a text in each of them.")
        return self.numbered([tokens(text) for text in texts])

    def numbered(self, texts: Sequence[Sequence[str]]) -> np.ndarray:
        """Return word numbers of texts that were taken apart into words."""
        rows = np.full((len(texts), self.length), PADDING, dtype=np.int32)
        for row, words in zip(rows, texts, strict=True):
            found = [self._numbers.get(word, UNKNOWN) for word in words[: self.length]]
            row[: len(found)] = found
        return _limited(rows, self.n_inputs, self.length) if self.limited else rows

    def limit(self, vocabulary: int, length: int) -> Self:
        """Return the preparation of `TextData.limited`."""
        return replace(
            self,
            words=self.words[:vocabulary],
            length=min(length, self.length),
            limited=True,
        )

    def in_unit(self, values: np.ndarray, features: Features) -> np.ndarray:
        """Return the values: texts have classes, which have no unit."""
        return self.target.in_unit(values)

    def stand_in(self, rows: int = 2) -> "TextData":
        """Return texts of padding."""
        x, y = self.numbered([()] * rows), self.target.zeros(rows)
        return self.data(arrays_of([(x, y)] * 3), self.target.n_outputs)

    def data(
        self, arrays: Arrays, n_outputs: int, valid_rows: np.ndarray | None = None
    ) -> "TextData":
        """Return word numbers of this form as data to train with."""
        return TextData(
            **arrays,
            kind=self.target.kind,
            n_inputs=self.n_inputs,
            n_outputs=n_outputs,
            valid_rows=np.arange(len(arrays["x_valid"])) if valid_rows is None else valid_rows,
            preparation=self,
        )

    def to_dict(self) -> JsonObject:
        """Return it as strict JSON."""
        return {
            "modality": self.modality,
            "target": self.target.to_dict(),
            "words": list(self.words),
            "length": self.length,
            "limited": self.limited,
        }

    @classmethod
    def from_dict(cls, found: object) -> Self:
        """Return what `to_dict` gave.

        Raises:
            UserError: it is not that.
        """
        stored = Stored(found, "the texts", FIELDS)
        stored.one_of("modality", [cls.modality])
        words = stored.texts("words")
        if len(words) > MAX_VOCABULARY:
            raise damaged(f"it has {len(words):,} words; there are at most {MAX_VOCABULARY:,}")
        return cls(
            Target.from_stored(stored.part("target", targets.FIELDS)),
            words,
            stored.whole("length", 1, MAX_LENGTH),
            stored.truth("limited"),
        )


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
        fitted = self.preparation
        return replace(
            self,
            n_inputs=known,
            preparation=fitted.limit(vocabulary, length)
            if isinstance(fitted, TextPreparation)
            else fitted,
            x_train=_limited(self.x_train, known, length),
            x_valid=_limited(self.x_valid, known, length),
            x_test=_limited(self.x_test, known, length),
        )


def prepare_texts(
    dataset: TextDataset, seed: int = 0, fold: int | None = 0, test: bool = True
) -> TextData:
    """Split and number the words; words of the training part only."""
    splits = split_indices(dataset, seed, fold, test)
    codes = dataset.target.cat.codes.to_numpy(dtype=np.int64)
    words = [tokens(text) for text in dataset.texts]
    counts = Counter(word for row in splits.train for word in words[row])
    # Equally frequent words stand in the order of the alphabet, so that runs can be repeated.
    ranked = sorted(counts, key=lambda word: (-counts[word], word))[:MAX_VOCABULARY]
    preparation = TextPreparation(
        Target.fitted(dataset.target, dataset.kind, splits.train),
        tuple(ranked),
        max(min(max(map(len, words)), MAX_LENGTH), 1),
    )
    arrays = arrays_of(
        (preparation.numbered([words[row] for row in rows]), codes[rows])
        for rows in (splits.train, splits.valid, splits.test)
    )
    return preparation.data(arrays, dataset.n_classes or 0, splits.valid)


def _limited(rows: np.ndarray, known: int, length: int) -> np.ndarray:
    cut = rows[:, :length]
    cut = np.where(cut >= known, np.int32(UNKNOWN), cut)
    # A network that reads from left to right should end with words, not with padding.
    used = (cut != PADDING).sum(1)
    moved = np.full_like(cut, PADDING)
    behind = np.arange(cut.shape[1]) >= (cut.shape[1] - used)[:, None]
    moved[behind] = cut[cut != PADDING]
    return moved.astype(np.int64)  # the type of indices that all of PyTorch takes
