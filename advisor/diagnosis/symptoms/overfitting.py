"""Too close to the training rows."""

import numpy as np

from advisor.diagnosis.base import Symptom, less, more
from advisor.diagnosis.curve import Curve

GAP = 0.1
"""Validation error less training error, in units of a constant prediction's."""

RISE = 1.3
"""Final validation loss over the lowest."""

MEMORISED = 0.15
"""Training error over validation error below which the validation loss need not rise, too."""


class Overfitting(Symptom):
    """Training rows are learned by heart while validation gets worse."""

    name = "overfitting"
    title = "overfitting"
    needs = ("train_loss", "val_loss")
    shortest = 4
    remedies = (
        more("dropout", "more dropout"),
        more("weight_decay", "more weight decay"),
        less("units", "fewer units"),
        less("n_layers", "fewer layers"),
        less("channels", "fewer channels"),
        more("augmentation", "more augmentation"),
        less("patience", "an earlier stop"),
        less("epochs", "fewer epochs"),
    )

    def see(self, curve: Curve) -> str | None:
        """Look for a gap between the errors, and for a validation loss that rose."""
        if not all(np.isfinite(errors[-3:]).any() for errors in curve.errors):
            return None
        train, valid = (float(np.nanmean(errors[-3:])) for errors in curve.errors)
        losses = curve.column("val_loss")
        lowest, end = float(np.nanmin(losses)), float(np.nanmean(losses[-3:]))
        if not valid - train >= GAP:
            return None
        rose = end >= RISE * lowest
        memorised = train <= MEMORISED * valid and (
            curve.task.metric not in ("accuracy", "balanced_accuracy", "f1_macro")
            or end > curve.unit
        )
        if not (rose or memorised):
            return None
        trained = float(np.nanmean(curve.column("train_loss")[-3:]))
        return (
            f"at the end the training loss was {trained:.3g} and the validation loss {end:.3g}, "
            f"after {lowest:.3g} in epoch {int(np.nanargmin(losses)) + 1}; errors {train:.2f} "
            f"and {valid:.2f} of a constant prediction's."
        )
