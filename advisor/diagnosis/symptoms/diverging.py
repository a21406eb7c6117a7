"""The loss grows instead of falling."""

import numpy as np

from advisor.diagnosis.base import Symptom, choose, less, more
from advisor.diagnosis.curve import Curve

WORSE = 2.0
"""Times the loss of a constant prediction, and of the best epoch, that it must reach."""

RISE = 1.4
"""Final training loss over the lower of the first and the lowest."""


class Diverging(Symptom):
    """Training ends far worse than it began, or in numbers that are none."""

    name = "diverging"
    title = "diverging loss"
    shortest = 0  # the state says it without a curve, too
    hides = ("underfitting", "overfitting", "not_enough_epochs", "plateau")
    remedies = (
        less("learning_rate", "a smaller learning rate"),
        choose("gradient_clipping", "1 0.1", "clip gradients"),
        more("warmup_epochs", "a warm-up of the learning rate"),
        less("momentum", "less momentum"),
        choose("optimizer", "adamw", "an optimiser that scales its steps"),
        choose("normalisation", "batch layer", "normalisation"),
    )

    def see(self, curve: Curve) -> str | None:
        """Look for a state, or for an end far above the start."""
        if curve.diverged:
            return f"{(curve.trial.error or 'training diverged').splitlines()[0]}."
        losses = curve.column("train_loss")
        losses = losses[np.isfinite(losses)]
        if len(losses) < 3:
            return None
        first, lowest = losses[0], losses.min()
        end = float(np.median(curve.end(losses)))
        start = curve.constant if curve.constant is not None else min(first, curve.unit)
        if end < WORSE * start or end < RISE * min(lowest, first):
            return None
        return (
            f"the training loss rose from {lowest:.3g} in epoch {int(losses.argmin()) + 1} to "
            f"{losses[-1]:.3g} in epoch {len(losses)}; a constant prediction has {start:.3g}."
        )
