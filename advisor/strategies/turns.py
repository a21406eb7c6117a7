"""Whose turn it is: remembers what each choice was worth while a search makes up its mind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np

from advisor.encoding import Encoder
from advisor.strategies.base import Observation
from advisor.strategies.spending import Spending, Worth
from knowledge_base.identity import canonical_json
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
        self._weighed: tuple[object, Worth | None] = (None, None)

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
        # In one order, so that a trial that was just put aside changes nothing.
        paused = sorted(paused, key=lambda trial: canonical_json(trial.config))
        worth = self._weigh(ended, paused, offer, trust)
        if worth is not None and offer is not None and worth.in_debt:
            return paused[int(worth.paused.argmax())].config
        if worth is None or not worth.promising.any():
            return None
        rates = np.where(worth.promising, worth.paused, -np.inf)
        if offer is None or rates.max() >= offer.apart(worth.new).max():
            return paused[int(rates.argmax())].config
        return None

    def new(
        self,
        ended: Sequence[Observation],
        paused: Sequence[Observation],
        offer: Offer,
        trust: float | None = None,
    ) -> ConfigDict | None:
        """Return what begins, None as long as no trial has any value.

        Args:
            ended, paused, trust: as for `paused`; there may be no paused trial.
            offer: what may begin.
        """
        paused = sorted(paused, key=lambda trial: canonical_json(trial.config))
        worth = self._weigh(ended, paused, offer, trust)
        return None if worth is None else offer.config(offer.apart(worth.new))

    def _weigh(
        self,
        ended: Sequence[Observation],
        paused: Sequence[Observation],
        offer: Offer | None,
        trust: float | None,
    ) -> Worth | None:
        """Weigh what there is, or remember it: it is asked for up to three times in a row."""
        inputs = np.zeros((0, self.spending.width)) if offer is None else offer.inputs
        bonus = np.zeros(0) if offer is None else offer.bonus
        standing = [(canonical_json(o.config), len(o.curve)) for o in paused]
        key = (len(ended), standing, inputs.tobytes(), bonus.tobytes(), trust)
        if self._weighed[0] != key:
            self._weighed = (key, self.spending.weigh(ended, paused, inputs, bonus, trust))
        return self._weighed[1]
