"""Training that ended while it was still learning."""

import numpy as np

from advisor.diagnosis.base import Symptom, less, more
from advisor.diagnosis.curve import Curve

LEARNING = 0.015
"""Relative fall of the validation loss per epoch at the end."""


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

    def see(self, curve: Curve) -> str | None:
        """Look for losses that fall at the end of all the epochs that there were."""
        planned = curve.config.get("epochs")
        if curve.rate_rises or (planned is not None and curve.epochs < planned):
            return None
        rates = [_fall(curve.column(name)) for name in ("val_loss", "train_loss")]
        if not all(rate >= LEARNING for rate in rates if np.isfinite(rate)):
            return None
        losses = curve.column("val_loss")
        if int(np.nanargmin(losses)) < curve.epochs - 1 - curve.epochs // 10:
            return None
        return (
            f"the validation loss was still falling by {rates[0]:.1%} per epoch, to "
            f"{losses[-1]:.3g} in epoch {curve.epochs}, the last one"
            f"{'' if planned is None else f' of {planned}'}."
        )


def _fall(losses: np.ndarray) -> float:
    """Return the relative fall per epoch over the last third, NaN where it is not known."""
    end = losses[np.isfinite(losses)][-max(len(losses) // 3, 1) - 1 :]
    if len(end) < 2 or end[0] <= 0 or end[-1] <= 0:
        return float("nan")
    return float(1 - (end[-1] / end[0]) ** (1 / (len(end) - 1)))
