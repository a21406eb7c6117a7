"""The target's surrogate: past tasks as a prior mean and as basis functions, plus a residual.

The performance of a configuration x on the new task is modelled as

    f(x) = A + B ((1 + c) m(x) + sum_j v_j sqrt(w_j) (mu_j(x) - m(x)) + r(x)),

where mu_j is the posterior mean of past task j, w_j its weight, m = sum_j w_j mu_j, c and v_j
are normal and r is a Gaussian process for what no past task explains. It is an empirical
Bayes reading of a pre-trained Gaussian process (Wang et al. 2021) with past tasks as basis
functions (Perrone et al. 2018; Tighineanu et al. 2024). c lets trials refute the past as a
whole, even its sign. A and B have no prior worth the name: A is integrated out, B maximised.
The remaining scales are averaged over by their marginal likelihood, together with a plain
Gaussian process that knows nothing of the past: evidence decides between them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from advisor.surrogates.hypotheses import Expected, Hypothesis, Observed, Solved, solve
from advisor.surrogates.kernels import matern52
from advisor.surrogates.lengthscales import default_lengthscales, learn_lengthscales


@dataclass(frozen=True)
class Scales:
    """How far the new task may be from what past tasks say.

    Attributes:
        past: variance of c.
        basis, residual: standard deviations of v_j and of r that may hold, in units of the
            spread of the past tasks' scores.
    """

    past: float = 0.25
    basis: tuple[float, ...] = (0.1, 0.4, 1.0)
    residual: tuple[float, ...] = (0.1, 0.3, 0.8)


SCALES = Scales()

NOISES = {1e-3: 0.6, 0.1: 0.3, 0.4: 0.1}
"""Standard deviation of the noise, in the same units, and its prior probability."""

KNOWN_NOISES = dict.fromkeys((0.001, 0.1, 0.2, 0.4, 0.8, 1.6), 1 / 6)
"""The same where the noise is known: what is known is compared with what each would mean."""

MIN_FOR_LENGTHSCALES = 8
"""Trials from which lengthscales are learned; fewer say nothing about them."""
LENGTHSCALE_SPREAD = 0.7
"""Standard deviation of the prior on their logarithms."""
PLAIN_FLOOR = 0.05
"""Least share of the hypotheses without a past in predictions, however little they explain."""

IGNORED_SHARE = 0.02
"""Hypotheses less likely than this are left out of predictions."""


def possible_lengthscales(
    inputs: np.ndarray, values: np.ndarray, expected: np.ndarray
) -> list[np.ndarray]:
    """Return lengthscales that may hold: what is expected, and what the trials say if enough.

    Args:
        inputs: observed configurations, shape (n, d).
        values: their performance in any unit, shape (n,).
        expected: shape (d,).
    """
    if len(values) < MIN_FOR_LENGTHSCALES:
        return [expected, expected * 0.4]
    return [expected, learn_lengthscales([inputs], [values], expected, LENGTHSCALE_SPREAD)]


@dataclass(frozen=True)
class Posterior:
    """Mean and variance at the candidates under one hypothesis.

    Attributes:
        weight: probability of the hypothesis.
        mean, variance: at the candidates, without noise, shape (m,).
        best: the best expected performance among observed configurations.
    """

    weight: float
    mean: np.ndarray
    variance: np.ndarray
    best: float


class TransferGP:
    """Posterior of the new task's performance, averaged over hypotheses.

    Larger is better.
    """

    def __init__(
        self,
        inputs: np.ndarray,
        values: np.ndarray,
        past: np.ndarray | None = None,
        weights: np.ndarray | None = None,
        plain: Sequence[np.ndarray] = (),
        informed: Sequence[np.ndarray] = (),
        trust: float = 0.9,
        scales: Scales = SCALES,
        noise: np.ndarray | None = None,
    ) -> None:
        """Condition on what was observed.

        Args:
            inputs: observed configurations, shape (n, d), n >= 1.
            values: their performance, finite, larger is better, shape (n,).
            past: scores that past tasks expect for them, shape (t, n); default no tasks.
            weights: how much each past task counts, summing to 1, shape (t,).
            plain: lengthscales that may hold without a past, each of shape (d,); default
                `possible_lengthscales`.
            informed: lengthscales that the residual may have; needed with past tasks.
            trust: prior probability that the past says something, in [0, 1).
            scales: how far the new task may be from the past.
            noise: standard deviation of each value, in its unit, shape (n,); None where it is
                not known.
        """
        self.scales: Scales = scales
        self._weights: np.ndarray = np.zeros(0) if weights is None else weights
        self._trust: float = trust if len(self._weights) else 0.0
        past = np.zeros((0, len(values))) if past is None else past
        self._observed: Observed = Observed.of(
            inputs, values, Expected.of(past, self._weights), noise
        )
        self._lengthscales: list[np.ndarray] = []
        default = default_lengthscales(inputs.shape[1])
        self._plain: range = self._add_lengthscales(
            plain or possible_lengthscales(inputs, self._observed.values, default)
        )
        self._informed: range = self._add_lengthscales(informed)

    def _add_lengthscales(self, given: Sequence[np.ndarray]) -> range:
        """Add what may hold; return the places."""
        self._lengthscales += given
        return range(len(self._lengthscales) - len(given), len(self._lengthscales))

    @cached_property
    def _hypotheses(self) -> list[Hypothesis]:
        grid = [
            (place, 0.0, 0.0, 1.0, (1 - self._trust) / len(self._plain)) for place in self._plain
        ]
        count = len(self._informed) * len(self.scales.basis) * len(self.scales.residual)
        grid += [
            (place, 1.0, basis, residual, self._trust / count)
            for place in self._informed
            for basis in self.scales.basis
            for residual in self.scales.residual
        ]
        noises = NOISES if self._observed.unevenness is None else KNOWN_NOISES
        return [
            Hypothesis(place, past, basis, residual, noise, share * prior)
            for place, past, basis, residual, share in grid
            for noise, prior in noises.items()
            if share > 0
        ]

    def posteriors(self, inputs: np.ndarray, past: np.ndarray) -> list[Posterior]:
        """Return the posterior at candidates under every hypothesis that counts.

        Args:
            inputs: candidates, shape (m, d).
            past: scores that past tasks expect for them, shape (t, m).
        """
        expected = Expected.of(past, self._weights)
        everywhere = _Fit(self._observed, self._lengthscales, inputs, expected, self.scales.past)
        return [everywhere.posterior(solved, share) for solved, share in self._weighted]

    @cached_property
    def _weighted(self) -> list[tuple["Solved", float]]:
        inputs, expected = self._observed.inputs, self._observed.expected
        kernels = [matern52(inputs, inputs, ell) for ell in self._lengthscales]
        past = self.scales.past * np.outer(expected.mean, expected.mean)
        basis = expected.basis.T @ expected.basis
        solved = [
            solve(self._observed, h, past * h.past + h.basis**2 * basis
                   + h.residual**2 * kernels[h.lengthscales])
            for h in self._hypotheses
        ]  # fmt: skip
        evidence = np.array([s.evidence + np.log(s.hypothesis.prior) for s in solved])
        share = _shared(evidence, np.array([bool(s.hypothesis.past) for s in solved]))
        kept = [(s, w) for s, w in zip(solved, share, strict=True) if w > 0]
        total = sum(w for _, w in kept)
        return [(s, w / total) for s, w in kept]


def _shared(evidence: np.ndarray, informed: np.ndarray) -> np.ndarray:
    """Return the probabilities of hypotheses, unlikely ones zero, shape (h,).

    Those that know nothing of the past together keep `PLAIN_FLOOR`: where a misleading past
    has led all trials to one bad region, it explains them well, and only hypotheses without it
    look elsewhere.

    Args:
        evidence: log marginal likelihood plus log prior, shape (h,).
        informed: which of them use the past, boolean, shape (h,).
    """
    share = np.exp(evidence - evidence.max())
    share /= share.sum()
    plain = share[~informed].sum()
    if informed.any() and plain < PLAIN_FLOOR:
        alone = np.exp(evidence[~informed] - evidence[~informed].max())
        share[~informed] = PLAIN_FLOOR * alone / alone.sum()
        share[informed] *= (1 - PLAIN_FLOOR) / (1 - plain)
    least = np.where(informed, IGNORED_SHARE, IGNORED_SHARE * PLAIN_FLOOR)
    return np.where(share >= np.minimum(least, share.max()), share, 0.0)


def mean_of(posteriors: Sequence[Posterior]) -> np.ndarray:
    """Return the mean at the candidates, averaged over hypotheses, shape (m,)."""
    mean: np.ndarray = np.sum([p.weight * p.mean for p in posteriors], axis=0)
    return mean


class _Fit:
    """Cross-covariances of candidates, computed once for all hypotheses."""

    def __init__(
        self,
        observed: Observed,
        lengthscales: Sequence[np.ndarray],
        inputs: np.ndarray,
        expected: Expected,
        scale_of_past: float,
    ) -> None:
        """Take what was observed, lengthscales by their places, and candidates, shape (m, d)."""
        self._observed: Observed = observed
        self._lengthscales: Sequence[np.ndarray] = lengthscales
        self._inputs: np.ndarray = inputs
        self._mean: np.ndarray = expected.mean
        self._past: np.ndarray = scale_of_past * np.outer(observed.expected.mean, expected.mean)
        self._basis: np.ndarray = observed.expected.basis.T @ expected.basis
        self._past_variance: np.ndarray = scale_of_past * expected.mean**2
        self._basis_variance: np.ndarray = (expected.basis**2).sum(0)
        self._kernels: dict[int, np.ndarray] = {}

    def posterior(self, solved: Solved, share: float) -> Posterior:
        """Return mean and variance at the candidates under one hypothesis."""
        h = solved.hypothesis
        cross = h.residual**2 * self._kernel(h.lengthscales)
        prior = np.full(len(self._mean), h.residual**2)
        if h.past:
            cross = cross + self._past + h.basis**2 * self._basis
            prior = prior + self._past_variance + h.basis**2 * self._basis_variance
        inverse = np.linalg.inv(solved.factor)
        # Single precision will do for the variance, and halves most of the work of a suggestion.
        reduced = inverse.astype(np.float32) @ cross.astype(np.float32)
        mean = solved.offset + h.past * self._mean + (solved.coefficients @ inverse) @ cross
        variance = prior - np.einsum("ij,ij->j", reduced, reduced)
        # Where A is uncertain, so is f.
        unknown = 1 - (solved.ones @ inverse) @ cross
        variance += unknown**2 / (solved.ones @ solved.ones)
        offset, spread = self._observed.offset, self._observed.spread
        scale = solved.scale * spread
        return Posterior(
            share,
            offset + scale * mean,
            np.maximum(variance, 1e-8) * scale**2,
            offset + solved.best * spread,
        )

    def _kernel(self, place: int) -> np.ndarray:
        if place not in self._kernels:
            lengthscales = self._lengthscales[place]
            self._kernels[place] = matern52(self._observed.inputs, self._inputs, lengthscales)
        return self._kernels[place]
