"""Metrics that can be optimised, with their direction; they are what scikit-learn computes.

They are computed here since scikit-learn checks what it is given for longer than the epoch of a
small network takes, after every epoch.
"""

from dataclasses import dataclass

import numpy as np

from knowledge_base.errors import UserError
from knowledge_base.naming import try_these


@dataclass(frozen=True)
class Metric:
    """A metric by its name.

    Attributes:
        name: as users write it and tasks store it.
        direction: "maximize" or "minimize".
        kinds: the kinds of task it judges, among "classification", "regression" and "forecasting".
    """

    name: str
    direction: str
    kinds: tuple[str, ...]

    def compute(
        self, truth: np.ndarray, prediction: np.ndarray, naive: np.ndarray | None = None
    ) -> float:
        """Return the metric, NaN where it is undefined.

        Args:
            truth: class indices (n,), target values (n,), or what came true (n, horizon).
            prediction: class probabilities (n, classes), predicted values (n,), or forecasts
                (n, horizon).
            naive: mean absolute error of a naive forecast on the training part, (n,); what
                MASE divides by. Rows where it is NaN do not count for MASE.
        """
        if self.name == "mase":
            assert naive is not None
            known = np.isfinite(naive)
            errors = np.abs(truth - prediction)[known] / naive[known, None]
            return float(errors.mean()) if known.any() else float("nan")
        return _COMPUTE[self.name](truth, prediction)


_CLASSES, _NUMBERS = ("classification",), ("regression", "forecasting")

METRICS = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "maximize", _CLASSES),
        Metric("balanced_accuracy", "maximize", _CLASSES),
        Metric("f1_macro", "maximize", _CLASSES),
        Metric("roc_auc", "maximize", _CLASSES),
        Metric("log_loss", "minimize", _CLASSES),
        Metric("rmse", "minimize", _NUMBERS),
        Metric("mae", "minimize", _NUMBERS),
        Metric("r2", "maximize", ("regression",)),
        Metric("mase", "minimize", ("forecasting",)),
        Metric("smape", "minimize", ("forecasting",)),
    )
}
"""All metrics by their names; MASE and sMAPE (in percent) as in Hyndman and Koehler (2006) and the
M4 competition."""

_ELSEWHERE = {
    "acc": "accuracy", "top1": "accuracy", "bacc": "balanced_accuracy", "f1": "f1_macro",
    "f1_score": "f1_macro", "macro_f1": "f1_macro", "auc": "roc_auc", "auroc": "roc_auc",
    "roc": "roc_auc", "logloss": "log_loss", "cross_entropy": "log_loss", "ce": "log_loss",
    "nll": "log_loss", "neg_log_loss": "log_loss", "mse": "rmse", "mean_squared_error": "rmse",
    "root_mean_squared_error": "rmse", "mean_absolute_error": "mae", "l1": "mae", "l2": "rmse",
    "r_squared": "r2", "r2_score": "r2",
}  # fmt: skip
"""What the nearest of our metrics, or itself, is called elsewhere."""

_DEFAULTS = {"classification": "accuracy", "regression": "rmse", "forecasting": "mase"}


def get_metric(name: str) -> Metric:
    """Return the metric of that name.

    Raises:
        UserError: there is none; the nearest are suggested.
    """
    if name not in METRICS:
        plain = name.lower().replace("-", "_").replace(" ", "_")
        meant = plain if plain in METRICS else _ELSEWHERE.get(plain)
        hint = f"Try {meant}." if meant else try_these(name, METRICS)
        raise UserError(f"No metric is called '{name}'. {hint}")
    return METRICS[name]


def default_metric(kind: str) -> Metric:
    """Return accuracy for classification, rmse for regression, mase for forecasting."""
    return METRICS[_DEFAULTS[kind]]


def metrics_of(kind: str) -> list[Metric]:
    """Return all metrics of a kind of task."""
    return [metric for metric in METRICS.values() if kind in metric.kinds]


