"""Single features that predict the target suspiciously well: often the answer in another form.

Rows are put in the order of one feature, those of equal value by chance; if neighbours then have
the same target nearly always, the feature alone tells it (a nearest neighbour's rule in one
dimension). It is worth a warning only where no other feature does nearly as well.
"""

import numpy as np
import pandas as pd

from advisor.data.dataset import TabularDataset

MAX_ROWS, MAX_COLUMNS = 2000, 200
"""Of a larger table a sample is looked at."""
MIN_ROWS = 30

TELLS = 0.02
"""Errors of a suspicious feature, as a share of those of guessing."""
OTHERS = 0.1
"""Errors that the next best feature makes at least, as a share of those of guessing."""


def suspicious_feature(dataset: TabularDataset) -> str | None:
    """Return the name of the one feature that all but tells the target, None if there is none."""
    if dataset.n_rows < MIN_ROWS:
        return None
    rng = np.random.default_rng(0)
    rows = np.sort(rng.permutation(dataset.n_rows)[:MAX_ROWS])
    target = _codes(dataset.target.iloc[rows])
    chance = _guessing(target, dataset.kind)
    if chance <= 0 or not np.isfinite(chance):
        return None
    shuffled = rng.permutation(len(rows))
    errors = {}
    for name in dataset.features.columns[:MAX_COLUMNS]:
        column = _codes(dataset.features[name].iloc[rows])
        order = shuffled[np.argsort(column[shuffled], kind="stable")]
        errors[str(name)] = _errors(target[order], dataset.kind) / chance
    ranked = sorted(errors, key=lambda name: errors[name])
    if errors[ranked[0]] > TELLS or (len(ranked) > 1 and errors[ranked[1]] < OTHERS):
        return None
    return ranked[0]


def _codes(column: pd.Series) -> np.ndarray:
    """Return numbers as they are, and categories by their numbers; NaN and -1 are missing."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy(dtype=float)
    return column.to_numpy(dtype=float)


def _guessing(target: np.ndarray, kind: str) -> float:
    """Return the errors that neighbours make who are put side by side at random."""
    if kind == "classification":
        shares = np.unique(target, return_counts=True)[1] / len(target)
        return float(1 - (shares**2).sum())
    with np.errstate(over="ignore", invalid="ignore"):
        return float(2 * target.var())


def _errors(target: np.ndarray, kind: str) -> float:
    """Return the errors of taking a neighbour's target for one's own."""
    if kind == "classification":
        # One border between each two classes is there however well a feature tells them apart.
        borders = len(np.unique(target)) - 1
        return max(float((target[1:] != target[:-1]).sum()) - borders, 0.0) / len(target)
    with np.errstate(over="ignore", invalid="ignore"):
        return float((np.diff(target) ** 2).mean())
