"""What came of training one configuration, and how that is written into a trial's record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite
from typing import SupportsFloat

import numpy as np

from advisor.training.paused import Paused
from knowledge_base.errors import UserError
from knowledge_base.naming import printable
from knowledge_base.records import GRADIENT, SKIPPED, EpochRecord
from knowledge_base.states import TrialState

LAST_EPOCH = 2**31 - 1
"""The greatest number that an epoch may have."""


class NoNumber(UserError, TypeError):
    """Something is given for a number that is none, such as the text "0.5" or True."""


def number(given: object, what: str = "the value") -> float:
    """Return a number of any library as a float; texts and truth values are none.

    Args:
        given: what is to be a number.
        what: what it is, as the error calls it.

    Raises:
        NoNumber: it is none; both a `UserError` and a `TypeError`.
    """
    kind = type(given).__name__
    truth = isinstance(given, bool) or str(getattr(given, "dtype", "")).rpartition(".")[2] == "bool"
    if truth or isinstance(given, str | bytes) or not isinstance(given, SupportsFloat):
        raise NoNumber(f"{what} is to be a number, not {_short(given)} ({kind})")
    try:
        return float(given)
    except (TypeError, ValueError, OverflowError) as error:
        raise NoNumber(
            f"{what} is to be a number, not {_short(given)} ({kind}): {error}"
        ) from error


def _short(given: object) -> str:
    text = " ".join(repr(given).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


@dataclass(frozen=True)
class Fitted:
    """A trained network.

    Attributes:
        weights: its state, arrays by the names of parameters and buffers.
        prediction: for the validation rows, probabilities (n, classes) or values in the
            target's own unit, (n,) or (n, horizon).
        epochs: after how many of them it was best.
        fold: place of the fold that it was trained on, from 0.
        tested: prediction for the test rows, None where it is not known.
    """

    weights: Mapping[str, np.ndarray]
    prediction: np.ndarray
    epochs: int
    fold: int = 0
    tested: np.ndarray | None = None


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
        fitted: the trained networks of its folds, if they were to be kept.
        paused: what it takes to go on, of a training that was put aside rather than ended; its
            state is "stopped" then, and only value, curve and seconds are known.
        taken_from: identity of the stored trial that this is the outcome of, None where it was
            trained.
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
    fitted: tuple[Fitted, ...] = field(default=(), compare=False, repr=False)
    taken_from: str | None = None
    paused: Paused | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Take the plain name of a state for the state, and numbers of any kind as floats.

        Raises:
            ValueError: there is no such state, it is complete without a finite value, a number is
                negative, or epochs are not in their order.
            NoNumber: the value or a metric is no number.
        """
        object.__setattr__(self, "state", TrialState(self.state))
        if self.value is not None:
            object.__setattr__(self, "value", number(self.value))
        metrics = {printable(str(n)): number(m, f"'{n}'") for n, m in self.metrics.items()}
        object.__setattr__(self, "metrics", metrics)
        if self.error is not None:
            object.__setattr__(self, "error", printable(str(self.error)))
        if self.state == TrialState.COMPLETE and (self.value is None or not isfinite(self.value)):
            raise ValueError(f"an outcome is complete with a finite value, not {self.value}")
        for name in ("duration", "epochs", "n_params"):
            amount = getattr(self, name)
            if amount is not None and not 0 <= amount < inf:
                raise ValueError(f"{name} is {amount}, which it cannot be")
        last = -1
        for record in self.curve:
            if not last < record.epoch <= LAST_EPOCH:
                raise ValueError(
                    f"epoch {record.epoch} of the curve is negative or not after the one before it"
                )
            last = record.epoch

    @classmethod
    def of(cls, value: float | None) -> "Outcome":
        """Return the outcome of which only the value is known, None if it failed.

        Raises:
            NoNumber: the value is no number, such as a text or True.
        """
        if value is None:
            return cls(TrialState.FAILED, error="no value was told")
        value = number(value, "the value told")
        if not isfinite(value):
            return cls(TrialState.DIVERGED, error=f"the value told was {value}")
        return cls(TrialState.COMPLETE, value=value)

    @classmethod
    def stopped(
        cls, values: Sequence[float], duration: float | None = None, value: float | None = None
    ) -> "Outcome":
        """Return the outcome of a trial that its host ended before it was done, as ASHA does.

        Its value belongs to its few epochs, so it is never compared with trials that completed.

        Args:
            values: validation metric after each of its epochs, at least one.
            duration: seconds that they took.
            value: what it reached, the last of `values` unless it is said.

        Raises:
            ValueError: there are no values.
            NoNumber: one of them is no number.
        """
        if not values:
            raise ValueError("a trial that was stopped before it reported anything has failed")
        told = [number(found) for found in values]
        curve = tuple(EpochRecord(e, val_metric=v) for e, v in enumerate(told, 1) if isfinite(v))
        reached = told[-1] if value is None else value
        if not isfinite(reached):
            return cls(TrialState.DIVERGED, curve=curve, error=f"the value told was {reached}")
        return cls(TrialState.STOPPED, reached, curve=curve, epochs=len(told), duration=duration)

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
