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
    """Return a 60/20/20 split, stratified by class where there are classes.

    Every class of three rows or more is in every part.
    """
    rows = np.arange(dataset.n_rows)
    classes = dataset.target.cat.codes.to_numpy() if dataset.kind == "classification" else None
    held = 2 * HELD_OUT_SHARE
    train, rest = _split(rows, classes, held, seed)
    valid, test = _split(rest, classes, 0.5, seed)
    if classes is not None:
        train, valid, test = _with_all_classes([train, valid, test], classes)
    return Splits(train, valid, test)


def _with_all_classes(parts: list[np.ndarray], classes: np.ndarray) -> list[np.ndarray]:
    """Return the parts with rows exchanged until each has every class that has enough rows.

    Stratifying rounds, so that a class of three or four rows may be missing in a part. For each
    such class, the last row of it in the part that has most of it changes places with the last row
    of the class that the poor part has most of. Sizes stay, and so do splits that need no exchange.
    """
    n_classes = int(classes.max()) + 1
    counts = [np.bincount(classes[part], minlength=n_classes) for part in parts]
    totals = np.sum(counts, axis=0)
    for rare in np.flatnonzero(totals >= len(parts)):
        for poor in range(len(parts)):
            if counts[poor][rare]:
                continue
            rich = int(np.argmax([count[rare] for count in counts]))
            common = int(np.argmax(counts[poor]))
            if counts[poor][common] < 2:
                continue  # a part of one row per class has nothing to give
            parts = [part.copy() for part in parts]
            given = np.flatnonzero(classes[parts[rich]] == rare)[-1]
            taken = np.flatnonzero(classes[parts[poor]] == common)[-1]
            parts[rich][given], parts[poor][taken] = parts[poor][taken], parts[rich][given]
            for place, step in ((rich, -1), (poor, 1)):
                counts[place][rare] += step
                counts[place][common] -= step
    return parts


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
