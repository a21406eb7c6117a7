"""Bounded samples of images, texts and series: what their groups compute on."""

from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_IMAGES = 500
MAX_TEXTS = 2000
MAX_SERIES = 50


@dataclass(frozen=True)
class LabelledView:
    """Sampled images or texts with the classes of all.

    Attributes:
        n_rows: of the whole data set.
        sample: images as bytes, (n, channels, height, width), or a list of texts.
        labels: class codes of the sample, shape (n,).
        class_counts: of the whole data set.
    """

    n_rows: int
    sample: Any
    labels: np.ndarray
    class_counts: np.ndarray

    @classmethod
    def of_images(cls, dataset: Any, seed: int) -> "LabelledView":
        """Sample an `ImageDataset`."""
        rows = _rows(dataset.n_rows, MAX_IMAGES, seed)
        codes = dataset.target.cat.codes.to_numpy()
        return cls(dataset.n_rows, dataset.images[rows], codes[rows], np.bincount(codes))

    @classmethod
    def of_texts(cls, dataset: Any, seed: int) -> "LabelledView":
        """Sample a `TextDataset`."""
        rows = _rows(dataset.n_rows, MAX_TEXTS, seed)
        codes = dataset.target.cat.codes.to_numpy()
        texts = [str(dataset.texts.iloc[row]) for row in rows]
        return cls(dataset.n_rows, texts, codes[rows], np.bincount(codes))

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


@dataclass(frozen=True)
class SeriesView:
    """Sampled series, each standardised.

    Attributes:
        n_series: of the whole data set.
        lengths: of all series.
        sample: standardised series.
        period: points per season.
        horizon: steps ahead.
    """

    n_series: int
    lengths: np.ndarray
    sample: list[np.ndarray]
    period: int
    horizon: int

    @classmethod
    def of(cls, dataset: Any, seed: int) -> "SeriesView":
        """Sample a `SeriesDataset`."""
        rows = _rows(len(dataset.values), MAX_SERIES, seed)
        sample = [_standardised(dataset.values[row]) for row in rows]
        lengths = np.array([len(v) for v in dataset.values])
        return cls(len(dataset.values), lengths, sample, dataset.period, dataset.horizon)


def _standardised(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean()
    spread = centred.std()
    # Rounding makes the spread of 0.1, 0.1, 0.1 ... almost nothing, but not nothing.
    return centred / spread if spread > 1e-9 * np.abs(values).max() else np.zeros(len(values))


def _rows(n: int, most: int, seed: int) -> np.ndarray:
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False))
