"""What the model says of rows that it was not trained on: what pictures of it are drawn from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.predictor.judged import JudgedRows
from advisor.report.content.base import LeftOut
from advisor.report.content.source import StudySource

MOST_CLASSES = 20
"""Classes of a confusion matrix; the rarer ones are put together."""

MOST_CURVES = 5
"""Classes whose ROC curves are drawn: the most frequent."""

MOST_POINTS = 600
"""Rows of a scatter."""


@dataclass(frozen=True)
class Roc:
    """The receiver operating characteristic of one class against all others.

    Attributes:
        label: of the class.
        false, true: rates, increasing, shape (k,).
        area: under the curve.
    """

    label: str
    false: np.ndarray
    true: np.ndarray
    area: float


@dataclass(frozen=True)
class OfClasses:
    """Predictions of classes.

    Attributes:
        labels: of the matrix, in its order.
        matrix: rows of each true class by the class that was predicted, (c, c).
        rocs: of the most frequent classes; that of the second class alone where there are two.
        rows: validation rows behind them.
    """

    labels: Sequence[str]
    matrix: np.ndarray
    rocs: Sequence[Roc]
    rows: int


@dataclass(frozen=True)
class OfNumbers:
    """Predictions of numbers.

    Attributes:
        truth, prediction: of the rows that are drawn, (n,).
        half: half the width of the 80% interval, None where there is none.
        rows: validation rows that there were.
    """

    truth: np.ndarray
    prediction: np.ndarray
    half: float | None
    rows: int


@dataclass(frozen=True)
class OfSeries:
    """Forecasts.

    Attributes:
        names: of the series.
        before: points before each forecast, NaN where there are none, (n, length).
        truth, prediction, lower, upper: (n, horizon); the last two empty without intervals.
        rows: forecasts that there were.
    """

    names: Sequence[str]
    before: np.ndarray
    truth: np.ndarray
    prediction: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    rows: int


Judgement = OfClasses | OfNumbers | OfSeries


def judgement_of(source: StudySource) -> Judgement | LeftOut:
    """Return what the model of a study says of validation rows."""
    found = JudgedRows.load(source.directory.path)
    if found is None:
        return LeftOut(
            "The study keeps no predictions of validation rows: those of earlier versions and of "
            "functions of your own do not; a search on data keeps them when it ends."
        )
    if found.kind == "classification":
        return _of_classes(found)
    if found.kind == "regression":
        rows = np.linspace(0, len(found.truth) - 1, min(len(found.truth), MOST_POINTS)).astype(int)
        half = float((found.upper - found.lower).mean() / 2) if found.upper.size else None
        return OfNumbers(found.truth[rows], found.prediction[rows], half, found.rows)
    return OfSeries(
        found.names,
        found.before,
        found.truth,
        found.prediction,
        found.lower,
        found.upper,
        found.rows,
    )


def _of_classes(found: JudgedRows) -> OfClasses:
    truth, predicted = found.truth.astype(int), found.prediction.argmax(1)
    count = len(found.classes)
    often = np.argsort(-np.bincount(truth, minlength=count), kind="stable")
    rocs = [
        roc
        for place in ([1] if count == 2 else often[:MOST_CURVES])
        if (roc := _roc(found.classes[place], truth == place, found.prediction[:, place]))
    ]
    labels = list(found.classes)
    if count > MOST_CLASSES:
        kept = np.sort(often[: MOST_CLASSES - 1])
        group = np.full(count, len(kept))
        group[kept] = np.arange(len(kept))
        truth, predicted, count = group[truth], group[predicted], len(kept) + 1
        labels = [*(labels[place] for place in kept), "all others"]
    matrix = np.zeros((count, count), dtype=int)
    np.add.at(matrix, (truth, predicted), 1)
    return OfClasses(labels, matrix, rocs, found.rows)


def _roc(label: str, positive: np.ndarray, scores: np.ndarray) -> Roc | None:
    """Return the curve of one class, None where all rows or none are of it."""
    if positive.all() or not positive.any():
        return None
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.diff(scores[order]) != 0, True)  # Equal scores are one threshold.
    true = np.concatenate([[0.0], np.cumsum(positive[order])[last] / positive.sum()])
    false = np.concatenate([[0.0], np.cumsum(~positive[order])[last] / (~positive).sum()])
    return Roc(label, false, true, float(np.trapezoid(true, false)))
