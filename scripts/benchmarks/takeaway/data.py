"""Rows that are known, and rows that are the truth, which nothing is trained or chosen by."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from advisor.data import Dataset, TabularDataset
from advisor.data.images import ImageDataset, to_images
from advisor.data.preparation.base import Features
from advisor.data.request import DataRequest
from advisor.data.texts import TextDataset, to_texts
from knowledge_base.durable import replacing
from scripts.benchmarks.takeaway.contenders import OF_TABLES
from scripts.benchmarks.takeaway.peers import TARGET
from scripts.seed.catalogue import ENTRIES, HELD_OUT, shipped_entries
from scripts.seed.work import Entry

TABLES = (
    "penbased", "satimage", "letter", "casp", "diamonds", "compactiv", "texture",
    "winequality_white", "page-blocks", "Computers", "phoneme", "spambase", "NOxEmissions",
    "hotel_rates", "marketing", "abalone",
)  # fmt: skip
"""All that have 4,000 rows and more, but those with rows of the same thing at several times."""

KNOWN = 1600
MOST_TRUTH = 7400
MORE = 2000
"""Images or texts of the same source that are at most the truth."""

LEAST_TRUTH = 100
"""Fewer of them say nothing."""

LEAST_OF_CLASS = 5
"""Known rows of a class; one with fewer cannot be split, and is left out, of the truth, too."""

FIRST_SEED = 1000
ALL = 10**9


@dataclass(frozen=True)
class Drawn:
    """Images or texts.

    Attributes:
        known: a data set to search on.
        features: of the truth, as a preparation takes them.
        labels: of the truth as texts, (n,).
    """

    known: Dataset
    features: Features
    labels: np.ndarray


def entries(what: str, only: Sequence[str] = ()) -> list[Entry]:
    """Return the data sets of a question.

    Args:
        what: one of `OF_TABLES`, or "images", "texts" or "series".
        only: their names, with or without that of their source; none for all.
    """
    if what in OF_TABLES:
        by_name = {entry.name: entry for entry in [*ENTRIES["table"], *HELD_OUT]}
        found: list[Entry] = [by_name[name] for name in TABLES]
    else:
        found = ENTRIES[{"images": "image", "texts": "text"}.get(what, what)]
    return [entry for entry in found if not only or {entry.name, entry.label} & set(only)]


def entry_of(label: str) -> Entry:
    """Return the data set of a display name."""
    return next(e for e in [*shipped_entries(), *HELD_OUT] if e.label == label)


def drawn_table(
    entry: Entry, seed: int, n_known: int = KNOWN, n_truth: int = MOST_TRUTH
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return known rows and the truth of a table, with the target; categories are texts.

    Args:
        entry: the table.
        seed: of the draw.
        n_known, n_truth: how many rows at most.
    """
    whole = cast(TabularDataset, replace(entry, max_rows=ALL).load())  # type: ignore[type-var]
    frame = pd.DataFrame({name: _plain(whole.features[name]) for name in whole.features})
    classes = whole.kind == "classification"
    target = whole.target.astype(str) if classes else whole.target.astype(float)
    frame[TARGET] = target.to_numpy()
    known, truth = _shuffled(whole.n_rows, seed, n_known, n_truth)
    if classes:
        known, truth = _without_rare(target.to_numpy(dtype=str), known, truth)
    return tuple(frame.iloc[rows].reset_index(drop=True) for rows in (known, truth))


def written_table(entry: Entry, seed: int, folder: Path) -> tuple[Path, Path]:
    """Return Parquet files with what `drawn_table` gives; they are written once."""
    stem = f"{entry.source}-{entry.name}-{seed}"
    paths = folder / f"{stem}-known.parquet", folder / f"{stem}-truth.parquet"
    if not all(path.exists() for path in paths):
        folder.mkdir(parents=True, exist_ok=True)
        for path, frame in zip(paths, drawn_table(entry, seed), strict=True):
            with replacing(path) as file:
                frame.to_parquet(file)
    return paths


def drawn_items(entry: Entry, seed: int) -> Drawn | None:
    """Return images or texts; None where the source has too few besides those that are known."""
    n_known = entry.rows  # type: ignore[attr-defined]
    if entry.family == "cnn":  # Images are shuffled already; texts only if not all are taken.
        return _drawn_images(replace(entry, rows=n_known + MORE).load(), seed, n_known)  # type: ignore[type-var]
    return _drawn_texts(replace(entry, rows=ALL, first=0).load(), seed, n_known)  # type: ignore[type-var]


def _drawn_images(whole: ImageDataset, seed: int, n_known: int) -> Drawn | None:
    labels = whole.target.astype(str).to_numpy(dtype=str)
    known, truth = _without_rare(labels, *_shuffled(whole.n_rows, seed, n_known, MORE))
    if len(truth) < LEAST_TRUTH:
        return None
    name = f"{whole.name}, {len(known)} known"
    images = np.moveaxis(whole.images[known], 1, -1)
    data = to_images(images, pd.Series(labels[known]), name, whole.source or "", whole.licence)
    return Drawn(data, whole.images[truth], labels[truth])


def _drawn_texts(whole: TextDataset, seed: int, n_known: int) -> Drawn | None:
    labels = whole.target.astype(str).to_numpy(dtype=str)
    known, truth = _without_rare(labels, *_shuffled(whole.n_rows, seed, n_known, MORE))
    if len(truth) < LEAST_TRUTH:
        return None
    name = f"{whole.name}, {len(known)} known"
    texts = whole.texts.to_numpy(dtype=object)
    frame = pd.DataFrame({"text": texts[known], "label": labels[known]})
    request = DataRequest(target="label", text="text", modality="text")
    data = to_texts(frame, request, name, whole.source or "", whole.licence)
    return Drawn(data, texts[truth], labels[truth])


def _shuffled(n: int, seed: int, known: int, truth: int) -> tuple[np.ndarray, np.ndarray]:
    rows = np.random.default_rng(FIRST_SEED + seed).permutation(n)
    return rows[:known], rows[known : known + truth]


def _without_rare(
    labels: np.ndarray, known: np.ndarray, truth: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of classes that have known rows enough."""
    classes, counts = np.unique(labels[known], return_counts=True)
    staying = classes[counts >= LEAST_OF_CLASS]
    return known[np.isin(labels[known], staying)], truth[np.isin(labels[truth], staying)]


def _plain(column: pd.Series) -> pd.Series:
    """Return numbers as they are, and categories as texts, so that no file alters them."""
    if pd.api.types.is_numeric_dtype(column):
        return column
    return column.astype(object).where(column.notna(), None).map(str, na_action="ignore")
