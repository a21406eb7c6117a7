"""What came of training one configuration, and how that is written into a trial's record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

from knowledge_base.records import GRADIENT, SKIPPED, EpochRecord
from knowledge_base.states import TrialState


@dataclass(frozen=True)
class Outcome:
    """The result of one trial.

    Attributes:
        state: how it ended; its plain name will do.
        value: validation metric of the best epoch.
        metrics: further metrics, "val_..." and "test_...".
        curve: one record per epoch.
        epochs: how many were run.
        n_params: trainable parameters.
        error: reason or traceback.
        duration: seconds.
        gradients: derivatives of the validation loss by hyperparameters, by their names.
        skipped: whether it was not tried, since it would have needed too much; `error` says of
            what.
    """

    state: TrialState
    value: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    curve: tuple[EpochRecord, ...] = ()
    epochs: int | None = None
    n_params: int | None = None
    error: str | None = None
    duration: float | None = None
    gradients: Mapping[str, float] = field(default_factory=dict)
    skipped: bool = False

    def __post_init__(self) -> None:
        """Take the plain name of a state for the state.

        Raises:
            ValueError: there is no such state.
        """
        object.__setattr__(self, "state", TrialState(self.state))

    @classmethod
    def of(cls, value: float | None) -> "Outcome":
        """Return the outcome of which only the value is known, None if it failed."""
        if value is None:
            return cls(TrialState.FAILED, error="no value was told")
        if not isfinite(value):
            return cls(TrialState.DIVERGED, error=f"the value told was {value}")
        return cls(TrialState.COMPLETE, value=float(value))

    @classmethod
    def not_tried(cls, reason: str) -> "Outcome":
        """Return the outcome of a configuration that would have needed too much."""
        return cls(TrialState.FAILED, error=reason, duration=0.0, skipped=True)

    @property
    def stored_error(self) -> str | None:
        """The error as a trial's record has it: that of a skipped trial says that it was."""
        return f"{SKIPPED}{self.error or ''}" if self.skipped else self.error

    @property
    def stored_metrics(self) -> dict[str, float]:
        """The metrics as a trial's record has them: gradients are metrics by names of their own."""
        slopes = {f"{GRADIENT}{name}": slope for name, slope in self.gradients.items()}
        return {**self.metrics, **slopes}
