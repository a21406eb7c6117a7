"""The symptoms, one file each; adding one is adding its file here and its line in `SYMPTOMS`."""

from advisor.diagnosis.base import Symptom
from advisor.diagnosis.symptoms.dead_units import DeadUnits
from advisor.diagnosis.symptoms.diverging import Diverging
from advisor.diagnosis.symptoms.exploding_gradients import ExplodingGradients
from advisor.diagnosis.symptoms.not_enough_epochs import NotEnoughEpochs
from advisor.diagnosis.symptoms.oscillation import Oscillation
from advisor.diagnosis.symptoms.overfitting import Overfitting
from advisor.diagnosis.symptoms.plateau import Plateau
from advisor.diagnosis.symptoms.stopped_in_warmup import StoppedInWarmup
from advisor.diagnosis.symptoms.underfitting import Underfitting
from advisor.diagnosis.symptoms.vanishing_gradients import VanishingGradients

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
"""All symptoms in the order in which they are named: causes before consequences."""
