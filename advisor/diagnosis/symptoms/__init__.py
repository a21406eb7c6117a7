"""The symptoms; adding one is adding it to a file here and to `SYMPTOMS`."""

from advisor.diagnosis.base import Symptom
from advisor.diagnosis.symptoms.divergence import Diverging
from advisor.diagnosis.symptoms.fit import Overfitting, Underfitting
from advisor.diagnosis.symptoms.gradients import ExplodingGradients, VanishingGradients
from advisor.diagnosis.symptoms.learning_rate import Oscillation, Plateau
from advisor.diagnosis.symptoms.length import NotEnoughEpochs, StoppedInWarmup
from advisor.diagnosis.symptoms.units import DeadUnits

SYMPTOMS: tuple[Symptom, ...] = (
    ExplodingGradients(),
    Diverging(),
    DeadUnits(),
    VanishingGradients(),
    Oscillation(),
    StoppedInWarmup(),
    Plateau(),
    NotEnoughEpochs(),
    Overfitting(),
    Underfitting(),
)
"""In the order in which they are named: causes before consequences."""

FAILURES = ("exploding_gradients", "diverging", "dead_units", "vanishing_gradients")
"""Labels of trials that failed, rather than could have been better."""
