"""Gradients that grow or fade on their way through the layers."""

import numpy as np

from advisor.diagnosis.base import Symptom, choose, less
from advisor.diagnosis.reading import Reading

EXPLODED = 1000.0
"""Gradient norm per unit of loss; networks that train well stay below 100."""

FADED = 2e-3
"""Gradient per weight of the first layer over that of the last one; 1e-3 in AUTOTRAINER
(Zhang et al. 2021), 0.01 to 3 in networks that train well."""

HEALTHY = 1e-2


class ExplodingGradients(Symptom):
    """Gradient norms beyond anything that a step can use."""

    name = "exploding_gradients"
    title = "exploding gradients"
    hides = ("underfitting", "overfitting", "not_enough_epochs", "plateau")
    remedies = (
        choose("gradient_clipping", "1 0.1 10", "clip gradients"),
        less("learning_rate", "a smaller learning rate"),
        choose("normalisation", "batch layer", "normalisation"),
        choose("initialisation", "he xavier orthogonal", "another initialisation"),
        choose("block", "residual", "a residual family"),
        less("n_layers", "fewer layers"),
    )

    def missing(self, reading: Reading) -> str | None:
        """Return what is missing; a reason of divergence is evidence enough."""
        if reading.trial.state == "diverged" or reading.known("gradient_norm"):
            return None
        return super().missing(reading) or "no gradient_norm in its curve"

    def see(self, reading: Reading) -> str | None:
        """Look for a reason of divergence, or for huge norms."""
        error = (reading.trial.error or "").splitlines()
        if reading.trial.state == "diverged" and error and "gradients exploded" in error[0]:
            return f"{error[0]}."
        largest = np.fmax(reading.column("gradient_max"), reading.column("gradient_norm"))
        usual = reading.column("gradient_norm")
        limit = EXPLODED * max(reading.unit, 1.0)
        beyond = (usual > limit) | ((largest > limit) & ~np.isfinite(usual))
        if not beyond.any():
            return None
        epoch = int(np.flatnonzero(beyond)[0])
        share = f"{int(beyond.sum())} of {len(beyond)} epochs"
        return (
            f"the gradient norm reached {np.nanmax(largest):.3g} (first above {limit:.3g} in "
            f"epoch {epoch + 1}, in {share}); below {limit / 10:.3g} is usual."
        )


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

    def see(self, reading: Reading) -> str | None:
        """Look for a first layer with far smaller gradients than the last."""
        ratios = reading.column("gradient_ratio")
        known = np.isfinite(ratios)
        faded = known & (ratios < FADED)
        if faded.sum() * 2 < known.sum():
            return None
        return (
            f"per weight, the first layer's gradient was {ratios[known][0]:.2g} of the last "
            f"layer's in epoch {int(np.flatnonzero(known)[0]) + 1} and {ratios[known][-1]:.2g} at "
            f"the end (below {FADED:g} in {int(faded.sum())} of {int(known.sum())} epochs)."
        )
