"""Searches whose questions are written down, to see that a strategy goes on asking the same.

`asked.json` holds what the version before `suggest` and `update` asked in `KEPT`, and the versions
of the libraries that drew the random numbers.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np

from advisor.diagnosis import Remedy
from advisor.encoding import sample
from advisor.testing.landscapes import MIXED, NUMBERS, loss, prior, slopes

NAMES = ("random", "bayesian", "sobol", "grid", "evolution", "halving", "hyperband", "gradient")


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
