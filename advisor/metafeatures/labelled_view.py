"""A bounded sample of labelled images or texts: what their groups compute on."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from advisor.metafeatures.sampling import shuffled_rows

if TYPE_CHECKING:
    from advisor.data import ImageDataset, TextDataset

MAX_IMAGES = 500
MAX_TEXTS = 2000


Sample = TypeVar("Sample", np.ndarray, list[str])
"""Images or texts."""


@dataclass(frozen=True)
class LabelledView(Generic[Sample]):
    """Sampled images or texts with the classes of all.

    Attributes:
        n_rows: rows of the whole data set.
        sample: images as bytes, (n, channels, height, width), or a list of texts.
        labels: class codes of the sample, shape (n,).
        class_counts: rows of each class in the whole data set.
    """

    n_rows: int
    sample: Sample
    labels: np.ndarray
    class_counts: np.ndarray

    @property
    def class_entropy(self) -> float:
        """Entropy of the classes, 1 where they are even."""
        shares = self.class_counts / self.class_counts.sum()
        shares = shares[shares > 0]
        return float(-(shares * np.log(shares)).sum() / np.log(max(len(self.class_counts), 2)))

    @property
    def minority_share(self) -> float:
        """Share of the rarest class."""
        return float(self.class_counts.min() / self.class_counts.sum())


def view_of_images(dataset: "ImageDataset", seed: int) -> LabelledView[np.ndarray]:
    """Sample labelled images."""
    rows = shuffled_rows(dataset.n_rows, MAX_IMAGES, seed)
    codes = dataset.target.cat.codes.to_numpy()
    return LabelledView(dataset.n_rows, dataset.images[rows], codes[rows], np.bincount(codes))


def view_of_texts(dataset: "TextDataset", seed: int) -> LabelledView[list[str]]:
    """Sample labelled texts."""
    rows = shuffled_rows(dataset.n_rows, MAX_TEXTS, seed)
    codes = dataset.target.cat.codes.to_numpy()
    texts = [str(dataset.texts.iloc[row]) for row in rows]
    return LabelledView(dataset.n_rows, texts, codes[rows], np.bincount(codes))
