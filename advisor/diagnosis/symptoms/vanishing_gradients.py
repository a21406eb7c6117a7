"""Gradients that fade on their way through the layers."""

import numpy as np

from advisor.diagnosis.base import Symptom, choose, less
from advisor.diagnosis.curve import Curve

FADED = 2e-3
"""Gradient per weight of the first layer over that of the last one; 1e-3 in AUTOTRAINER
(Zhang et al. 2021), 0.01 to 3 in networks that train well."""


class VanishingGradients(Symptom):
    """The first layers get next to no gradient and do not learn."""

    name = "vanishing_gradients"
    title = "vanishing gradients"
    needs = ("gradient_ratio",)
    shortest = 2
    hides = ("plateau", "not_enough_epochs")
    remedies = (
        choose("initialisation", "he", "He initialisation, with ReLU"),
        choose("activation", "relu leaky_relu gelu", "an activation that does not saturate"),
        choose("normalisation", "batch layer", "normalisation"),
        choose("block", "residual", "a residual family"),
        less("n_layers", "fewer layers"),
        less("conv_layers", "fewer layers"),
    )

    def see(self, curve: Curve) -> str | None:
        """Look for a first layer with far smaller gradients than the last."""
        ratios = curve.column("gradient_ratio")
        known = np.isfinite(ratios)
        faded = known & (ratios < FADED)
        if faded.sum() * 2 < known.sum():
            return None
        return (
            f"per weight, the first layer's gradient was {ratios[known][0]:.2g} of the last "
            f"layer's in epoch {int(np.flatnonzero(known)[0]) + 1} and {ratios[known][-1]:.2g} at "
            f"the end (below {FADED:g} in {int(faded.sum())} of {int(known.sum())} epochs)."
        )
