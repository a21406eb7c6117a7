"""A learning rate that is too low."""

import numpy as np

from advisor.diagnosis.base import Symptom, choose, less, more
from advisor.diagnosis.curve import Curve, falling

SMOOTH = 0.8
"""Share of epochs in which the validation loss fell."""

SLOW = 0.05
"""Relative fall per epoch."""

STEADY = 0.25
"""Fall in the second half of the epochs over that in the first."""

FAR = 0.4
"""Error from which on there is something left to learn."""


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

    def see(self, curve: Curve) -> str | None:
        """Look for a slow and steady fall that is far from its end."""
        losses = curve.column("val_loss")
        losses = losses[np.isfinite(losses)]
        if len(losses) < self.shortest or curve.rate_rises or falling(losses) < SMOOTH:
            return None
        first, middle, last = losses[0], losses[len(losses) // 2], losses[-1]
        steps = len(losses) - 1 - len(losses) // 2
        rate = 1 - (last / middle) ** (1 / steps) if last > 0 else 1.0
        steady = middle - last >= STEADY * (first - middle)
        left = last / curve.unit
        if rate > SLOW or left < FAR or not (steady or left > 0.9):
            return None
        return (
            f"the validation loss fell in {falling(losses):.0%} of the epochs, yet only by "
            f"{rate:.1%} per epoch: {first:.3g} in epoch 1, {middle:.3g} in epoch "
            f"{len(losses) // 2 + 1}, {last:.3g} in epoch {len(losses)}."
        )
