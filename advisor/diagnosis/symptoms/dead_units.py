"""ReLU units that never fire."""

import numpy as np

from advisor.diagnosis.base import Symptom, choose, less
from advisor.diagnosis.curve import Curve

DEAD = 0.5
"""Share of units; 0.5 in SageMaker Debugger, 0.7 in AUTOTRAINER (Zhang et al. 2021)."""


class DeadUnits(Symptom):
    """Half of the ReLU units or more are zero for every row: they have no gradient."""

    name = "dead_units"
    title = "dead ReLUs"
    needs = ("dead_units",)
    hides = ("plateau", "not_enough_epochs", "vanishing_gradients")
    remedies = (
        choose("activation", "leaky_relu gelu tanh", "an activation with a gradient everywhere"),
        less("learning_rate", "a smaller learning rate"),
        choose("initialisation", "he", "He initialisation"),
        choose("normalisation", "batch layer", "normalisation"),
    )

    def see(self, curve: Curve) -> str | None:
        """Look for a large share of dead units at the end."""
        dead = curve.column("dead_units")
        dead_at_end = float(np.nanmedian(curve.end(dead[np.isfinite(dead)])))
        if dead_at_end < DEAD:
            return None
        first = int(np.flatnonzero(dead >= DEAD)[0]) + 1
        return (
            f"{dead_at_end:.0%} of the ReLU units gave zero for every row at the end, "
            f"{DEAD:.0%} or more from epoch {first} on."
        )
