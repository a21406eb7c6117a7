"""How long configurations train on a data set, on the machine at hand.

    seconds = epochs run x (calls of an epoch x their seconds + numbers of it x theirs) + begin

What an epoch is made of, families say (`advisor.models.effort`). The seconds of each term, and
how many epochs run before patience ends a training, are learned from the shipped trials
(`scripts.seed.durations`): robust regression on logarithms. Two factors, one for calls and one
for numbers, bring them to another machine (`advisor.meta.speed`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import exp, log
from pathlib import Path

import numpy as np

from advisor.models import ModelFamily
from advisor.models.effort import Effort
from knowledge_base.types import Config

FAMILIAR = 1500
"""Rows that the largest shipped training parts have. With more, patience ends hardly any training
(docs/benchmarks/durations.md)."""

LAWS = Path(__file__).with_name("durations.json")
"""What the shipped trials teach, by families."""


@dataclass(frozen=True)
class Speed:
    """How a machine compares with the one of the shipped trials, when that was idle.

    Attributes:
        calls: times as long as calls take.
        numbers: times as long as numbers take.
        measured: whether it was, or nothing is known of the machine.
    """

    calls: float = 1.0
    numbers: float = 1.0
    measured: bool = False


@dataclass(frozen=True)
class Law:
    """What the trainings of a family take on the machine of the shipped trials.

    Attributes:
        calls, numbers: seconds of a term of `Effort`.
        begin: seconds of a training without its epochs.
        epochs: slopes of the logarithm of the share of its epochs that a configuration runs,
            by the names of `reasons_to_end`.
    """

    calls: Mapping[str, float]
    numbers: Mapping[str, float]
    begin: float
    epochs: Mapping[str, float] = field(default_factory=dict)

    def of_epoch(self, effort: Effort) -> tuple[float, float]:
        """Return the seconds of an epoch's calls and of its numbers."""
        return _sum(self.calls, effort.calls), _sum(self.numbers, effort.numbers)

    def epochs_run(self, config: Config, effort: Effort) -> float:
        """Return how many epochs are expected before patience, or their number, is over."""
        if "epochs" not in config:
            return 1.0
        rows = min(effort.rows, FAMILIAR)
        share = exp(min(_sum(self.epochs, reasons_to_end(config, rows)), 0.0))
        saved = (1 - share) * rows / max(effort.rows, 1.0)
        return float(max(config["epochs"] * (1 - saved), 1.0))


@dataclass(frozen=True)
class Durations:
    """How long configurations of a family train on a data set here.

    Attributes:
        family: whose configurations.
        about: metafeatures of the data set.
        speed: of the machine.
    """

    family: ModelFamily
    about: Mapping[str, float] | None
    speed: Speed = Speed()

    @property
    def knows(self) -> bool:
        """Whether a law holds for the family, and the data have a size."""
        about = self.about or {}
        known = law_of(self.family.name) is not None
        return known and self.family.effort(self.family.default(), about) is not None

    def of(self, configs: Sequence[Config]) -> np.ndarray:
        """Return the seconds that one network of each is expected to train, shape (n,).

        They are NaN where no law holds: of users' networks, and where no size is known.
        """
        return np.array([self._seconds(config) for config in configs], dtype=float)

    def _seconds(self, config: Config) -> float:
        law = law_of(self.family.name)
        effort = self.family.effort(config, self.about or {})
        if law is None or effort is None:
            return float("nan")
        calls, numbers = law.of_epoch(effort)
        epoch = self.speed.calls * calls + self.speed.numbers * numbers
        return law.epochs_run(config, effort) * epoch + self.speed.calls * law.begin


def reasons_to_end(config: Config, rows: float) -> dict[str, float]:
    """Return what the share of the epochs that run before patience is over depends on.

    Args:
        config: active hyperparameters of a built-in family.
        rows: that are trained on.
    """
    epochs, patience = config["epochs"], config["patience"]
    rate, plain = log(config["learning_rate"]), config["optimizer"] == "sgd"
    steps = log(max(rows / config["batch_size"], 1.0))
    return {
        "one": 1.0,
        "epochs": log(epochs),
        "patience": log(patience),
        "patient": log(min(patience / epochs, 1.0)),
        "rate": rate,
        "rate_squared": rate * rate,
        "steps": steps,
        "steps_rate": steps * rate,
        "sgd": float(plain),
        "sgd_rate": plain * rate,
        "cosine": float(config["schedule"] == "cosine"),
        "step": float(config["schedule"] == "step"),
        "dropout": config["dropout"],
        "rows": log(max(rows, 1.0)),
        "normalised": float(config["normalisation"] != "none"),
        "decay": log(config["weight_decay"]),
        "units": log(config["units"]),
    }


def law_of(family: str) -> Law | None:
    """Return what is known of a family, None for users' own."""
    return _laws().get(family)


@cache
def _laws() -> dict[str, Law]:
    stored = json.loads(LAWS.read_text(encoding="utf-8"))
    return {name: Law(**law) for name, law in stored.items()}


def _sum(slopes: Mapping[str, float], terms: Mapping[str, float]) -> float:
    return sum(slopes[name] * amount for name, amount in terms.items())
