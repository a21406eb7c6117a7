"""A learning rate that is too low or too high."""

import numpy as np

from advisor.diagnosis.base import Symptom, choose, less, more
from advisor.diagnosis.reading import Reading, falling

SMOOTH = 0.8
"""Share of epochs in which the validation loss fell."""

SLOW = 0.05
"""Relative fall per epoch."""

STEADY = 0.25
"""Fall in the second half of the epochs over that in the first."""

FAR = 0.4
"""Error from which on there is something left to learn."""

BOUNCED = {"val_loss": 0.08, "train_loss": 0.15}
"""Size of the jumps per epoch in units of the loss. Validation losses of runs that train well
stay below 0.045; training losses are noisier (dropout, order of the rows)."""

FLOOR = 0.05
"""Of the loss of a constant prediction: jumps of a loss that is next to nothing do not count."""


class Plateau(Symptom):
    """The loss creeps down steadily: each step is too small."""

    name = "plateau"
    title = "plateau (learning rate too low)"
    needs = ("val_loss",)
    shortest = 8
    hides = ("underfitting", "not_enough_epochs")
    remedies = (
        more("learning_rate", "a larger learning rate"),
        choose("optimizer", "adamw", "an optimiser that scales its steps"),
        more("momentum", "more momentum"),
        less("batch_size", "smaller batches, so more steps"),
        more("epochs", "more epochs"),
    )

    def see(self, reading: Reading) -> str | None:
        """Look for a slow and steady fall that is far from its end."""
        losses = reading.column("val_loss")
        losses = losses[np.isfinite(losses)]
        if len(losses) < self.shortest or reading.rate_rises or falling(losses) < SMOOTH:
            return None
        first, middle, last = losses[0], losses[len(losses) // 2], losses[-1]
        steps = len(losses) - 1 - len(losses) // 2
        rate = 1 - (last / middle) ** (1 / steps) if last > 0 else 1.0
        steady = middle - last >= STEADY * (first - middle)
        left = last / reading.unit
        if rate > SLOW or left < FAR or not (steady or left > 0.9):
            return None
        return (
            f"the validation loss fell in {falling(losses):.0%} of the epochs, yet only by "
            f"{rate:.1%} per epoch: {first:.3g} in epoch 1, {middle:.3g} in epoch "
            f"{len(losses) // 2 + 1}, {last:.3g} in epoch {len(losses)}."
        )


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

    def see(self, reading: Reading) -> str | None:
        """Look for rises and falls that undo each other."""
        column = "val_loss" if reading.known("val_loss") else "train_loss"
        losses = reading.column(column)
        half = losses[len(losses) // 2 - 1 :]
        half = half[np.isfinite(half)]
        if len(half) < self.shortest // 2:
            return None
        steps = np.diff(half)
        undone = 2 * min(steps[steps > 0].sum(), -steps[steps < 0].sum()) / len(steps)
        size = float(undone / max(float(np.median(half)), FLOOR * reading.unit))
        if size < BOUNCED[column]:
            return None
        worst, first = int(steps.argmax()), len(losses) - len(half) + 1
        what = "validation" if column == "val_loss" else "training"
        return (
            f"in the last {len(steps)} epochs the {what} loss rose {int((steps > 0).sum())} times "
            f"and jumped by {size:.0%} of its level per epoch, such as from {half[worst]:.3g} in "
            f"epoch {first + worst} to {half[worst + 1]:.3g} in epoch {first + worst + 1}."
        )
