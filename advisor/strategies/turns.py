"""Whose turn it is: remembers what each choice was worth while a search makes up its mind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np

from advisor.encoding import Encoder
from advisor.strategies.base import Observation
from advisor.strategies.spending import Spending, Worth
from knowledge_base.types import Config, ConfigDict


@dataclass(frozen=True)
class Offer:
    """What may begin.

    Attributes:
        inputs: encoded configurations, shape (m, d).
        bonus: logarithm of what their gains are multiplied with, shape (m,).
        apart: leaves out what is too much like a trial that runs, given scores of shape (m,).
        config: the configuration of the largest score, given scores of shape (m,).
    """

    inputs: np.ndarray
    bonus: np.ndarray
    apart: Callable[[np.ndarray], np.ndarray]
    config: Callable[[np.ndarray], ConfigDict]

    @classmethod
    def of_one(cls, config: Config, encoder: Encoder) -> "Offer":
        """Return the offer of one configuration."""
        inputs = encoder.encode([config])
        return cls(inputs, np.zeros(1), lambda scores: scores, lambda scores: dict(config))


def best_of(trials: Sequence[Observation], sign: float, count: int = 3) -> list[ConfigDict]:
    """Return the configurations of the best trials, whether they ended or not, best first."""
    values = [
        max((sign * v for v in (o.value, *o.curve) if v is not None and isfinite(v)), default=-inf)
        for o in trials
    ]
    order = np.argsort(-np.array(values), kind="stable")[:count]
    return [dict(trials[place].config) for place in order]


class Turns:
    """Decides between going on with paused trials and beginning new ones."""

    def __init__(self, spending: Spending) -> None:
        """Take what weighs the choices."""
        self.spending: Spending = spending
        self._found: tuple[Worth, Offer] | None = None

    def forget(self) -> None:
        """Forget what was weighed: something has happened."""
        self._found = None

    def paused(
        self,
        ended: Sequence[Observation],
        paused: Sequence[Observation],
        offer: Offer | None,
        trust: float | None = None,
    ) -> Config | None:
        """Return which paused trial goes on; None if a new one begins, or none is worth it.

        Args:
            ended: trials that ended.
            paused: trials that can go on, at least one.
            offer: what may begin; None where nothing may.
            trust: probability that the past says something; default what the past tasks say.
        """
        self._found = None
        inputs = np.zeros((0, self.spending.width)) if offer is None else offer.inputs
        bonus = np.zeros(0) if offer is None else offer.bonus
        worth = self.spending.weigh(ended, paused, inputs, bonus, trust)
        if worth is None:
            return None
        rates = np.where(worth.promising, worth.paused, -np.inf)
        if offer is None:
            return paused[int(rates.argmax())].config if worth.promising.any() else None
        self._found = (worth, offer)
        if rates.max() >= offer.apart(worth.new).max():
            return paused[int(rates.argmax())].config
        return None

    def new(
        self, ended: Sequence[Observation], offer: Callable[[], Offer], trust: float | None = None
    ) -> ConfigDict | None:
        """Return what begins, None as long as no trial has any value.

        What was weighed last counts, if it was since something happened.
        """
        if self._found is None:
            made = offer()
            worth = self.spending.weigh(ended, [], made.inputs, made.bonus, trust)
            if worth is None:
                return None
            self._found = (worth, made)
        worth, made = self._found
        self._found = None
        return made.config(made.apart(worth.new))
