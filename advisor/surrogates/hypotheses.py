"""The hypotheses that a transfer model averages over, each solved for what was observed.

See `advisor.surrogates.transfer` for the model and its symbols.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

JITTER = 1e-8
"""Variance that is added to the noise, so that matrices can be inverted."""

KNOWN_WITHIN = 0.5
"""Standard deviation of the logarithm of the noise's level, where it is known."""

NEGLIGIBLE = 1e-6
"""Level of noise, as a share of the spread of all values, up to which it is rounding."""

ALIKE = 0.05
"""Levels of noise, as shares of the spread of all values, below which they are alike."""


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
class Expected:
    """What past tasks expect of n points.

    Attributes:
        mean: m, shape (n,).
        basis: the weighted deviations of the t tasks from it, shape (t, n).
    """

    mean: np.ndarray
    basis: np.ndarray

    @classmethod
    def of(cls, past: np.ndarray, weights: np.ndarray) -> "Expected":
        """Split scores that past tasks expect, shape (t, n), by weights of shape (t,)."""
        mean = weights @ past
        return cls(mean, np.sqrt(weights)[:, None] * (past - mean))


@dataclass(frozen=True)
class Observed:
    """The trials that a model is conditioned on.

    Attributes:
        inputs: configurations, shape (n, d).
        offset, spread: mean and standard deviation of the performance.
        values: the performance, standardised, shape (n,).
        expected: what past tasks expect of the configurations.
        noise: the level of the noise that is known, its median standard deviation in the unit
            of the values; 0 where none is known.
        unevenness: standard deviation of each value's noise over that level, shape (n,). Half of
            the variance is taken to be alike for all: what no model explains, luck or not.
    """

    inputs: np.ndarray
    offset: float
    spread: float
    values: np.ndarray
    expected: Expected
    noise: float = 0.0
    unevenness: np.ndarray | None = None

    @classmethod
    def of(
        cls,
        inputs: np.ndarray,
        values: np.ndarray,
        expected: Expected,
        noise: np.ndarray | None = None,
    ) -> "Observed":
        """Standardise performances, shape (n,), and standard deviations of their noise."""
        spread = max(float(values.std()), 1e-12) if len(values) > 1 else 1.0
        offset = float(values.mean())
        level = 0.0 if noise is None else float(np.median(noise))
        unevenness = None
        if noise is not None and level > NEGLIGIBLE * spread:
            unevenness = np.sqrt((1 + (noise / level) ** 2) / 2)
        return cls(
            inputs,
            offset,
            spread,
            (values - offset) / spread,
            expected,
            level / spread,
            unevenness,
        )

    def variances(self, hypothesis: Hypothesis) -> np.ndarray:
        """Return the variance of every value's noise in the hypothesis's unit, shape (n,)."""
        uneven = np.ones(len(self.values)) if self.unevenness is None else self.unevenness
        variances: np.ndarray = hypothesis.noise**2 * uneven**2 + JITTER
        return variances

    def agreement(self, implied: float) -> float:
        """Return the log likelihood of a level of noise, given the one that is known.

        Levels that hardly move any value are alike. The level is known to within a factor: it
        is estimated, and what no model explains adds to it.

        Args:
            implied: the level that a hypothesis says, in the unit of the values.
        """
        if self.unevenness is None:
            return 0.0
        ratio = np.log((implied + ALIKE) / (self.noise + ALIKE))
        return float(-0.5 * (ratio / KNOWN_WITHIN) ** 2)


@dataclass(frozen=True)
class Solved:
    """A hypothesis solved for the observations; B, A and their uncertainty included."""

    hypothesis: Hypothesis
    evidence: float
    factor: np.ndarray
    coefficients: np.ndarray
    ones: np.ndarray
    offset: float
    scale: float
    values: np.ndarray
    variances: np.ndarray

    @cached_property
    def best(self) -> float:
        """The best expected performance among the observed, in the model's unit."""
        weights = np.linalg.solve(self.factor.T, self.coefficients)
        return float((self.values / self.scale - self.variances * weights).max()) * self.scale


def solve(observed: Observed, hypothesis: Hypothesis, covariance: np.ndarray) -> Solved:
    """Return a hypothesis with its evidence; `covariance` is without noise, shape (n, n)."""
    n = len(observed.values)
    noisy = covariance.copy()
    variances = observed.variances(hypothesis)
    noisy[np.diag_indices(n)] += variances
    factor = np.linalg.cholesky(noisy)
    past = hypothesis.past * observed.expected.mean
    stacked = np.column_stack([observed.values, past, np.ones(n)])
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
        + observed.agreement(hypothesis.noise / u)
    )
    offset = ones @ (u * values - mean) / precision
    coefficients = u * values - mean - ones * offset
    return Solved(
        hypothesis,
        float(evidence),
        factor,
        coefficients,
        ones,
        offset,
        1 / u,
        observed.values,
        variances,
    )
