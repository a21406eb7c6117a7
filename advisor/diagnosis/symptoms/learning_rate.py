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

BOUNCED = 0.25
"""Climbs over falls of the training loss after the first epochs."""

SIZE = 0.1
"""Climbs in units of the loss."""


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
    """The training loss jumps up and down: steps overshoot."""

    name = "oscillation"
    title = "oscillation (learning rate too high)"
    needs = ("train_loss",)
    shortest = 6
    hides = ("underfitting", "not_enough_epochs")
    remedies = (
        less("learning_rate", "a smaller learning rate"),
        choose("schedule", "cosine step", "a schedule that lowers the rate"),
        more("batch_size", "larger batches"),
        less("momentum", "less momentum"),
        choose("gradient_clipping", "1 0.1", "clip gradients"),
    )

    def see(self, reading: Reading) -> str | None:
        """Look for climbs of the training loss that undo much of its falls."""
        losses = reading.column("train_loss")
        losses = losses[np.isfinite(losses)][1:]
        if len(losses) < self.shortest - 1:
            return None
        steps = np.diff(losses)
        climbs, falls = steps[steps > 0], -steps[steps < 0]
        level = max(float(np.median(losses)), 1e-12)
        size = float(climbs.sum()) / (level * len(steps))
        if climbs.sum() < BOUNCED * falls.sum() or size < SIZE:
            return None
        worst = int(steps.argmax())
        return (
            f"the training loss rose in {len(climbs)} of {len(steps)} epochs, by {size:.0%} of "
            f"its level per epoch on average; most in epoch {worst + 3}, from "
            f"{losses[worst]:.3g} to {losses[worst + 1]:.3g}."
        )
