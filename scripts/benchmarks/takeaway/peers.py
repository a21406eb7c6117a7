"""Trains one peer on one table and predicts: `python peers.py JOB.json`.

It runs in the interpreter that has the peers installed, which need not have anything of this
project: it imports nothing of it. Run without a job, it prints which peers can be imported.
"""

import importlib.util
import json
import resource
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

TARGET = "target"
"""Column that is predicted; in classification its values are texts."""

CPU = "cpu"
"""The clock that counts what the processor spent; the other one is "wall"."""

MISSING = "missing"
"""Category of what has none."""

Job = dict[str, Any]
"""`known` and `truth`: Parquet files; `contender`, `kind`, `seed`, `threads`, `clock`, and `out`:
where the result goes, as JSON and with `.npz` behind its name."""


class Stopwatch:
    """Counts seconds, on the wall and of the processor, children included, from its making on."""

    def __init__(self, job: "Job") -> None:
        """Begin to count; the job's `clock` says what `seconds` are."""
        self._wall, self._cpu = time.perf_counter(), _cpu()
        self._clock = job["clock"]

    def read(self) -> dict[str, float]:
        """Return both by their names."""
        wall, cpu = time.perf_counter() - self._wall, _cpu() - self._cpu
        return {"seconds": cpu if self._clock == CPU else wall, "cpu": cpu}


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def frames(job: Job) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the known rows and those that are the truth, both with the target."""
    return pd.read_parquet(job["known"]), pd.read_parquet(job["truth"])


def answer(job: Job, prediction: np.ndarray | None, result: dict[str, Any]) -> None:
    """Write a result, the predictions first: labels or numbers, (n,); None for none."""
    out = Path(job["out"])
    if prediction is not None:
        labels = job["kind"] == "classification"
        values = np.asarray(prediction, dtype=str if labels else np.float64)
        np.savez(out.with_suffix(".npz"), prediction=values)
    out.write_text(json.dumps(result), encoding="utf-8")


def realmlp(job: Job) -> object:
    """RealMLP with its tuned defaults (Holzmueller et al. 2024)."""
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    kind = RealMLP_TD_Classifier if _classifies(job) else RealMLP_TD_Regressor
    return kind(device="cpu", random_state=job["seed"], n_threads=job["threads"])


def tabm(job: Job) -> object:
    """TabM with pytabkit's defaults (Gorishniy et al. 2025)."""
    from pytabkit import TabM_D_Classifier, TabM_D_Regressor

    kind = TabM_D_Classifier if _classifies(job) else TabM_D_Regressor
    return kind(device="cpu", random_state=job["seed"], n_threads=job["threads"])


def lightgbm(job: Job) -> object:
    """LightGBM with its defaults."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    kind = LGBMClassifier if _classifies(job) else LGBMRegressor
    return kind(n_jobs=job["threads"], verbose=-1, random_state=job["seed"])


def boosting(job: Job) -> object:
    """Histogram-based boosting of scikit-learn with its defaults."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if _classifies(job) else HistGradientBoostingRegressor
    return kind(random_state=job["seed"], categorical_features="from_dtype")


PEERS: dict[str, Callable[[Job], Any]] = {
    "realmlp": realmlp,
    "tabm": tabm,
    "lightgbm": lightgbm,
    "boosting": boosting,
}
NEEDS = {
    "realmlp": ("torch", "lightning.pytorch|pytorch_lightning", "pytabkit"),
    "tabm": ("torch", "lightning.pytorch|pytorch_lightning", "pytabkit"),
    "lightgbm": ("lightgbm",),
    "boosting": ("sklearn.ensemble",),
}
"""Modules of each peer, imported before the clock runs; one of two by "|"."""

PACKAGES = ("pytabkit", "tabm", "lightgbm", "scikit-learn", "torch", "optuna")


def lacking(name: str) -> str | None:
    """Return what is not installed of what a peer needs, None for nothing; imports nothing."""
    for choice in NEEDS[name]:
        options = [module.partition(".")[0] for module in choice.split("|")]
        if not any(importlib.util.find_spec(option) for option in options):
            return f"{' or '.join(options)} not installed"
    return None


def imported(name: str) -> None:
    """Import what a peer needs.

    Raises:
        ImportError: it cannot be imported.
    """
    for choice in NEEDS[name]:
        first, *others = choice.split("|")
        try:
            importlib.import_module(first)
        except ImportError:
            if not others:
                raise
            importlib.import_module(others[0])


def _classifies(job: Job) -> bool:
    return bool(job["kind"] == "classification")


def inputs(known: pd.DataFrame, truth: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the features as peers take them: numbers, and categories known beforehand.

    A category that only the truth has is missing there, as it would be in use.
    """
    known, truth = known.drop(columns=TARGET), truth.drop(columns=TARGET)
    for name in known:
        if pd.api.types.is_numeric_dtype(known[name]):
            continue
        seen = known[name].astype(object).fillna(MISSING).astype(str).astype("category")
        values = truth[name].astype(object).fillna(MISSING).astype(str)
        kept = values.where(values.isin(seen.cat.categories))
        known[name] = seen
        truth[name] = pd.Categorical(kept, categories=seen.cat.categories)
    return known, truth


def without_gaps(known: pd.DataFrame, truth: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return numbers with the known rows' median where they are missing; networks need that."""
    numbers = known.select_dtypes("number")
    middle = numbers.median().fillna(0.0)
    return known.fillna(middle), truth.fillna(middle)


def run(job: Job) -> None:
    """Train the peer of a job, predict the truth's rows, and write both and the seconds."""
    name = job["contender"]
    imported(name)
    known, truth = frames(job)
    target = known[TARGET]
    watch = Stopwatch(job)
    rows, new = inputs(known, truth)
    if "torch" in NEEDS[name]:
        import torch

        torch.set_num_threads(job["threads"])
        rows, new = without_gaps(rows, new)
    model = PEERS[name](job)
    if _classifies(job):
        classes, codes = np.unique(target.to_numpy(dtype=str), return_inverse=True)
        model.fit(rows, codes)
        prediction = classes[np.asarray(model.predict(new)).ravel()]
    else:
        model.fit(rows, target.to_numpy(dtype=np.float64))
        prediction = np.asarray(model.predict(new)).ravel()
    answer(job, prediction, {**watch.read(), "said": {}})


def available() -> dict[str, object]:
    """Return what each peer lacks, None for nothing, and the versions of what is installed."""
    from importlib.metadata import PackageNotFoundError, version

    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {"lacking": {name: lacking(name) for name in PEERS}, "versions": versions}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if len(sys.argv) == 1:
        print(json.dumps(available()))
    else:
        run(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
