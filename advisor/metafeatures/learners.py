"""Four of the simplest learners in plain numpy, for landmarking.

They share one interface: outputs are class indicators (n, k) or a standardised numeric target
(n, 1), and a learner predicts such outputs, so that one implementation serves both kinds.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from advisor.metafeatures.binning import dense
from advisor.metafeatures.table_view import TableView

MAX_INDICATORS = 10
"""Most frequent categories of a feature that get an indicator of their own."""
CLIP = 5.0
"""Standard scores are clipped here, so that one outlier does not decide every distance."""
RIDGE = 0.01
"""Penalty for each row, on features of unit variance."""


@dataclass(frozen=True)
class EncodedRows:
    """Rows of a table as the learners take them.

    Attributes:
        dense: standard scores of numeric features and indicators of categories, shape (n, d).
        levels: indicators of the levels of all discretised features, shape (n, l).
        starts: position of the first level of each feature in `levels`, shape (f,).
        outputs: class indicators, shape (n, k), or the standardised target, shape (n, 1).
        target: classes, or bins of a numeric target, from 0, shape (n,).
        n_target: how many of these there are in all rows, also in parts without some.
        is_class: whether outputs are class indicators.
    """

    dense: np.ndarray
    levels: np.ndarray
    starts: np.ndarray
    outputs: np.ndarray
    target: np.ndarray
    n_target: int
    is_class: bool

    def part(self, rows: np.ndarray) -> "EncodedRows":
        """Return the rows of a mask, shape (n,)."""
        return replace(
            self,
            dense=self.dense[rows],
            levels=self.levels[rows],
            outputs=self.outputs[rows],
            target=self.target[rows],
        )

    def error(self, predicted: np.ndarray) -> float:
        """Return the misclassification rate or the mean squared error of outputs (n, k)."""
        if self.is_class:
            return float((predicted.argmax(1) != self.target).mean())
        return float(((predicted - self.outputs) ** 2).mean())


Learner = Callable[[EncodedRows, EncodedRows], np.ndarray]
"""Learns from the first rows and predicts the outputs of the second, shape (n, k)."""


def encode(view: TableView, rows: np.ndarray) -> EncodedRows:
    """Return sampled rows (indices into the view) with all features and the target encoded."""
    codes = [dense(column[rows]) for column in view.codes]
    widths = [int(column.max()) + 1 for column in codes]
    target = dense(view.target_codes[rows])
    numbers = view.numbers
    return EncodedRows(
        dense=_dense_columns(view.numeric[:, rows], codes[len(view.numeric) :]),
        levels=np.hstack([indicators(column) for column in codes]),
        starts=np.cumsum([0, *widths[:-1]]),
        outputs=indicators(target) if numbers is None else _scores(numbers[None, rows]).T,
        target=target,
        n_target=int(target.max()) + 1,
        is_class=numbers is None,
    )


def nearest_neighbour(known: EncodedRows, unseen: EncodedRows) -> np.ndarray:
    """Predict the outputs of the nearest known row, by Euclidean distance."""
    squares = (known.dense**2).sum(1)
    nearest = (squares - 2 * unseen.dense @ known.dense.T).argmin(1)
    predicted: np.ndarray = known.outputs[nearest]
    return predicted


def best_node(known: EncodedRows, unseen: EncodedRows) -> np.ndarray:
    """Predict the mean outputs of the level that a row has in the best single feature.

    Best is the largest gain of variance (for classes: of Gini impurity); means are shrunk as
    if each level had one more row of average outputs, which keeps small levels from winning.
    """
    mean = known.outputs.mean(0)
    sums = known.levels.T @ (known.outputs - mean)
    counts = known.levels.sum(0)[:, None] + 1
    gains = np.add.reduceat((sums**2 / counts).sum(1), known.starts)
    best = int(gains.argmax())
    stop = [*known.starts[1:], known.levels.shape[1]][best]
    branch = slice(known.starts[best], stop)
    predicted: np.ndarray = mean + unseen.levels[:, branch] @ (sums / counts)[branch]
    return predicted


def linear(known: EncodedRows, unseen: EncodedRows) -> np.ndarray:
    """Predict by ridge regression of the outputs, solved in the smaller of its two forms."""
    centre, mean = known.dense.mean(0), known.outputs.mean(0)
    inputs = known.dense - centre
    penalty = RIDGE * len(inputs)
    if inputs.shape[1] <= len(inputs):
        gram = inputs.T @ inputs + penalty * np.eye(inputs.shape[1])
        weights = np.linalg.solve(gram, inputs.T @ (known.outputs - mean))
    else:
        gram = inputs @ inputs.T + penalty * np.eye(len(inputs))
        weights = inputs.T @ np.linalg.solve(gram, known.outputs - mean)
    predicted: np.ndarray = mean + (unseen.dense - centre) @ weights
    return predicted


def naive_bayes(known: EncodedRows, unseen: EncodedRows) -> np.ndarray:
    """Predict the mean outputs over classes (or target bins), weighted by their posterior.

    Level frequencies are smoothed by one row spread over the levels of a feature.
    """
    members = indicators(known.target, known.n_target)
    counts = known.levels.T @ members
    widths = np.diff([*known.starts, known.levels.shape[1]])
    prior = 1 / np.repeat(widths, widths)[:, None]
    sizes = members.sum(0)
    likelihood = np.log((counts + prior) / (sizes + 1))
    log_posterior = unseen.levels @ likelihood + np.log((sizes + 1) / (sizes + 1).sum())
    posterior = np.exp(log_posterior - log_posterior.max(1, keepdims=True))
    means = (members.T @ known.outputs) / np.maximum(sizes, 1)[:, None]
    predicted: np.ndarray = posterior / posterior.sum(1, keepdims=True) @ means
    return predicted


def indicators(codes: np.ndarray, width: int | None = None) -> np.ndarray:
    """Return one column of 0 and 1 for each code, shape (n, width)."""
    columns: np.ndarray = np.eye(width or int(codes.max()) + 1)[codes]
    return columns


def _dense_columns(numeric: np.ndarray, categorical: list[np.ndarray]) -> np.ndarray:
    """Return standard scores (missing at 0) and indicators of frequent categories, (n, d)."""
    scores = [np.clip(_scores(numeric), -CLIP, CLIP).T]
    return np.hstack([*scores, *(_frequent(indicators(codes)) for codes in categorical)])


def _frequent(columns: np.ndarray) -> np.ndarray:
    order = np.argsort(-columns.sum(0), kind="stable")
    return columns[:, np.sort(order[:MAX_INDICATORS])]


def _scores(columns: np.ndarray) -> np.ndarray:
    """Return z-scores (p, n); missing values and constant columns stand at 0."""
    known = np.isfinite(columns)
    filled = np.where(known, columns, 0.0)
    count = np.maximum(known.sum(1, keepdims=True), 1)
    centred = np.where(known, filled - filled.sum(1, keepdims=True) / count, 0.0)
    deviation = np.sqrt((centred**2).sum(1, keepdims=True) / count)
    scores = np.zeros_like(centred)
    np.divide(centred, deviation, out=scores, where=deviation > 0)
    return scores
