"""Seeded splits into a training, a validation and a test part.

The first fold is the split that one evaluation has always had. The others hold out the same test
part and divide the other rows, which are the known ones, anew: folds 0 to 3 validate on four
parts of the known rows, folds 4 to 7 on four parts of another random partition, and so on
(repeated cross-validation). All have exactly the sizes of the first, so that their networks can
be trained as one stack; where the known rows cannot be divided evenly, a row or two of each
partition are therefore validated twice, or never.

Rows that belong together are dealt as `advisor.data.groups` says.
"""

from dataclasses import dataclass

import numpy as np

from advisor.data.dataset import Dataset, TabularDataset
from advisor.data.groups import PARTS_OF_KNOWN, GroupParts, group_parts
from advisor.data.images import ImageDataset
from advisor.data.intake import counted
from advisor.data.texts import TextDataset
from knowledge_base.errors import UserError

HELD_OUT_SHARE = 0.2

MAX_FOLDS = 100
"""Folds of rows that are split at random; there is no more to learn from further ones."""

Shuffled = TabularDataset | ImageDataset | TextDataset
"""What may be split at random; time series may not."""


@dataclass(frozen=True)
class Splits:
    """Row indices of the three parts; the search never sees `test`."""

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray


def split_indices(
    dataset: Shuffled, seed: int = 0, fold: int | None = 0, test: bool = True
) -> Splits:
    """Return a 60/20/20 split, stratified by class where there are classes.

    Every class of three rows or more is in every part.

    Args:
        dataset: what to split.
        seed: the same seed and fold give the same rows.
        fold: which of the folds, from 0; None trains on all rows but those of the test part,
            those that the first fold validates on among them.
        test: False holds out no test part: 75/25, and a test part without rows.

    Raises:
        UserError: there is no such fold, or there are too few groups.
    """
    if fold is None:
        first = split_indices(dataset, seed, 0, test)
        known = np.setdiff1d(np.arange(dataset.n_rows), first.test)
        return Splits(known, first.valid, first.test)
    if not 0 <= fold < MAX_FOLDS:
        raise UserError(f"There are the folds 0 to {MAX_FOLDS - 1}, not {fold}.")
    grouped = grouped_parts(dataset, seed, fold // PARTS_OF_KNOWN, test)
    if grouped is not None:
        others = [*grouped.parts]
        valid = others.pop(fold % PARTS_OF_KNOWN)
        return Splits(np.sort(np.concatenate(others)), valid, grouped.test)
    rows = np.arange(dataset.n_rows)
    classes = _classes(dataset)
    if not test:
        size = dataset.n_rows // PARTS_OF_KNOWN
        return Splits(*_fold_of(rows, rows[:0], size, classes, (seed, fold)), rows[:0])
    held = 2 * HELD_OUT_SHARE
    train, rest = _split(rows, classes, held, seed)
    valid, test_rows = _split(rest, classes, 0.5, seed)
    if classes is not None:
        train, valid, test_rows = _with_all_classes([train, valid, test_rows], classes)
    if fold > 0:
        train, valid = _fold_of(train, valid, len(valid), classes, (seed, fold))
    return Splits(train, valid, test_rows)


def grouped_parts(
    dataset: Shuffled, seed: int = 0, partition: int = 0, test: bool = True
) -> GroupParts | None:
    """Return the parts of grouped rows, None where rows have no groups.

    Raises:
        UserError: there are fewer groups than parts.
    """
    groups = None if isinstance(dataset, ImageDataset) else dataset.groups
    if groups is None:
        return None
    return group_parts(groups, _classes(dataset), seed, partition, test)


def group_notes(dataset: Dataset, seed: int, folds: int, test: bool = True) -> list[str]:
    """Return sentences on what stays out so that groups stay together; none without groups.

    Args:
        dataset, seed, test: as for `split_indices`.
        folds: how many of them are used.

    Raises:
        UserError: there are fewer groups than parts.
    """
    if not isinstance(dataset, TabularDataset | TextDataset):
        return []
    partitions = range(-(-folds // PARTS_OF_KNOWN))
    found = [grouped_parts(dataset, seed, partition, test) for partition in partitions]
    notes = []
    for parts in found:
        if parts is not None and parts.left_out:
            rows = counted(parts.left_out, "row")
            verb = "is" if parts.left_out == 1 else "are"
            notes.append(f"{rows} at random {verb} in no fold, so that all folds have one size.")
        elif parts is not None and not parts.alike and folds > 1:
            sizes = [len(part) for part in parts.parts]
            notes.append(
                f"Groups make folds of {min(sizes):,} to {max(sizes):,} rows, whose networks are "
                "trained one after another."
            )
    return list(dict.fromkeys(notes))


def _classes(dataset: Shuffled) -> np.ndarray | None:
    return dataset.target.cat.codes.to_numpy() if dataset.kind == "classification" else None


def _fold_of(
    train: np.ndarray,
    valid: np.ndarray,
    size: int,
    classes: np.ndarray | None,
    seed_and_fold: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the known rows as another training part, and a validation part of `size` rows.

    The first partition has `valid` as its first part, unless that is empty, and the rows of
    `train` as the others; further ones divide all rows.
    """
    seed, fold = seed_and_fold
    partition, place = divmod(fold, PARTS_OF_KNOWN)
    drawn = np.random.default_rng([seed, partition])
    known = drawn.permutation(np.concatenate([train, valid]))
    if partition == 0 and len(valid):
        parts = [valid, *_dealt(drawn.permutation(train), PARTS_OF_KNOWN - 1, classes)]
    else:
        parts = _dealt(known, PARTS_OF_KNOWN, classes)
    validated = np.isin(known, _of_size(parts[place], known, size, classes))
    train, valid = known[~validated], known[validated]
    if classes is not None:
        train, valid = _with_all_classes([train, valid], classes)
    return train, valid


def _dealt(rows: np.ndarray, parts: int, classes: np.ndarray | None) -> list[np.ndarray]:
    """Deal rows like cards, class by class: parts differ by one row, and by one of each class."""
    if classes is not None:
        rows = rows[np.argsort(classes[rows], kind="stable")]
    return [rows[first::parts] for first in range(parts)]


def _of_size(
    part: np.ndarray, known: np.ndarray, size: int, classes: np.ndarray | None
) -> np.ndarray:
    """Return a part with rows left out or added, of its commonest class, until it has `size`."""
    labels = np.zeros(known.max() + 1, dtype=int) if classes is None else classes
    while len(part) > size:
        common = np.bincount(labels[part]).argmax()
        part = np.delete(part, np.flatnonzero(labels[part] == common)[-1])
    while len(part) < size:
        others = known[~np.isin(known, part)]
        common = np.bincount(labels[others]).argmax()
        part = np.append(part, others[labels[others] == common][0])
    return part


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
