"""Which training gets the next epochs: a running one, a paused one, or a new one.

Each is worth what it is expected to gain over the best value so far for each second that it is
expected to take (`advisor.curves.improvement_rates`), by what the curves of past tasks and those
of this search say of its end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from advisor.curves import (
    LAST,
    SHARES,
    CurveGP,
    Forecast,
    PastCurves,
    at_rungs,
    expected_gain,
    improvement_rates,
    rung_epochs,
)
from advisor.encoding import Encoder
from advisor.strategies.base import Observation
from advisor.surrogates import expected_log_seconds
from advisor.surrogates.kernels import matern52
from advisor.surrogates.lengthscales import default_lengthscales
from advisor.surrogates.past_costs import PastCosts
from knowledge_base.types import Config

SHORTLIST = 30
"""New configurations that are looked at rung by rung: those that are expected to gain most."""

WORTH = 1e-3
"""A paused trial whose expected gain is a smaller share of the unit of values is left."""

DEBT = 3.0
"""Trials that stand paused may take so many times as long as those that ended, and one more."""

EPOCHS = "epochs"
"""The hyperparameter that says how long a training is configured to be."""


@dataclass(frozen=True)
class Worth:
    """What going on is worth.

    Attributes:
        new: expected gain per second of each candidate, -inf outside the shortlist, shape (m,).
        paused: that of each paused trial, shape (p,).
        promising: which paused trials may gain anything worth the name, boolean, shape (p,).
        in_debt: whether paused trials took so long, beside those that ended, that one of them
            has to go on; see `DEBT`.
    """

    new: np.ndarray
    paused: np.ndarray
    promising: np.ndarray
    in_debt: bool = False


class Spending:
    """Weighs trials of a search against each other by their curves."""

    def __init__(
        self,
        past: PastCurves,
        encoder: Encoder,
        sign: float,
        costs: PastCosts | None = None,
        worth: float = WORTH,
    ) -> None:
        """Take what the past says.

        Args:
            past: learning curves of past tasks.
            encoder: of configurations.
            sign: what values are multiplied with so that larger is better.
            costs: what configurations took on past tasks, if that is known.
            worth: share of the unit of values that a paused trial must promise to gain.
        """
        self._past, self._encoder, self._sign, self._costs = past, encoder, sign, costs
        self._worth = worth
        self._expectations: dict[bytes, np.ndarray] = {}

    @classmethod
    def of(
        cls,
        arrays: Mapping[str, np.ndarray] | None,
        encoder: Encoder,
        sign: float,
        costs: PastCosts | None = None,
    ) -> "Spending | None":
        """Return one from the curves of a prior; None where it has none that can be read."""
        try:
            past = None if arrays is None else PastCurves.from_arrays(arrays)
        except (KeyError, ValueError):
            return None
        return None if past is None else cls(past, encoder, sign, costs)

    @property
    def width(self) -> int:
        """Columns of an encoded configuration."""
        return len(self._encoder.columns)

    def epochs_of(self, config: Config) -> int:
        """Return how many epochs a configuration is trained for, 0 if nothing says so."""
        given = config.get(EPOCHS, self._past.epochs)
        return int(given) if isinstance(given, (int, float)) and given >= 1 else 0

    def is_at_rung(self, config: Config, epochs: int) -> bool:
        """Return whether a training may be left after so many epochs."""
        configured = self.epochs_of(config)
        return 0 < epochs < configured and epochs in rung_epochs(configured)

    def expected(self, inputs: np.ndarray) -> np.ndarray:
        """Return the final score that past curves expect of candidates, shape (m,)."""
        scores: np.ndarray = self._past.weights @ self._finals(inputs)
        return scores

    def weigh(
        self,
        ended: Sequence[Observation],
        paused: Sequence[Observation],
        candidates: np.ndarray,
        bonus: np.ndarray,
        trust: float | None = None,
    ) -> Worth | None:
        """Return what each choice is worth; None as long as no trial has any value.

        Args:
            ended: trials that ended.
            paused: p trials that can go on.
            candidates: encoded configurations that are new, shape (m, d).
            bonus: logarithm of what the gain of each is multiplied with, shape (m,).
            trust: probability that the past says something; default what the past tasks say.
        """
        trials = [*ended, *paused]
        values = self._values(ended, paused)
        there = np.isfinite(values).any(1)
        if not there.any():
            return None
        inputs = self._encoder.encode([trial.config for trial in trials])
        model = CurveGP(self._past, inputs[there], values[there], trust)
        best = float(np.nanmax(values))
        chosen = self._shortlist(model, best, candidates, bonus)
        both = np.vstack([candidates[chosen], inputs[len(ended) :]])
        places = np.concatenate([np.full(len(chosen), -1), _places(there)[len(ended) :]])
        forecasts = model.forecasts(both, places, range(len(SHARES)))
        new, old = _rows(forecasts, slice(len(chosen))), _rows(forecasts, slice(len(chosen), None))
        seconds = self._seconds(trials, inputs, candidates[chosen])
        worth = np.full(len(candidates), -np.inf)
        if len(chosen):
            rates = improvement_rates(new, best, np.array(SHARES)) * np.exp(bonus[chosen])
            worth[chosen] = rates / seconds[: len(chosen)]
        whole = seconds[len(chosen) :]
        going_on = self._of_paused(old, best, paused) / whole[len(ended) :]
        promising = expected_gain(old, best) > self._worth * model.unit
        in_debt = self._in_debt(trials, whole, len(ended), going_on)
        return Worth(worth, going_on, promising, in_debt)

    def _in_debt(
        self, trials: Sequence[Observation], whole: np.ndarray, ended: int, worth: np.ndarray
    ) -> bool:
        """Return whether too much was begun for what ended.

        Forecasts can be wrong about a whole task, one on which everything is slow to learn say:
        then whatever is new promises more than what was begun, and nothing ever ends. So at most
        about three quarters of the time go to what is put aside, however the forecasts are.

        Args:
            trials: those that ended, then those that are paused.
            whole: seconds of their whole trainings.
            ended: how many ended.
            worth: of going on with the paused ones.
        """
        if len(trials) == ended:
            return False
        configured = np.array([max(self.epochs_of(o.config), 1) for o in trials])
        share = np.minimum(np.array([len(o.curve) for o in trials]) / configured, 1.0)
        spent, best = share * whole, ended + int(worth.argmax())
        to_its_end = whole[best] - spent[best]
        return bool(spent[ended:].sum() > DEBT * (spent[:ended].sum() + to_its_end))

    def _values(self, ended: Sequence[Observation], paused: Sequence[Observation]) -> np.ndarray:
        """Return what trials reached at rungs, larger is better, shape (n, rungs)."""
        found = np.full((len(ended) + len(paused), len(SHARES)), np.nan)
        for row, trial in enumerate((*ended, *paused)):
            over = row < len(ended) and trial.finished
            epochs = self.epochs_of(trial.config) or len(trial.curve)
            if epochs:
                found[row] = at_rungs(trial.curve, epochs, self._sign, over)
            if over and trial.value is not None:
                found[row, LAST] = np.fmax(found[row, LAST], self._sign * trial.value)
        failed = [row for row, trial in enumerate(ended) if trial.value is None]
        if np.isfinite(found).any():
            found[failed, LAST] = np.nanmin(found)
        return found

    def _shortlist(
        self, model: CurveGP, best: float, candidates: np.ndarray, bonus: np.ndarray
    ) -> np.ndarray:
        """Return the places of the most promising candidates."""
        if not len(candidates):
            return np.zeros(0, dtype=int)
        finals = self._finals(candidates)[:, :, None]
        none = np.full(len(candidates), -1)
        likely = model.forecasts_given(candidates, finals, none, [LAST], most=2)
        gain = expected_gain(likely, best)
        chosen: np.ndarray = np.argsort(-gain * np.exp(bonus), kind="stable")[:SHORTLIST]
        return chosen

    def _of_paused(
        self, forecasts: Sequence[Forecast], best: float, paused: Sequence[Observation]
    ) -> np.ndarray:
        """Return the gain of paused trials per training, shape (p,).

        Args:
            forecasts: of them at all rungs.
            best: the best value so far, larger is better.
            paused: p trials.
        """
        done = np.array([len(o.curve) for o in paused])
        configured = [max(self.epochs_of(o.config), 1) for o in paused]
        reached = [(rung_epochs(c) <= d).sum() for c, d in zip(configured, done, strict=True)]
        first = np.minimum(np.array(reached, dtype=int), LAST)
        shares = np.minimum(done / np.array(configured), 1.0)
        rates = np.zeros(len(paused))
        for rung in np.unique(first):
            rows = np.flatnonzero(first == rung)
            before = _rows(forecasts, rows, int(rung))
            left = np.array(SHARES)[rung:] - shares[rows, None]
            rates[rows] = improvement_rates(before, best, np.maximum(left, 1e-3))
        return rates

    def _seconds(
        self,
        trials: Sequence[Observation],
        inputs: np.ndarray,
        candidates: np.ndarray,
    ) -> np.ndarray:
        """Return what whole trainings take, candidates first, up to a factor; shape (m + n,).

        That of a trial is its own pace; where that is unknown, and for candidates, it is expected.
        Where nothing is known of durations, all take the same.
        """
        configured = np.array([self.epochs_of(o.config) for o in trials], dtype=float)
        done = np.array([len(o.curve) for o in trials], dtype=float)
        told = np.array([np.nan if o.seconds is None else o.seconds for o in trials], dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            whole = told * np.maximum(configured / done, 1.0)
        whole[~(np.isfinite(whole) & (whole > 0))] = np.nan
        together = np.vstack([candidates, inputs])
        if self._costs is None:
            expected = np.exp(_log_pace(inputs, whole, together))
        else:
            expected = np.exp(expected_log_seconds(self._costs, inputs, whole, together))
        own = np.concatenate([np.full(len(candidates), np.nan), whole])
        seconds: np.ndarray = np.where(np.isnan(own), expected, own)
        return seconds

    def _finals(self, inputs: np.ndarray) -> np.ndarray:
        """Return the final scores that past tasks expect, shape (t, m); once for each row."""
        keys = [row.tobytes() for row in inputs]
        missing = [place for place, key in enumerate(keys) if key not in self._expectations]
        if missing:
            found = self._past.expect(inputs[missing], rungs=[LAST])[:, :, 0]
            self._expectations.update(
                (keys[place], column) for place, column in zip(missing, found.T, strict=True)
            )
        return np.array([self._expectations[key] for key in keys]).T


def _rows(
    forecasts: Sequence[Forecast], rows: slice | np.ndarray, first: int = 0
) -> list[Forecast]:
    """Return the forecasts of some trainings, from a rung on."""
    return [
        replace(f, mean=f.mean[rows, first:], covariance=f.covariance[rows, first:, first:])
        for f in forecasts
    ]


def _log_pace(inputs: np.ndarray, seconds: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return expected log seconds at points by those that are known, zeros without any.

    It is kernel ridge regression around the mean: durations differ by factors, and it is cheap.

    Args:
        inputs: encoded configurations, shape (n, d).
        seconds: what they take, NaN where it is not known, shape (n,).
        points: shape (m, d).
    """
    known = np.isfinite(seconds)
    if not known.any():
        return np.zeros(len(points))
    logs, lengthscales = np.log(seconds[known]), default_lengthscales(inputs.shape[1])
    kernel = matern52(inputs[known], inputs[known], lengthscales) + 0.1 * np.eye(len(logs))
    weights = np.linalg.solve(kernel, logs - logs.mean())
    pace: np.ndarray = logs.mean() + matern52(points, inputs[known], lengthscales) @ weights
    return pace


def _places(there: np.ndarray) -> np.ndarray:
    """Return where each trial is among those that have a value, -1 if it has none, shape (n,)."""
    places: np.ndarray = np.where(there, np.cumsum(there) - 1, -1)
    return places
