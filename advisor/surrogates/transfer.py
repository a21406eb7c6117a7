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

MIN_FOR_LENGTHSCALES = 8
LENGTHSCALE_SPREAD = 0.7
PLAIN_FLOOR = 0.05
"""Least share of the hypotheses without a past in predictions, however little they explain."""

JITTER = 1e-8
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
class Hypothesis:
    """One setting of the scales; `past` is the coefficient of m that is expected (0 or 1)."""

    lengthscales: int
    past: float
    basis: float
    residual: float
    noise: float
    prior: float


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
    ) -> None:
        """Condition on what was observed.

        Args:
            inputs: observed configurations, shape (n, d), n >= 1.
            values: their performance, finite, larger is better, shape (n,).
            past: scores that past tasks expect for them, shape (t, n); default no tasks.
            weights: of the past tasks, summing to 1, shape (t,).
            plain: lengthscales that may hold without a past, each of shape (d,); default
                `possible_lengthscales`.
            informed: lengthscales that the residual may have; needed with past tasks.
            trust: prior probability that the past says something, in [0, 1).
            scales: how far the new task may be from the past.
        """
        self._inputs = inputs
        self.scales = scales
        self._weights = np.zeros(0) if weights is None else weights
        self._trust = trust if len(self._weights) else 0.0
        self._spread = max(float(values.std()), 1e-12) if len(values) > 1 else 1.0
        self._offset = float(values.mean())
        self._values = (values - self._offset) / self._spread
        self._lengthscales: list[np.ndarray] = []
        expected = default_lengthscales(inputs.shape[1])
        self._plain = self._add_lengthscales(
            plain or possible_lengthscales(inputs, self._values, expected)
        )
        self._informed = self._add_lengthscales(informed)
        self._mean, self._basis = self._split(np.zeros((0, len(values))) if past is None else past)

    def _add_lengthscales(self, given: Sequence[np.ndarray]) -> range:
        """Add what may hold; return the places."""
        self._lengthscales += given
        return range(len(self._lengthscales) - len(given), len(self._lengthscales))

    def _split(self, past: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return m, shape (n,), and the weighted deviations from it, shape (t, n)."""
        mean = self._weights @ past
        return mean, np.sqrt(self._weights)[:, None] * (past - mean)

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
        return [
            Hypothesis(place, past, basis, residual, noise, share * prior)
            for place, past, basis, residual, share in grid
            for noise, prior in NOISES.items()
            if share > 0
        ]

    def posteriors(self, inputs: np.ndarray, past: np.ndarray) -> list[Posterior]:
        """Return the posterior at candidates under every hypothesis that counts.

        Args:
            inputs: candidates, shape (m, d).
            past: scores that past tasks expect for them, shape (t, m).
        """
        mean, basis = self._split(past)
        everywhere = _Fit(self, inputs, mean, basis)
        return [everywhere.posterior(solved, share) for solved, share in self._weighted]

    @cached_property
    def _weighted(self) -> list[tuple["_Solved", float]]:
        kernels = [matern52(self._inputs, self._inputs, ell) for ell in self._lengthscales]
        past = self.scales.past * np.outer(self._mean, self._mean)
        basis = self._basis.T @ self._basis
        solved = [
            _solve(self, h, past * h.past + h.basis**2 * basis
                   + h.residual**2 * kernels[h.lengthscales])
            for h in self._hypotheses
        ]  # fmt: skip
        evidence = np.array([s.evidence + np.log(s.hypothesis.prior) for s in solved])
        share = _shared(evidence, np.array([bool(s.hypothesis.past) for s in solved]))
        kept = [(s, w) for s, w in zip(solved, share, strict=True) if w > 0]
        total = sum(w for _, w in kept)
        return [(s, w / total) for s, w in kept]

    @property
    def evidence_of_past(self) -> float:
        """Posterior probability that the past says something, in [0, 1]."""
        return float(sum(share for solved, share in self._weighted if solved.hypothesis.past))


def _shared(evidence: np.ndarray, informed: np.ndarray) -> np.ndarray:
    """Return the probabilities of hypotheses, unlikely ones zero, shape (h,).

    Those that know nothing of the past together keep `PLAIN_FLOOR`: where a misleading past
    has led all trials to one bad region, it explains them well, and only who does not believe
    it looks elsewhere.

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


@dataclass(frozen=True)
class _Solved:
    """A hypothesis solved for the observations; B, A and their uncertainty included."""

    hypothesis: Hypothesis
    evidence: float
    factor: np.ndarray
    coefficients: np.ndarray
    ones: np.ndarray
    offset: float
    scale: float
    values: np.ndarray

    @cached_property
    def best(self) -> float:
        """The best expected performance among the observed, in the model's unit."""
        weights = np.linalg.solve(self.factor.T, self.coefficients)
        noise = self.hypothesis.noise**2 + JITTER
        return float((self.values / self.scale - noise * weights).max()) * self.scale


def _solve(model: TransferGP, hypothesis: Hypothesis, covariance: np.ndarray) -> _Solved:
    n = len(model._values)
    noisy = covariance.copy()
    noisy[np.diag_indices(n)] += hypothesis.noise**2 + JITTER
    factor = np.linalg.cholesky(noisy)
    stacked = np.column_stack([model._values, hypothesis.past * model._mean, np.ones(n)])
    values, mean, ones = np.linalg.solve(factor, stacked).T
    # A is integrated out: project the constant away.
    precision = ones @ ones
    free_values = values - ones * (ones @ values) / precision
    free_mean = mean - ones * (ones @ mean) / precision
    # B maximises its likelihood; with u = 1 / B that is a quadratic equation.
    a, b = free_values @ free_values + 1e-4, free_values @ free_mean
    degrees = max(n - 1, 1)
    u = (b + np.sqrt(b * b + 4 * a * degrees)) / (2 * a)
    rest = u * free_values - free_mean
    evidence = (
        -0.5 * rest @ rest
        + degrees * np.log(u)
        - np.log(np.diag(factor)).sum()
        - 0.5 * np.log(precision)
    )
    offset = ones @ (u * values - mean) / precision
    coefficients = u * values - mean - ones * offset
    return _Solved(
        hypothesis,
        float(evidence),
        factor,
        coefficients,
        ones,
        offset,
        1 / u,
        model._values,
    )


class _Fit:
    """Cross-covariances of candidates, computed once for all hypotheses."""

    def __init__(
        self, model: TransferGP, inputs: np.ndarray, mean: np.ndarray, basis: np.ndarray
    ) -> None:
        self._model, self._inputs, self._mean = model, inputs, mean
        self._past = model.scales.past * np.outer(model._mean, mean)
        self._basis = model._basis.T @ basis
        self._past_variance = model.scales.past * mean**2
        self._basis_variance = (basis**2).sum(0)
        self._kernels: dict[int, np.ndarray] = {}

    def posterior(self, solved: _Solved, share: float) -> Posterior:
        """Return mean and variance at the candidates under one hypothesis."""
        h = solved.hypothesis
        cross = h.residual**2 * self._kernel(h.lengthscales)
        prior = np.full(len(self._mean), h.residual**2)
        if h.past:
            cross = cross + self._past + h.basis**2 * self._basis
            prior = prior + self._past_variance + h.basis**2 * self._basis_variance
        inverse = np.linalg.inv(solved.factor)
        # Single precision will do for the variance, and halves most of an ask.
        reduced = inverse.astype(np.float32) @ cross.astype(np.float32)
        mean = solved.offset + h.past * self._mean + (solved.coefficients @ inverse) @ cross
        variance = prior - np.einsum("ij,ij->j", reduced, reduced)
        # What is not known of A is not known of f.
        unknown = 1 - (solved.ones @ inverse) @ cross
        variance += unknown**2 / (solved.ones @ solved.ones)
        model = self._model
        scale = solved.scale * model._spread
        return Posterior(
            share,
            model._offset + scale * mean,
            np.maximum(variance, 1e-8) * scale**2,
            model._offset + solved.best * model._spread,
        )

    def _kernel(self, place: int) -> np.ndarray:
        if place not in self._kernels:
            lengthscales = self._model._lengthscales[place]
            self._kernels[place] = matern52(self._model._inputs, self._inputs, lengthscales)
        return self._kernels[place]
