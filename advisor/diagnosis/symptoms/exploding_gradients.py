"""Gradients that grow on their way through the layers."""

import numpy as np

from advisor.diagnosis.base import Symptom, choose, less
from advisor.diagnosis.curve import Curve

EXPLODED = 1000.0
"""Gradient norm per unit of loss; networks that train well stay below 100."""


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

    def missing(self, curve: Curve) -> str | None:
        """Return what is missing; a reason of divergence is evidence enough."""
        if curve.diverged or curve.known("gradient_norm"):
            return None
        return super().missing(curve) or "no gradient_norm in its curve"

    def see(self, curve: Curve) -> str | None:
        """Look for a reason of divergence, or for huge norms."""
        error = (curve.trial.error or "").splitlines()
        if curve.diverged and error and "gradients exploded" in error[0]:
            return f"{error[0]}."
        largest = np.fmax(curve.column("gradient_max"), curve.column("gradient_norm"))
        usual = curve.column("gradient_norm")
        limit = EXPLODED * max(curve.unit, 1.0)
        beyond = (usual > limit) | ((largest > limit) & ~np.isfinite(usual))
        if not beyond.any():
            return None
        epoch = int(np.flatnonzero(beyond)[0])
        share = f"{int(beyond.sum())} of {len(beyond)} epochs"
        return (
            f"the gradient norm reached {np.nanmax(largest):.3g} (first above {limit:.3g} in "
            f"epoch {epoch + 1}, in {share}); below {limit / 10:.3g} is usual."
        )
