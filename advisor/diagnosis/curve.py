"""A learning curve on a scale of its own: what a constant prediction loses is 1."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from math import log

import numpy as np

from advisor.metrics import METRICS
from knowledge_base.records import EpochRecord, TaskRecord, TrialRecord
from knowledge_base.types import Config

SHARES = ("accuracy", "balanced_accuracy", "f1_macro")
"""Metrics that are 1 at best and one over the number of classes by chance."""

TAIL = 3
"""The last third of a curve is its end."""


@dataclass(frozen=True)
class Curve:
    """The curve of a trial, with what is needed to judge it.

    Attributes:
        trial: configuration, state, error and curve.
        task: metric and direction.
        n_classes: how many classes the data set has, None without classes or where it is not known.
        best: the best value known on this task, if any.
    """

    trial: TrialRecord
    task: TaskRecord
    n_classes: int | None = None
    best: float | None = None

    @property
    def config(self) -> Config:
        """The trial's hyperparameters."""
        return self.trial.config

    @property
    def diverged(self) -> bool:
        """Whether the training ended in numbers that are not finite, or exploded."""
        return self.trial.state == "diverged"

    @property
    def epochs(self) -> int:
        """Number of epochs in the curve."""
        return len(self.trial.curve)

    @cached_property
    def _columns(self) -> dict[str, np.ndarray]:
        names = [field.name for field in fields(EpochRecord)]
        return {name: _array([getattr(e, name) for e in self.trial.curve]) for name in names}

    def column(self, name: str) -> np.ndarray:
        """Return one column of the curve, NaN where there is nothing, shape (epochs,)."""
        return self._columns[name]

    def known(self, name: str) -> bool:
        """Return whether the curve has any number in that column."""
        return bool(np.isfinite(self.column(name)).any())

    @cached_property
    def constant(self) -> float | None:
        """What a constant prediction loses, None where that is not known.

        It is at most the logarithm of the number of classes, or the variance of a standardised
        target. The losses of functions of the user's own are in units that nobody knows, and
        targets of forecasts are scaled by window.
        """
        metric = METRICS.get(self.task.metric)
        if metric is None or self.task.dataset_id is None:
            return None
        if self.n_classes:
            return log(self.n_classes)
        scaled = "differencing" in self.config
        return 1.0 if "regression" in metric.kinds and not scaled else None

    @cached_property
    def unit(self) -> float:
        """What losses are measured in: `constant`, or else the first losses of the curve."""
        if self.constant is not None:
            return self.constant
        first = [float(c[np.isfinite(c)][0]) for c in self.losses if np.isfinite(c).any()]
        return max([*(abs(loss) for loss in first), 1e-12])

    @property
    def losses(self) -> tuple[np.ndarray, np.ndarray]:
        """Training and validation losses as they are, each of shape (epochs,)."""
        return self.column("train_loss"), self.column("val_loss")

    @cached_property
    def errors(self) -> tuple[np.ndarray, np.ndarray]:
        """Errors on training and validation rows, about 1 for a constant prediction.

        They come from the metric where it has such a scale, since training losses are taken
        with dropout and before the epoch's last step; else they come from the losses.
        """
        train, valid = self.column("train_metric"), self.column("val_metric")
        chance = 1 / self.n_classes if self.n_classes else 0.0
        if self.task.metric in SHARES:
            return (1 - train) / (1 - chance), (1 - valid) / (1 - chance)
        losses = [loss / self.unit for loss in self.losses]
        if self.task.metric in METRICS and self.task.direction == "minimize":
            power = 1 if self.task.metric == "log_loss" else 2
            with np.errstate(all="ignore"):
                return losses[1] * (train / valid) ** power, losses[1]
        return losses[0], losses[1]

    @cached_property
    def shortfall(self) -> float | None:
        """How much of what the best known trial explains this one does not, in [0, 1].

        It is None where nothing is known to compare with.
        """
        value, best = self.trial.value, self.best
        if value is None or best is None or self.task.metric not in METRICS:
            return None
        if self.task.metric in SHARES:
            chance = 1 / self.n_classes if self.n_classes else 0.0
            gap, whole = best - value, best - chance
        elif self.task.direction == "minimize" and self.constant and len(self.errors[1]):
            reached = float(np.nanmin(self.errors[1]))
            power = 1 if self.task.metric == "log_loss" else 2
            optimum = reached * (best / value) ** power if value else reached
            gap, whole = reached - optimum, 1 - optimum
        elif self.task.direction == "minimize" and value > 0:
            gap, whole = value - best, value  # there is no scale but the value itself
        else:
            return None
        return float(np.clip(gap / whole, 0.0, 1.0)) if whole > 0 else None

    def end(self, values: np.ndarray) -> np.ndarray:
        """Return the last third of a column, at least one epoch."""
        return values[-max(len(values) // TAIL, 1) :]

    @property
    def rate_rises(self) -> bool:
        """Whether the learning rate rose from the first epoch to the last."""
        rates = self.column("learning_rate")
        return len(rates) > 1 and bool((np.diff(rates) > 0).all())


def falling(values: np.ndarray) -> float:
    """Return the share of steps that go down, NaN without any."""
    steps = np.diff(values[np.isfinite(values)])
    return float((steps < 0).mean()) if len(steps) else float("nan")


def _array(values: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], dtype=float)
