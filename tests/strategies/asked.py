"""Searches whose questions are written down, to see that a strategy goes on asking the same.

`asked.json` holds what the version before `suggest` and `update` asked in `KEPT`, and the versions
of the libraries that drew the random numbers.
"""

import json
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
from scipy.special import ndtri

from advisor.diagnosis import Remedy
from advisor.encoding import Encoder, sample
from advisor.surrogates import PastTrials, Prior
from knowledge_base.space import SpaceDefinition

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
NAMES = ("random", "bayesian", "sobol", "grid", "evolution", "halving", "hyperband", "gradient")


def loss(config):
    penalty = 0.3 if config.get("optimizer") == "sgd" else 0.0
    layers, dropout = config.get("layers", 0), config.get("dropout", 0.5)
    return float((np.log10(config["rate"]) + 2) ** 2 + 0.1 * layers + penalty + dropout**2)


def slopes(config):
    """Return the gradient of `loss` in `NUMBERS`."""
    rate = 2 * (np.log10(config["rate"]) + 2) / (np.log(10) * config["rate"])
    return {"rate": float(rate), "dropout": 2 * config["dropout"], "decay": 0.0}


@cache
def prior(space, n_tasks=4, n=40):
    rng = np.random.default_rng(0)
    encoder, found = Encoder(space), []
    for task in range(n_tasks):
        configs = sample(space, n, seed=task)
        values = np.array([-loss(config) + 0.3 * rng.normal() for config in configs])
        scores = ndtri((values.argsort().argsort() + 0.5) / n)
        known = np.ones(len(encoder.columns), dtype=bool)
        found.append(PastTrials(encoder.encode(configs), scores, known))
    return Prior.learn(found)


class Scenario:
    """A search with a script: what it is given, and what its user does."""

    def __init__(self, strategy, *, warm=0, past=False, together=1, trouble=False, steps=8,
                 direction="minimize", seed=3, **options):  # fmt: skip
        self.strategy, self.options = strategy, options
        self.space = NUMBERS if strategy == "gradient" else MIXED
        self.warm = sample(self.space, warm, seed=5) if warm else []
        self.prior = prior(self.space) if past else None
        self.together, self.trouble, self.steps = together, trouble, steps
        self.direction, self.seed = direction, seed
        if options.get("candidates"):
            options["candidates"] = sample(self.space, options["candidates"], seed=1)

    def asked(self, make):
        """Return all questions of the search that `make(scenario)` returns."""
        search, rng = make(self), np.random.default_rng(7)
        asked, waiting = [], []
        for step in range(self.steps):
            new = search.ask(1 + step % self.together)
            asked += new
            waiting += new
            if self.trouble and step == 2:
                (foreign,) = sample(self.space, 1, seed=99)
                search.tell(foreign, **self.outcome(foreign, step))
            if self.trouble and step % 3 == 1:
                search.withdraw(waiting.pop(int(rng.integers(len(waiting)))))
            left = 1 if self.together > 1 and step % 2 else 0
            for place in rng.permutation(len(waiting))[left:].tolist():
                search.tell(waiting[place], **self.outcome(waiting[place], step))
                waiting[place] = None
            waiting = [config for config in waiting if config is not None]
        return asked

    def outcome(self, config, step):
        sign = -1 if self.direction == "maximize" else 1
        value, seconds = sign * loss(config), 2.0 ** config.get("layers", 1)
        told = {"value": value, "seconds": seconds, "curve": (value + 0.3 * sign, None, value)}
        if self.strategy == "gradient":
            told["gradients"] = slopes(config)
        if self.trouble and step % 4 == 1:
            told |= {"value": None if step % 8 == 1 else float("nan"), "curve": ()}
        elif self.trouble and step % 2 == 0:
            told["remedies"] = (Remedy("rate", "less"), Remedy("optimizer", None, ("adam",)))
        elif self.trouble and step % 3 == 0:
            told["remedies"] = ()
        return told


EVERYTHING = {"warm": 2, "past": True, "together": 3, "trouble": True, "direction": "maximize"}
KEPT = {
    **{f"{name} alone": {"strategy": name, "steps": 7} for name in NAMES},
    **{f"{name} with all": {"strategy": name, **EVERYTHING} for name in NAMES},
    "bayesian per second": {"strategy": "bayesian", "past": True, "steps": 7, "per_second": True},
    "bayesian remedies": {"strategy": "bayesian", "past": True, "trouble": True, "steps": 10},
    "bayesian candidates": {"strategy": "bayesian", "past": True, "together": 2, "candidates": 20},
}
"""The scenarios of `asked.json`."""

WRITTEN = json.loads(Path(__file__).with_name("asked.json").read_text(encoding="utf-8"))


def changed_libraries():
    """Return the libraries that draw random numbers and are of another version than then."""
    before = WRITTEN["versions"]
    return [name for name in before if version(name).split(".")[:2] != before[name].split(".")[:2]]


def plain(space, configs):
    """Return configurations as rows of JSON, numbers to ten digits."""
    return [
        [float(f"{v:.10g}") if isinstance(v := config.get(name), float) else v
         for name in space.hyperparameters]
        for config in configs
    ]  # fmt: skip
