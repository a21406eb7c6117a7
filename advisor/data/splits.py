"""Seeded splits into a training, a validation and a test part."""

from dataclasses import dataclass

import numpy as np

from advisor.data.dataset import TabularDataset
from advisor.data.images import ImageDataset
from advisor.data.texts import TextDataset

HELD_OUT_SHARE = 0.2

Shuffled = TabularDataset | ImageDataset | TextDataset
"""What may be split at random; time series may not."""


@dataclass(frozen=True)
class Splits:
    """Row indices of the three parts; the search never sees `test`."""

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray


def split_indices(dataset: Shuffled, seed: int = 0) -> Splits:
    """Return a 60/20/20 split, stratified by class where there are classes."""
    rows = np.arange(dataset.n_rows)
    classes = dataset.target.cat.codes.to_numpy() if dataset.kind == "classification" else None
    held = 2 * HELD_OUT_SHARE
    train, rest = _split(rows, classes, held, seed)
    valid, test = _split(rest, classes, 0.5, seed)
    return Splits(train, valid, test)


def _split(
    rows: np.ndarray, classes: np.ndarray | None, share: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.model_selection import train_test_split

    labels = None if classes is None else classes[rows]
    if labels is not None:
        counts = np.unique(labels, return_counts=True)[1]
        held = int(np.ceil(share * len(rows)))
        # Stratifying needs two of each class, and room for every class on both sides.
        if counts.min() < 2 or held < len(counts) or len(rows) - held < len(counts):
            labels = None
    first, second = train_test_split(rows, test_size=share, random_state=seed, stratify=labels)
    return first, second
