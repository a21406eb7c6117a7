"""Metrics that can be optimised, with their direction; scikit-learn computes them."""

import difflib
from dataclasses import dataclass

import numpy as np

from knowledge_base.errors import UserError


@dataclass(frozen=True)
class Metric:
    """A metric by its name.

    Attributes:
        name: as used on the command line.
        direction: "maximize" or "minimize".
        kind: "classification" or "regression".
    """

    name: str
    direction: str
    kind: str

    def compute(self, truth: np.ndarray, prediction: np.ndarray) -> float:
        """Return the metric.

        Args:
            truth: class indices (n,) or target values (n,).
            prediction: class probabilities (n, classes) or predicted values (n,).
        """
        return _COMPUTE[self.name](truth, prediction)


METRICS = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "maximize", "classification"),
        Metric("balanced_accuracy", "maximize", "classification"),
        Metric("log_loss", "minimize", "classification"),
        Metric("rmse", "minimize", "regression"),
        Metric("mae", "minimize", "regression"),
        Metric("r2", "maximize", "regression"),
    )
}


def get_metric(name: str) -> Metric:
    """Return the metric of that name.

    Raises:
        UserError: there is none; the nearest are suggested.
    """
    if name not in METRICS:
        near = difflib.get_close_matches(name, METRICS, n=1) or list(METRICS)
        raise UserError(f"No metric is called '{name}'. Try {' or '.join(near)}.")
    return METRICS[name]


def default_metric(kind: str) -> Metric:
    """Return accuracy for classification and rmse for regression."""
    return METRICS["accuracy" if kind == "classification" else "rmse"]


def metrics_of(kind: str) -> list[Metric]:
    """Return all metrics for "classification" or "regression"."""
    return [metric for metric in METRICS.values() if metric.kind == kind]


def _accuracy(truth: np.ndarray, prediction: np.ndarray) -> float:
    return float((truth == prediction.argmax(1)).mean())


def _balanced_accuracy(truth: np.ndarray, prediction: np.ndarray) -> float:
    from sklearn.metrics import recall_score

    labels = np.unique(truth)
    chosen = prediction.argmax(1)
    return float(recall_score(truth, chosen, labels=labels, average="macro", zero_division=0))


def _log_loss(truth: np.ndarray, prediction: np.ndarray) -> float:
    from sklearn.metrics import log_loss

    return float(log_loss(truth, prediction, labels=np.arange(prediction.shape[1])))


def _rmse(truth: np.ndarray, prediction: np.ndarray) -> float:
    from sklearn.metrics import root_mean_squared_error

    return float(root_mean_squared_error(truth, prediction))


def _mae(truth: np.ndarray, prediction: np.ndarray) -> float:
    from sklearn.metrics import mean_absolute_error

    return float(mean_absolute_error(truth, prediction))


def _r2(truth: np.ndarray, prediction: np.ndarray) -> float:
    from sklearn.metrics import r2_score

    return float(r2_score(truth, prediction))


_COMPUTE = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "log_loss": _log_loss,
    "rmse": _rmse,
    "mae": _mae,
    "r2": _r2,
}
