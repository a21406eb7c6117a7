"""Too close to the training rows, or not close enough."""

import numpy as np

from advisor.diagnosis.base import Symptom, less, more
from advisor.diagnosis.reading import Reading

GAP = 0.1
"""Validation error less training error, in units of a constant prediction's."""

RISE = 1.3
"""Final validation loss over the lowest."""

MEMORISED = 0.15
"""Training error over validation error that no validation loss need rise for."""

SHORTFALL = 0.12
"""Of what the best known trial explains."""

HOPELESS = 0.8
"""Error that counts as underfitting where there is no other trial to compare with."""

SETTLED = 0.04


class Overfitting(Symptom):
    """Training rows are learned by heart while validation gets worse."""

    name = "overfitting"
    title = "overfitting"
    needs = ("train_loss", "val_loss")
    shortest = 4
    remedies = (
        more("dropout", "more dropout"),
        more("weight_decay", "more weight decay"),
        less("units", "fewer units"),
        less("n_layers", "fewer layers"),
        less("channels", "fewer channels"),
        more("augmentation", "more augmentation"),
        less("patience", "an earlier stop"),
        less("epochs", "fewer epochs"),
    )

    def see(self, reading: Reading) -> str | None:
        """Look for a gap between the errors, and for a validation loss that rose."""
        if not all(np.isfinite(errors[-3:]).any() for errors in reading.errors):
            return None
        train, valid = (float(np.nanmean(errors[-3:])) for errors in reading.errors)
        losses = reading.column("val_loss")
        lowest, end = float(np.nanmin(losses)), float(np.nanmean(losses[-3:]))
        if not valid - train >= GAP:
            return None
        rose = end >= RISE * lowest
        memorised = train <= MEMORISED * valid and (
            reading.task.metric not in ("accuracy", "balanced_accuracy", "f1_macro")
            or end > reading.unit
        )
        if not (rose or memorised):
            return None
        trained = float(np.nanmean(reading.column("train_loss")[-3:]))
        return (
            f"at the end the training loss was {trained:.3g} and the validation loss {end:.3g}, "
            f"after {lowest:.3g} in epoch {int(np.nanargmin(losses)) + 1}; errors {train:.2f} "
            f"and {valid:.2f} of a constant prediction's."
        )


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

    def see(self, reading: Reading) -> str | None:
        """Look for errors that stay large on training and validation rows alike."""
        ends = [reading.end(errors) for errors in reading.errors]
        if not all(np.isfinite(errors).any() for errors in ends):
            return None
        train, valid = (float(np.nanmedian(errors)) for errors in ends)
        end = reading.end(reading.column("val_loss"))
        settled = abs(float(end[0] - end[-1])) <= SETTLED * abs(float(end.mean())) + 1e-12
        shortfall = reading.shortfall
        if valid - train >= GAP or not settled:
            return None
        if shortfall is None:
            if reading.constant is None or train < HOPELESS:
                return None
            against = "a constant prediction has 1"
        elif shortfall < SHORTFALL:
            return None
        else:
            against = (
                f"the best trial reached {reading.best:.4g}, this one {reading.trial.value:.4g}"
            )
        return (
            f"the errors came to rest at {train:.2f} on training and {valid:.2f} on validation "
            f"rows over the last {len(end)} epochs; {against}."
        )
