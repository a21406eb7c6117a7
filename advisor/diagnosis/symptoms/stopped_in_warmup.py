"""Training that ended before the learning rate had risen."""

from advisor.diagnosis.base import Symptom, less, more
from advisor.diagnosis.curve import Curve


class StoppedInWarmup(Symptom):
    """Early stopping came before the learning rate had risen to its full size."""

    name = "stopped_in_warmup"
    title = "early stopping before warm-up ended"
    needs = ("learning_rate",)
    shortest = 2
    hides = ("underfitting", "plateau", "not_enough_epochs", "oscillation")
    remedies = (
        more("patience", "more patience"),
        less("warmup_epochs", "a shorter warm-up"),
        more("epochs", "more epochs"),
    )

    def see(self, curve: Curve) -> str | None:
        """Look for a learning rate that was still rising at the end."""
        if not curve.rate_rises or curve.diverged:
            return None
        rates = curve.column("learning_rate")
        planned = curve.config.get("warmup_epochs")
        if planned is not None and curve.epochs > planned:
            return None
        of = f" of a warm-up of {planned}" if planned is not None else ""
        return (
            f"training ended in epoch {curve.epochs}{of} while the learning rate was still "
            f"rising ({rates[0]:.2g} in epoch 1, {rates[-1]:.2g} in the last)."
        )
