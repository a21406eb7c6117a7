"""Search spaces, and what is to be found in them, for the tests of strategies."""

from functools import cache

import numpy as np
from scipy.special import ndtri

from advisor.encoding import Encoder, sample
from advisor.surrogates import PastTrials, Prior
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import Config

RATE = {"type": "float", "low": 1e-4, "high": 1.0, "log": True}
MIXED = SpaceDefinition.from_dict(
    {
        "name": "mixed",
        "hyperparameters": {
            "rate": RATE,
            "layers": {"type": "int", "low": 1, "high": 4},
            "optimizer": {"type": "categorical", "choices": ["adam", "sgd"]},
            "momentum": {"type": "float", "low": 0.0, "high": 0.99},
        },
        "conditions": [{"child": "momentum", "parent": "optimizer", "type": "EQ", "value": "sgd"}],
        "forbiddens": [
            {
                "type": "AND",
                "clauses": [
                    {"name": "layers", "type": "EQUALS", "value": 4},
                    {"name": "optimizer", "type": "EQUALS", "value": "sgd"},
                ],
            }
        ],
    }
)
NUMBERS = SpaceDefinition.from_dict(
    {
        "name": "numbers",
        "hyperparameters": {
            "rate": RATE,
            "dropout": {"type": "float", "low": 0.0, "high": 0.8},
            "decay": {"type": "float", "low": 1e-6, "high": 1e-1, "log": True},
        },
    }
)
SMALL = SpaceDefinition.from_dict(
    {
        "name": "small",
        "hyperparameters": {
            "rate": {"type": "ordinal", "choices": [0.1, 0.01]},
            "layers": {"type": "int", "low": 1, "high": 2},
            "optimizer": {"type": "categorical", "choices": ["adam", "sgd"]},
        },
    }
)


def loss(config: Config) -> float:
    """Return what the strategies of these tests minimise, in `MIXED` and `NUMBERS`."""
    penalty = 0.3 if config.get("optimizer") == "sgd" else 0.0
    layers, dropout = config.get("layers", 0), config.get("dropout", 0.5)
    return float((np.log10(config["rate"]) + 2) ** 2 + 0.1 * layers + penalty + dropout**2)


def slopes(config: Config) -> dict[str, float]:
    """Return the gradient of `loss` in `NUMBERS`."""
    rate = 2 * (np.log10(config["rate"]) + 2) / (np.log(10) * config["rate"])
    return {"rate": float(rate), "dropout": 2 * config["dropout"], "decay": 0.0}


@cache
def prior(space: SpaceDefinition, n_tasks: int = 4, n: int = 40) -> Prior:
    """Return what noisy past tasks of the same loss expect."""
    rng = np.random.default_rng(0)
    encoder, found = Encoder(space), []
    for task in range(n_tasks):
        configs = sample(space, n, seed=task)
        values = np.array([-loss(config) + 0.3 * rng.normal() for config in configs])
        scores = ndtri((values.argsort().argsort() + 0.5) / n)
        known = np.ones(len(encoder.columns), dtype=bool)
        found.append(PastTrials(encoder.encode(configs), scores, known))
    return Prior.learn(found)
