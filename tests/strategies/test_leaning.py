import numpy as np
import pytest

from advisor.diagnosis import Remedy
from advisor.encoding import Encoder
from advisor.strategies.leaning import BONUS, FADE, Leaning
from knowledge_base.space import SpaceDefinition

SPACE = SpaceDefinition.from_dict(
    {
        "name": "s",
        "hyperparameters": {
            "dropout": {"type": "float", "low": 0, "high": 1},
            "act": {"type": "categorical", "choices": ["relu", "tanh"]},
        },
    },
    where="a test",
)
ENCODER = Encoder(SPACE)
HERE = {"dropout": 0.5, "act": "tanh"}
CANDIDATES = ENCODER.encode([{"dropout": d, "act": "tanh"} for d in (0.2, 0.5, 0.8)])


def test_candidates_in_the_direction_of_a_remedy_gain_and_others_lose():
    leaning = Leaning(ENCODER)
    leaning.hear(0, HERE, [Remedy("dropout", "more")])
    bonus = leaning.bonus(np.array([0.9]), CANDIDATES)
    assert bonus == pytest.approx([-BONUS, 0, BONUS])


def test_better_choices_gain():
    leaning = Leaning(ENCODER)
    leaning.hear(0, HERE, [Remedy("act", None, ("relu",))])
    inputs = ENCODER.encode([HERE, {**HERE, "act": "relu"}])
    assert leaning.bonus(np.array([0.9]), inputs) == pytest.approx([0, BONUS])


def test_the_bonus_fades_with_further_trials():
    leaning = Leaning(ENCODER)
    leaning.hear(0, HERE, [Remedy("dropout", "more")])
    later = leaning.bonus(np.array([0.9, 0.1, 0.2]), CANDIDATES)
    assert later[2] == pytest.approx(BONUS * FADE**2)


def test_trials_without_a_value_are_not_leant_on():
    leaning = Leaning(ENCODER)
    leaning.hear(0, HERE, [Remedy("dropout", "more")])
    assert not leaning.bonus(np.array([np.nan, 1.0]), CANDIDATES).any()
    assert not Leaning(ENCODER).bonus(np.array([1.0]), CANDIDATES).any()
