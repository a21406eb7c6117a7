"""What came of training one configuration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite

from knowledge_base.records import EpochRecord

Report = Callable[[EpochRecord], None]
"""Called after every epoch; raises `StopTrial` to cut the trial short.

It may have a method `check_time()`, called between batches, that does so, too."""


SKIPPED = "skipped: "
"""How the error of a trial begins that was not tried, since it would have needed too much."""

GRADIENT = "gradient_"
"""Prefix of metrics that are gradients of the validation loss by a hyperparameter."""


class StopTrial(Exception):
    """Raised by a report when a trial is to end now; what it reached so far is kept."""


@dataclass(frozen=True)
class Outcome:
    """The result of one trial.

    Attributes:
        state: "complete", "failed", "diverged" or "stopped".
        value: validation metric of the best epoch.
        metrics: further metrics, "val_..." and "test_...".
        curve: one record per epoch.
        epochs: how many were run.
        n_params: trainable parameters.
        error: reason or traceback.
        duration: seconds.
    """

    state: str
    value: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    curve: tuple[EpochRecord, ...] = ()
    epochs: int | None = None
    n_params: int | None = None
    error: str | None = None
    duration: float | None = None

    @classmethod
    def of(cls, value: float | None) -> "Outcome":
        """Return the outcome of which only the value is known, None if it failed."""
        if value is None:
            return cls(state="failed", error="no value was told")
        if not isfinite(value):
            return cls(state="diverged", error=f"the value told was {value}")
        return cls(state="complete", value=float(value))