def check_computable(metric: Metric, truth: np.ndarray, n_classes: int, part: str) -> None:
    """Refuse a metric that has no value on a part of the data whatever is predicted.

    Args:
        metric: for classes; others always have a value.
        truth: class indices of the part, shape (n,).
        n_classes: of the whole data set.
        part: how the error calls it.

    Raises:
        UserError: it has none.
    """
    if metric.kinds != _CLASSES or n_classes < 1 or not len(truth):
        return
    guess = np.full((len(truth), n_classes), 1 / n_classes)
    if not np.isfinite(metric.compute(truth, guess)):
        raise UserError(
            f"{metric.name} has no value on the {part} part, which has rows of one class only; "
            "take another metric or more rows of the rare classes."
        )


def _accuracy(truth: np.ndarray, prediction: np.ndarray) -> float:
    return float((truth == prediction.argmax(1)).mean())


def _balanced_accuracy(truth: np.ndarray, prediction: np.ndarray) -> float:
    _, place = np.unique(truth, return_inverse=True)
    right = np.bincount(place, weights=truth == prediction.argmax(1))
    return float((right / np.bincount(place)).mean())


def _f1_macro(truth: np.ndarray, prediction: np.ndarray) -> float:
    chosen, classes = prediction.argmax(1), prediction.shape[1]
    right = np.bincount(truth[truth == chosen], minlength=classes)
    named = np.bincount(truth, minlength=classes) + np.bincount(chosen, minlength=classes)
    # A class that is predicted but not there counts with 0, as scikit-learn has it.
    return float((2 * right[named > 0] / named[named > 0]).mean())


def _roc_auc(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Return the mean over classes of one against the rest; classes must be both there and not."""
    present = np.unique(truth)
    if len(present) < 2:
        return float("nan")
    if prediction.shape[1] == 2:
        present = present[1:]  # the other class says the same
    return float(np.mean([_area(truth == c, prediction[:, c]) for c in present]))


def _area(there: np.ndarray, chances: np.ndarray) -> float:
    """Return the area under the ROC curve of one class, by trapezoids between its thresholds."""
    order = np.argsort(-chances, kind="stable")
    last = np.append(np.flatnonzero(np.diff(chances[order])), len(order) - 1)
    found = np.cumsum(there[order])[last]
    wrong = 1 + last - found
    if len(last) > 2:  # What lies on a straight line only adds errors of rounding.
        turns = (np.diff(found, 2) != 0) | (np.diff(wrong, 2) != 0)
        corners = np.concatenate([[True], turns, [True]])
        found, wrong = found[corners], wrong[corners]
    heights, places = (np.append(0.0, each) / each[-1] for each in (found, wrong))
    return float((np.diff(places) * (heights[1:] + heights[:-1]) / 2.0).sum())


def _smape(truth: np.ndarray, prediction: np.ndarray) -> float:
    size = np.abs(truth) + np.abs(prediction)
    error = 2 * np.abs(truth - prediction)
    return float(100 * np.where(size > 0, error / np.where(size > 0, size, 1), 0.0).mean())


def _log_loss(truth: np.ndarray, prediction: np.ndarray) -> float:
    least = np.finfo(prediction.dtype).eps
    chances = np.clip(prediction[np.arange(len(truth)), truth], least, 1 - least)
    return float(-np.log(chances).mean())


def _rmse(truth: np.ndarray, prediction: np.ndarray) -> float:
    # All steps of a forecast count together; scikit-learn would average those of each step.
    return float(np.sqrt(np.mean((truth - prediction) ** 2, dtype=np.float64)))


def _mae(truth: np.ndarray, prediction: np.ndarray) -> float:
    return float(np.mean(np.abs(truth - prediction), dtype=np.float64))


def _r2(truth: np.ndarray, prediction: np.ndarray) -> float:
    if len(truth) < 2:
        return float("nan")
    left = float(np.sum((truth - prediction) ** 2, dtype=np.float64))
    spread = float(np.sum((truth - truth.mean(dtype=np.float64)) ** 2, dtype=np.float64))
    if not spread:  # As scikit-learn has it: to find what is always the same is perfect.
        return 0.0 if left else 1.0
    return 1 - left / spread


_COMPUTE = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "f1_macro": _f1_macro,
    "roc_auc": _roc_auc,
    "log_loss": _log_loss,
    "rmse": _rmse,
    "mae": _mae,
    "r2": _r2,
    "smape": _smape,
}
