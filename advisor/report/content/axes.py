"""The hyperparameters of a study as axes: where each trial stands, and where the past was good."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.report.content.base import LeftOut
from advisor.report.content.source import StudySource
from knowledge_base.space import Hyperparameter
from knowledge_base.types import Config

GOOD_SHARE = 0.25
"""The share of the past's best configurations that is called its good region."""

MOST_AXES = 20
"""Hyperparameters that are drawn beside each other."""


@dataclass(frozen=True)
class Axis:
    """One hyperparameter.

    Attributes:
        name: of it.
        numeric, log: whether it is a number, and on a logarithmic scale.
        low, high: bounds of a number; 0 and 1 otherwise.
        choices: texts of the choices in their order; empty for numbers.
        places: where each trial stands, from 0 to 1, NaN where it is inactive, shape (n,).
        best: where the best trial stands, NaN where it is inactive.
        good: ends of the past's good region, of numbers; None where the past says nothing.
        good_choices: share of the past's good configurations that have each choice; empty for
            numbers, and where the past says nothing.
    """

    name: str
    numeric: bool
    log: bool
    low: float
    high: float
    choices: Sequence[str]
    places: np.ndarray
    best: float
    good: tuple[float, float] | None = None
    good_choices: Sequence[float] = ()

    def value(self, place: float) -> str:
        """Return the text of the value that stands at a place from 0 to 1."""
        if self.choices:
            return self.choices[min(int(place * len(self.choices)), len(self.choices) - 1)]
        return f"{self.number(place):.3g}"

    def number(self, place: float) -> float:
        """Return the number that stands at a place from 0 to 1."""
        if self.log:
            return float(np.exp(np.log(self.low) + place * (np.log(self.high / self.low))))
        return self.low + place * (self.high - self.low)


@dataclass(frozen=True)
class Axes:
    """All that varied.

    Attributes:
        axes: in the order of the space.
        numbers: of the trials, (n,).
        values: of the trials, NaN without one, shape (n,).
        metric, direction: what is optimised.
    """

    axes: Sequence[Axis]
    numbers: Sequence[int]
    values: np.ndarray
    metric: str
    direction: str


def axes_of(source: StudySource) -> Axes | LeftOut:
    """Return where the trials of a study stand in its space."""
    known = [trial for trial, value in zip(source.trials, source.values, strict=True)
             if np.isfinite(value)]  # fmt: skip
    if not known or source.best is None:
        return LeftOut("No trial has a value yet, so none can be placed in the space.")
    if not source.varying:
        return LeftOut("Every hyperparameter of the space is fixed, so there is nothing to place.")
    good = good_configs(source)
    configs = [trial.config for trial in source.trials]
    found = [axis_of(h, configs, source.best.config, good) for h in source.varying[:MOST_AXES]]
    task = source.directory.task
    numbers = [trial.number for trial in source.trials]
    return Axes(found, numbers, source.values, task.metric, str(task.direction))


def axis_of(
    h: Hyperparameter, configs: Sequence[Config], best: Config, good: Sequence[Config]
) -> Axis:
    """Return the axis of a hyperparameter with what stands on it."""
    places = np.array([place_of(h, config) for config in configs])
    past = np.array([place_of(h, config) for config in good])
    past = past[np.isfinite(past)]
    numeric = not h.choices
    region: tuple[float, float] | None = None
    shares: list[float] = []
    if len(past) and numeric:
        low, high = np.quantile(past, [0.1, 0.9])
        region = float(low), float(high)
    elif len(past):
        counts = np.bincount((past * len(h.choices)).astype(int), minlength=len(h.choices))
        shares = [float(share) for share in counts / counts.sum()]
    return Axis(
        h.name,
        numeric,
        bool(h.log),
        float(h.low or 0.0) if numeric else 0.0,
        float(h.high or 0.0) if numeric else 1.0,
        [str(choice) for choice in h.choices],
        places,
        place_of(h, best),
        region,
        shares,
    )


def place_of(h: Hyperparameter, config: Config) -> float:
    """Return where a configuration stands on an axis, from 0 to 1; NaN where it has no place."""
    if h.name not in config:
        return float("nan")
    value = config[h.name]
    if h.choices:
        alike = [
            place
            for place, choice in enumerate(h.choices)
            if choice == value and isinstance(choice, bool) == isinstance(value, bool)
        ]
        return (alike[0] + 0.5) / len(h.choices) if alike else float("nan")
    low, high = float(h.low or 0.0), float(h.high or 0.0)
    number = float(value)
    if h.log:
        return float(np.log(number / low) / np.log(high / low)) if number > 0 else float("nan")
    return (number - low) / (high - low)


def good_configs(source: StudySource) -> list[Config]:
    """Return the configurations that past tasks together think best, best first."""
    prior = source.prior
    if prior is None or not prior.configs:
        return []
    try:
        configs: list[Config] = [json.loads(text) for text in prior.configs]
        scores = prior.weights @ prior.predict(source.encoder.encode(configs))
    except (KeyError, ValueError, TypeError):  # The past may be of another version of the space.
        return []
    count = max(int(len(configs) * GOOD_SHARE), min(len(configs), 5))
    return [configs[place] for place in np.argsort(-scores, kind="stable")[:count]]
