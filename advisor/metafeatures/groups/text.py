"""Texts: length, vocabulary, and how much single words tell."""

from collections import Counter
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from advisor.metafeatures.base import MetafeatureGroup
from advisor.metafeatures.labelled_view import LabelledView

FIRST_WORDS = 5000
KNOWN = 3000


class Text(MetafeatureGroup[LabelledView[list[str]]]):
    """Length and vocabulary of texts, balance of classes, and a naive Bayes landmarker."""

    name = "text"
    modality = "text"
    descriptions: ClassVar[Mapping[str, str]] = {
        "log_rows": "log of the number of texts",
        "log_classes": "log of the number of classes",
        "class_entropy": "entropy of the classes, 1 where they are even",
        "minority_share": "share of the rarest class",
        "log_length_mean": "mean log number of words",
        "log_length_spread": "standard deviation of the log number of words",
        "log_length_max": "log of the number of words that 95% of the texts do not exceed",
        "log_vocabulary": "log of the number of different words in the sample",
        "type_token_ratio": "different words in the first 5,000 / 5,000",
        "once_share": "share of the different words that occur once",
        "word_length": "mean number of characters per word",
        "upper_share": "share of letters that are capitals",
        "bayes_accuracy": "naive Bayes on words (McCallum and Nigam 1998), on the other half",
    }

    def values(self, view: LabelledView[list[str]]) -> Mapping[str, float]:
        """Return the metafeatures of texts."""
        from advisor.data.words import words as words_of

        words = [words_of(text) for text in view.sample]
        lengths = np.log([max(len(row), 1) for row in words])
        counts = Counter(word for row in words for word in row)
        stream = [word for row in words for word in row][:FIRST_WORDS]
        letters = [character for text in view.sample[:200] for character in text[:500]]
        alpha = [character for character in letters if character.isalpha()]
        return {
            "log_rows": np.log(view.n_rows),
            "log_classes": np.log(len(view.class_counts)),
            "class_entropy": view.class_entropy,
            "minority_share": view.minority_share,
            "log_length_mean": lengths.mean(),
            "log_length_spread": lengths.std(),
            "log_length_max": np.quantile(lengths, 0.95),
            "log_vocabulary": np.log(max(len(counts), 1)),
            "type_token_ratio": len(set(stream)) / max(len(stream), 1),
            "once_share": sum(n == 1 for n in counts.values()) / max(len(counts), 1),
            "word_length": sum(len(w) * n for w, n in counts.items()) / max(counts.total(), 1),
            "upper_share": sum(c.isupper() for c in alpha) / max(len(alpha), 1),
            "bayes_accuracy": _bayes(words, view.labels),
        }


def _bayes(words: list[list[str]], labels: np.ndarray) -> float:
    """Train on every other text and test on those between."""
    common = Counter(word for row in words[::2] for word in set(row)).most_common(KNOWN)
    places = {word: place for place, (word, _) in enumerate(common)}
    classes = np.unique(labels[::2])
    counts = np.ones((len(classes), len(places)))
    for row, label in zip(words[::2], labels[::2], strict=True):
        known = [places[word] for word in set(row) if word in places]
        counts[np.searchsorted(classes, label), known] += 1
    rates = np.log(counts / counts.sum(1, keepdims=True))
    prior = np.log([(labels[::2] == c).mean() for c in classes])
    right = 0
    for row, label in zip(words[1::2], labels[1::2], strict=True):
        known = [places[word] for word in set(row) if word in places]
        right += classes[(prior + rates[:, known].sum(1)).argmax()] == label
    return float(right / max(len(words) // 2, 1))
