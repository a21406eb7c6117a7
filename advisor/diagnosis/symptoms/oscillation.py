"""A learning rate that is too high."""

import numpy as np

from advisor.diagnosis.base import Symptom, choose, less, more
from advisor.diagnosis.curve import Curve

BOUNCED = {"val_loss": 0.08, "train_loss": 0.15}
"""Size of the jumps per epoch in units of the loss. Validation losses of runs that train well
stay below 0.045; training losses are noisier (dropout, order of the rows)."""

FLOOR = 0.05
"""Share of a constant prediction's loss: jumps of a loss that is next to nothing do not count."""


class Oscillation(Symptom):
    """The loss jumps up and down in the second half of the epochs: steps overshoot."""

    name = "oscillation"
    title = "oscillation (learning rate too high)"
    needs = ("train_loss",)
    shortest = 8
    hides = ("underfitting", "not_enough_epochs", "plateau")
    remedies = (
        less("learning_rate", "a smaller learning rate"),
        choose("schedule", "cosine step", "a schedule that lowers the rate"),
        more("batch_size", "larger batches"),
        less("momentum", "less momentum"),
        choose("gradient_clipping", "1 0.1", "clip gradients"),
    )

    def see(self, curve: Curve) -> str | None:
        """Look for rises and falls that undo each other."""
        column = "val_loss" if curve.known("val_loss") else "train_loss"
        losses = curve.column(column)
        half = losses[len(losses) // 2 - 1 :]
        half = half[np.isfinite(half)]
        if len(half) < self.shortest // 2:
            return None
        steps = np.diff(half)
        undone = 2 * min(steps[steps > 0].sum(), -steps[steps < 0].sum()) / len(steps)
        size = float(undone / max(float(np.median(half)), FLOOR * curve.unit))
        if size < BOUNCED[column]:
            return None
        worst, first = int(steps.argmax()), len(losses) - len(half) + 1
        what = "validation" if column == "val_loss" else "training"
        return (
            f"in the last {len(steps)} epochs the {what} loss rose {int((steps > 0).sum())} times "
            f"and jumped by {size:.0%} of its level per epoch, such as from {half[worst]:.3g} in "
            f"epoch {first + worst} to {half[worst + 1]:.3g} in epoch {first + worst + 1}."
        )
