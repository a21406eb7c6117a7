"""A Gaussian process over configurations and rungs, with the curves of past tasks as its prior.

The score of configuration x at rung e on the new task is modelled as

    f(x, e) = A + (1 + c) m(x, e) + sum_j v_j sqrt(w_j) (mu_j(x, e) - m(x, e))
                + l(e) + r(x, e) + o(e)

where mu_j is what past task j expects, m their mean, l what all configurations have in common
beyond that, r what those near each other have, and o what this one training has of its own; l,
r and o have the covariances between rungs that past tasks showed when each was left out
(`Deviations`). So a partial curve moves what is expected of its own end, of its neighbours and
of all that the past tasks it agrees with like. It is freeze-thaw (Swersky et al. 2014) with
learned curves in place of exponential ones. How a value becomes a score (`Scale`), and the
scales of the parts, are averaged over by their evidence; among the hypotheses is one that only
knows how curves go on average.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from advisor.curves.base import CurveModel, Forecast
from advisor.curves.past import PastCurves
from advisor.curves.rungs import LAST
from advisor.curves.scale import Scale

DOUBT = 0.25
"""Variance of c: how far the past as a whole may be off."""
BASIS = (0.1, 0.4, 1.0)
SHARED = (0.2, 1.0)
OWN = (0.6, 1.2)
"""Standard deviations of v_j; variances of r and o in units of what past tasks showed."""
NOISE = 1e-3
"""Variance of what is not explained at all."""
UNIT_STEP = 0.25
"""Units that are compared are so far apart, as logarithms."""
IGNORED_SHARE = 0.02
"""Hypotheses less likely than this are left out."""
MOST = 5
"""Hypotheses that are kept at most."""
RUNGS_KEPT = 3
"""Rungs of each training that are looked at, its last ones: earlier ones add next to nothing."""


@dataclass(frozen=True)
class _Hypothesis:
    past: float
    basis: float
    shared: float
    own: float
    prior: float


@dataclass(frozen=True)
class _Solved:
    hypothesis: _Hypothesis
    scale: Scale
    weight: float
    inverse: np.ndarray
    offset: float
    coefficients: np.ndarray
    ones: np.ndarray


class CurveGP(CurveModel):
    """Conditions the curves of past tasks on the partial curves of a new one."""

    def __init__(
        self,
        past: PastCurves,
        inputs: np.ndarray,
        values: np.ndarray,
        trust: float | None = None,
    ) -> None:
        """Condition on what was seen.

        Args:
            past: curves of past tasks.
            inputs: encoded configurations of k trainings, shape (k, d).
            values: best so far of each at every rung, larger is better, NaN where it is not yet,
                shape (k, rungs); at least one is there.
            trust: probability that the past says something; default that of `past`.
        """
        self._past = past
        self._trust = past.trust if trust is None else trust
        self._inputs = inputs
        self._rows, self._rungs = _last_rungs(values)
        self._values = values[self._rows, self._rungs]
        expected = past.expect(inputs)
        self._seen = expected[:, self._rows, self._rungs]
        self._kernel = past.kernel(inputs, inputs)[np.ix_(self._rows, self._rows)]

    @property
    def unit(self) -> float:
        """The expected way from the median finished training to the best, in the metric's unit."""
        return float(sum(solved.weight * solved.scale.unit for solved in self._solved))

    def forecasts(
        self, inputs: np.ndarray, trials: np.ndarray, rungs: Sequence[int]
    ) -> list[Forecast]:
        """Return what is expected under every hypothesis; see `CurveModel`."""
        expected = self._past.expect(inputs, rungs=rungs)
        return self.forecasts_given(inputs, expected, trials, rungs)

    def forecasts_given(
        self,
        inputs: np.ndarray,
        expected: np.ndarray,
        trials: np.ndarray,
        rungs: Sequence[int],
        most: int = MOST,
    ) -> list[Forecast]:
        """Return the same where it is known what past tasks expect at the rungs, (t, m, r).

        Args:
            inputs, trials, rungs: as for `forecasts`.
            expected: what past tasks expect of the configurations at the rungs.
            most: how many hypotheses are looked at, the likeliest; weights are as they were.
        """
        kernel = self._past.kernel(self._inputs, inputs)[self._rows]
        same = self._rows[:, None] == trials
        wider = self._past.widening[_rungs_seen(same, self._rungs)] ** 2
        found: dict[_Hypothesis, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
        forecasts = []
        for solved in self._solved[:most]:
            h = solved.hypothesis
            if h not in found:
                cross, mean, covariance = self._parts(solved, kernel, same, expected, list(rungs))
                found[h] = cross, mean, covariance * wider[:, None, None]
            cross, mean, covariance = found[h]
            mean = solved.offset + mean + (solved.coefficients @ solved.inverse) @ cross
            forecasts.append(Forecast(solved.weight, solved.scale, mean.T, covariance))
        return forecasts

    def _parts(
        self,
        solved: _Solved,
        kernel: np.ndarray,
        same: np.ndarray,
        expected: np.ndarray,
        rungs: list[int],
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return cross-covariances (r, n, m), prior means (r, m) and covariances (m, r, r)."""
        h, past = solved.hypothesis, self._past
        mean, basis = self._split(h, expected, rungs)
        seen_mean, seen_basis = self._split(h, self._seen, self._rungs)
        level, own, shared = past.deviations.level, past.deviations.own, self._shared(h)
        cross = np.empty((len(rungs), len(self._rows), kernel.shape[1]))
        reduced, unknown = np.empty_like(cross), np.empty((len(rungs), kernel.shape[1]))
        for place, rung in enumerate(rungs):
            cross[place] = (
                h.past * DOUBT * np.outer(seen_mean, mean[:, place])
                + h.basis**2 * seen_basis.T @ basis[:, :, place]
                + level[self._rungs, rung][:, None]
                + h.shared * shared[self._rungs, rung][:, None] * kernel
                + h.own * own[self._rungs, rung][:, None] * same
            )
            reduced[place] = solved.inverse @ cross[place]
            unknown[place] = 1 - (solved.ones @ solved.inverse) @ cross[place]
        at = np.ix_(rungs, rungs)
        covariance = (
            h.past * DOUBT * np.einsum("mi,mj->mij", mean, mean)
            + h.basis**2 * np.einsum("tmi,tmj->mij", basis, basis)
            + level[at]
            + h.shared * shared[at]
            + h.own * own[at]
            - np.einsum("inm,jnm->mij", reduced, reduced)
            + np.einsum("im,jm->mij", unknown, unknown) / (solved.ones @ solved.ones)
        )
        return cross, mean.T, covariance

    def _shared(self, h: _Hypothesis) -> np.ndarray:
        deviations = self._past.deviations
        return deviations.shared if h.past else deviations.plain

    def _split(
        self, h: _Hypothesis, expected: np.ndarray, rungs: Sequence[int] | np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean of what tasks expect, and the basis: each one's way from it.

        Args:
            h: without a past, the mean is that of all curves, and there is no basis.
            expected: shape (t, n) or (t, m, r).
            rungs: of the last axis.
        """
        weights = self._past.weights
        if not h.past:
            typical = (weights @ self._past.offsets)[np.asarray(rungs)]
            return np.broadcast_to(typical, expected.shape[1:]), np.zeros_like(expected)
        mean = np.tensordot(weights, expected, 1)
        roots = np.sqrt(weights).reshape(-1, *[1] * (expected.ndim - 1))
        return mean, roots * (expected - mean)

    def _covariance(self, h: _Hypothesis) -> tuple[np.ndarray, np.ndarray]:
        """Return the covariance of what was seen, with noise, and its mean."""
        mean, basis = self._split(h, self._seen, self._rungs)
        at = np.ix_(self._rungs, self._rungs)
        same = self._rows[:, None] == self._rows
        covariance = (
            h.past * DOUBT * np.outer(mean, mean)
            + h.basis**2 * basis.T @ basis
            + self._past.deviations.level[at]
            + h.shared * self._shared(h)[at] * self._kernel
            + h.own * self._past.deviations.own[at] * same
        )
        covariance[np.diag_indices(len(covariance))] += NOISE
        return covariance, mean

    @cached_property
    def _solved(self) -> list[_Solved]:
        hypotheses = _hypotheses(self._trust)
        scales = self._scales(hypotheses[len(hypotheses) // 2])
        slopes = [scale.log_slopes(self._values).sum() for scale, _ in scales]
        scores = np.array([scale.scores(self._values) for scale, _ in scales]).T
        found, evidence = [], []
        for h in hypotheses:
            covariance, mean = self._covariance(h)
            factor = np.linalg.cholesky(covariance)
            inverse = np.linalg.inv(factor)
            ones = inverse.sum(1)
            rest = inverse @ (scores - mean[:, None])
            offsets = ones @ rest / (ones @ ones)
            rest = rest - np.outer(ones, offsets)
            constant = np.log(h.prior) - np.log(np.diag(factor)).sum()
            constant -= 0.5 * np.log(ones @ ones)
            for place, (scale, prior) in enumerate(scales):
                column = rest[:, place]
                evidence.append(constant + prior + slopes[place] - 0.5 * column @ column)
                found.append(_Solved(h, scale, 0.0, inverse, offsets[place], column, ones))
        return _likeliest(found, np.array(evidence))

    def _scales(self, h: _Hypothesis) -> list[tuple[Scale, float]]:
        """Return scales that may hold, each with the logarithm of its prior.

        The middle of each is where the constant A vanishes under a typical hypothesis.
        """
        covariance, mean = self._covariance(h)
        inverse = np.linalg.inv(np.linalg.cholesky(covariance))
        ones = inverse.sum(1)
        centre, spread = self._past.unit_prior
        found, evidence = [], []
        for unit in self._units():
            scale = Scale(float(np.median(self._values)), unit)
            with np.errstate(over="ignore", invalid="ignore"):
                for _ in range(6):
                    rest = inverse @ (scale.scores(self._values) - mean)
                    offset = float(ones @ rest / (ones @ ones))
                    scale = Scale(float(scale.values(np.array(offset))), unit)
            if not np.isfinite(scale.middle):  # A unit that is far too small runs away.
                continue
            rest = rest - ones * offset
            # Tails as of Student's t: past units may be those of another metric.
            prior = -2.5 * np.log1p((np.log(unit) - centre) ** 2 / (4 * spread**2))
            found.append((scale, float(prior)))
            evidence.append(prior + scale.log_slopes(self._values).sum() - 0.5 * rest @ rest)
        best = np.argsort(evidence)[::-1][:7]
        return [found[i] for i in best if evidence[i] > max(evidence) - 5]

    def _units(self) -> np.ndarray:
        centre, spread = self._past.unit_prior
        low, high = centre - 2 * spread, centre + 2 * spread
        seen = float(self._values.std())
        if seen > 0:
            low, high = min(low, np.log(seen) - 1.5), max(high, np.log(seen) + 2.5)
        units: np.ndarray = np.exp(np.arange(low, high + UNIT_STEP, UNIT_STEP))
        return units


def _hypotheses(trust: float) -> list[_Hypothesis]:
    """Return the hypotheses with their prior probabilities; the middle one is typical."""
    count = len(BASIS) * len(SHARED) * len(OWN)
    plain = [_Hypothesis(0.0, 0.0, 1.0, own, (1 - trust) / len(OWN)) for own in OWN]
    informed = [
        _Hypothesis(1.0, basis, shared, own, trust / count)
        for basis in BASIS
        for shared in SHARED
        for own in OWN
    ]
    return [h for h in (*informed, *plain) if h.prior > 0]


def _likeliest(found: Sequence[_Solved], evidence: np.ndarray) -> list[_Solved]:
    from dataclasses import replace

    share = np.exp(evidence - evidence.max())
    share /= share.sum()
    kept = [i for i in np.argsort(-share, kind="stable")[:MOST] if share[i] > IGNORED_SHARE]
    kept = kept or [int(share.argmax())]
    total = share[kept].sum()
    return [replace(found[i], weight=float(share[i] / total)) for i in kept]


def _rungs_seen(same: np.ndarray, rungs: np.ndarray) -> np.ndarray:
    """Return how many rungs each training has behind it, at most all but the last, shape (m,).

    Args:
        same: which value is of which training, boolean, shape (n, m).
        rungs: of the values, shape (n,).
    """
    seen: np.ndarray = np.minimum(np.where(same, rungs[:, None] + 1, 0).max(0), LAST)
    return seen


def _last_rungs(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the trainings and rungs of the values that are looked at, shape (n,) each."""
    there = np.isfinite(values)
    after = there[:, ::-1].cumsum(1)[:, ::-1]
    rows, rungs = np.nonzero(there & (after <= RUNGS_KEPT))
    return rows, rungs
