"""What a model said of rows that its networks were not trained on, kept for pictures of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

import numpy as np

from knowledge_base.arrays import read_arrays, write_arrays

if TYPE_CHECKING:
    from advisor.data import PreparedData
    from advisor.data.preparation.series import SeriesData, SeriesPreparation
    from advisor.predictor.intervals import Intervals

FILE = "validation.npz"
"""Its file in the directory of a study."""

MOST_ROWS = 4000
"""Rows that are kept; more of them are thinned at random."""

MOST_SERIES = 4
"""Series whose forecasts are kept."""

POINTS_BEFORE = 4
"""Points before a forecast that are kept with it, in horizons."""

KINDS = ("classification", "regression", "forecasting")


@dataclass(frozen=True)
class JudgedRows:
    """Validation rows with what they are and what was predicted of them.

    Attributes:
        kind: one of `KINDS`.
        truth: places of classes (n,), numbers (n,), or points (n, horizon).
        prediction: probabilities (n, classes), numbers (n,), or forecasts (n, horizon).
        classes: labels in the order of their places; empty without classes.
        lower, upper: ends of the 80% intervals of forecasts or numbers, in the shape of the
            prediction; empty where there are none.
        before: the points before each forecast, (n, length); empty for others.
        names: of the series of each forecast; empty for others.
        rows: how many rows there were before they were thinned.
    """

    kind: str
    truth: np.ndarray
    prediction: np.ndarray
    classes: Sequence[str] = ()
    lower: np.ndarray = field(default_factory=lambda: np.zeros(0))
    upper: np.ndarray = field(default_factory=lambda: np.zeros(0))
    before: np.ndarray = field(default_factory=lambda: np.zeros(0))
    names: Sequence[str] = ()
    rows: int = 0

    def save(self, folder: Path) -> None:
        """Write it to a folder, whole or not at all.

        Raises:
            OSError: the folder cannot be written to.
        """
        told = {"kind": self.kind, "classes": list(self.classes), "names": list(self.names),
                "rows": self.rows}  # fmt: skip
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        text = np.frombuffer(json.dumps(told).encode(), dtype=np.uint8)
        write_arrays(folder / FILE, {**arrays, "told": text})

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Return what `save` wrote, None where there is none or it is something else."""
        arrays = read_arrays(folder / FILE)
        try:
            if arrays is None:
                return None
            told = json.loads(arrays["told"].tobytes())
            found = cls(
                kind=str(told["kind"]),
                classes=[str(name) for name in told["classes"]],
                names=[str(name) for name in told["names"]],
                rows=int(told["rows"]),
                **{name: np.asarray(arrays[name], dtype=float) for name in _ARRAYS},
            )
        except (KeyError, ValueError, TypeError):
            return None
        return found if found._fits else None

    @property
    def _fits(self) -> bool:
        shape = self.prediction.shape
        finite = np.isfinite(self.truth).all() and np.isfinite(self.prediction).all()
        if self.kind not in KINDS or not len(self.truth) or not finite:
            return False
        if self.kind == "classification":
            known = (self.truth >= 0).all() and (self.truth < len(self.classes)).all()
            return bool(known) and shape == (len(self.truth), len(self.classes))
        fits = self.truth.shape == shape
        for ends in (self.lower, self.upper):
            fits = fits and (not ends.size or ends.shape == shape)
        if self.kind == "forecasting":
            fits = fits and len(shape) == 2 and self.before.ndim == 2
            fits = fits and len(self.names) == len(self.before) == shape[0]
        return fits


_ARRAYS = ("truth", "prediction", "lower", "upper", "before")


def thinned(rows: int) -> np.ndarray:
    """Return the places of the rows that are kept, in their order, at most `MOST_ROWS`."""
    if rows <= MOST_ROWS:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, MOST_ROWS, replace=False))


def rows_of(
    truth: np.ndarray,
    prediction: np.ndarray,
    classes: Sequence[str],
    intervals: "Intervals | None",
) -> JudgedRows:
    """Return what was said of rows with classes or numbers.

    Args:
        truth: places of classes, or numbers, (n,).
        prediction: probabilities (n, classes), or numbers (n,).
        classes: labels; empty for numbers.
        intervals: of numbers, None where there are none.
    """
    kept = thinned(len(truth))
    if classes:
        shown = truth[kept], prediction[kept]
        return JudgedRows("classification", *shown, classes=classes, rows=len(truth))
    lower = upper = np.zeros(0)
    if intervals is not None:
        lower, upper = intervals.around(prediction[kept], np.ones(len(kept)))
    return JudgedRows(
        "regression", truth[kept], prediction[kept], lower=lower, upper=upper, rows=len(truth)
    )


def forecasts_of(
    seen: "PreparedData",
    data: "PreparedData",
    prediction: np.ndarray,
    intervals: "Intervals | None",
) -> JudgedRows:
    """Return the last forecast of each of the first series, with the points before it.

    Args:
        seen: a fold as a configuration saw it.
        data: the fold as `prepare` gave it.
        prediction: forecasts for its validation part, (n, horizon).
        intervals: of the model, None where there are none.
    """
    series = cast("SeriesData", data).series
    preparation = cast("SeriesPreparation", data.preparation)
    ends = np.cumsum([0, *map(len, series)])
    places = np.searchsorted(ends, seen.valid_rows, "right") - 1
    last = {int(place): row for row, place in enumerate(places)}
    chosen = [last[place] for place in sorted(last)[:MOST_SERIES]]
    length = POINTS_BEFORE * prediction.shape[1]
    names, before, units = [], [], []
    for row in chosen:
        place = int(places[row])
        known = series[place][: seen.valid_rows[row] - ends[place]]
        padded = np.concatenate([np.full(max(length - len(known), 0), np.nan), known[-length:]])
        names.append(preparation.scales[place].name)
        before.append(padded)
        units.append(known)
    shown, truth = prediction[chosen], seen.truth("valid")[chosen]
    lower = upper = np.zeros(0)
    if intervals is not None:
        spread = intervals.units_of(preparation, dict(zip(names, units, strict=True)), len(chosen))
        lower, upper = intervals.around(shown, spread)
    return JudgedRows(
        "forecasting", truth, shown, (), lower, upper, np.array(before), names, len(prediction)
    )
