"""Not close enough to the training rows."""

import numpy as np

from advisor.diagnosis.base import Symptom, less, more
from advisor.diagnosis.curve import Curve
from advisor.diagnosis.symptoms.overfitting import GAP

SHORTFALL = 0.12
"""Share of what the best known trial explains that this one may lack."""

HOPELESS = 0.8
"""Error that counts as underfitting where there is no other trial to compare with."""

SETTLED = 0.04
"""Relative change of the validation loss over the last third that counts as rest."""


class Underfitting(Symptom):
    """Training came to rest before the training rows were learned."""

    name = "underfitting"
    title = "underfitting"
    needs = ("train_loss", "val_loss")
    shortest = 5
    remedies = (
        more("units", "more units"),
        more("channels", "more channels"),
        more("n_layers", "more layers"),
        less("dropout", "less dropout"),
        less("weight_decay", "less weight decay"),
        less("augmentation", "less augmentation"),
        more("embedding_size", "longer word vectors"),
    )

    def see(self, curve: Curve) -> str | None:
        """Look for errors that stay large on training and validation rows alike."""
        ends = [curve.end(errors) for errors in curve.errors]
        if not all(np.isfinite(errors).any() for errors in ends):
            return None
        train, valid = (float(np.nanmedian(errors)) for errors in ends)
        end = curve.end(curve.column("val_loss"))
        settled = abs(float(end[0] - end[-1])) <= SETTLED * abs(float(end.mean())) + 1e-12
        shortfall = curve.shortfall
        if valid - train >= GAP or not settled:
            return None
        if shortfall is None:
            if curve.constant is None or train < HOPELESS:
                return None
            against = "a constant prediction has 1"
        elif shortfall < SHORTFALL:
            return None
        else:
            against = f"the best trial reached {curve.best:.4g}, this one {curve.trial.value:.4g}"
        return (
            f"the errors came to rest at {train:.2f} on training and {valid:.2f} on validation "
            f"rows over the last {len(end)} epochs; {against}."
        )
