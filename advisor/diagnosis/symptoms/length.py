"""Training that ended too early."""

import numpy as np

from advisor.diagnosis.base import Symptom, less, more
from advisor.diagnosis.reading import Reading

LEARNING = 0.015
"""Relative fall of the validation loss per epoch at the end."""


class StoppedInWarmup(Symptom):
    """Early stopping came before the learning rate had risen to its full size."""

    name = "stopped_in_warmup"
    title = "early stopping before warm-up ended"
    needs = ("learning_rate",)
    shortest = 2
    hides = ("underfitting", "plateau", "not_enough_epochs", "oscillation")
    remedies = (
        more("patience", "more patience"),
        less("warmup_epochs", "a shorter warm-up"),
        more("epochs", "more epochs"),
    )

    def see(self, reading: Reading) -> str | None:
        """Look for a learning rate that was still rising at the end."""
        if not reading.rate_rises or reading.trial.state == "diverged":
            return None
        rates = reading.column("learning_rate")
        planned = reading.config.get("warmup_epochs")
        if planned is not None and reading.epochs > planned:
            return None
        of = f" of a warm-up of {planned}" if planned is not None else ""
        return (
            f"training ended in epoch {reading.epochs}{of} while the learning rate was still "
            f"rising ({rates[0]:.2g} in epoch 1, {rates[-1]:.2g} in the last)."
        )


class NotEnoughEpochs(Symptom):
    """The last epoch was still learning, and no early stop had ended it."""

    name = "not_enough_epochs"
    title = "not enough epochs"
    needs = ("val_loss",)
    shortest = 2
    hides = ("underfitting",)
    remedies = (
        more("epochs", "more epochs"),
        more("patience", "more patience"),
        more("learning_rate", "a larger learning rate"),
        less("batch_size", "smaller batches, so more steps"),
    )

    def see(self, reading: Reading) -> str | None:
        """Look for losses that fall at the end of all the epochs that there were."""
        planned = reading.config.get("epochs")
        if reading.rate_rises or (planned is not None and reading.epochs < planned):
            return None
        rates = [_fall(reading.column(name)) for name in ("val_loss", "train_loss")]
        if not all(rate >= LEARNING for rate in rates if np.isfinite(rate)):
            return None
        losses = reading.column("val_loss")
        if int(np.nanargmin(losses)) < reading.epochs - 1 - reading.epochs // 10:
            return None
        return (
            f"the validation loss was still falling by {rates[0]:.1%} per epoch, to "
            f"{losses[-1]:.3g} in epoch {reading.epochs}, the last one"
            f"{'' if planned is None else f' of {planned}'}."
        )


def _fall(losses: np.ndarray) -> float:
    """Return the relative fall per epoch over the last third, NaN where it is not known."""
    end = losses[np.isfinite(losses)][-max(len(losses) // 3, 1) - 1 :]
    if len(end) < 2 or end[0] <= 0 or end[-1] <= 0:
        return float("nan")
    return float(1 - (end[-1] / end[0]) ** (1 / (len(end) - 1)))
