"""Shape, spread and correlation of the numeric features, and of a numeric target."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from advisor.metafeatures.base import MetafeatureGroup
from advisor.metafeatures.table_view import TableView

STRONG = 0.5
"""From this absolute correlation on, a pair of features counts as strongly correlated."""
VARIANCE_KEPT = 0.95
WHISKER = 1.5
"""Tukey's fences: values further than this many interquartile ranges out are outliers."""


class Statistical(MetafeatureGroup[TableView]):
    """Statistics of the numeric features (Rivolli et al. 2022, "statistical").

    Constant columns are left out. Missing values are left out of moments and quantiles and
    stand at the mean in correlations. Moments enter as logarithms: their range over data
    sets is far too wide for distances otherwise.
    """

    name = "statistical"
    descriptions: ClassVar[Mapping[str, str]] = {
        "log_skewness_mean": "log(1 + mean absolute skewness)",
        "log_kurtosis_q25": "first quartile over features of log(excess kurtosis + 3)",
        "log_kurtosis_median": "median over features of log(excess kurtosis + 3)",
        "log_kurtosis_q75": "third quartile over features of log(excess kurtosis + 3)",
        "correlation_mean": "mean absolute correlation of two features (mean cor)",
        "correlation_max": "largest absolute correlation of two features (max cor)",
        "strong_correlation_share": "share of pairs of features with absolute correlation of at "
        "least 0.5 (nr_cor_attr)",
        "outlier_share": "mean share of values beyond 1.5 interquartile ranges from the quartiles",
        "zero_share": "share of zeros among numeric values (depends on the origin of units)",
        "log_scale_spread": "standard deviation over features of log10 of their standard "
        "deviation (depends on units)",
        "distinct_share": "mean over features of distinct values / rows in the sample",
        "pca_share": "principal components for 95 % of the variance / features (t4 of Lorena "
        "et al. 2019, standardised features)",
        "first_component_share": "share of variance on the first principal component "
        "(Bardenet et al. 2013)",
        "effective_dimension_share": "participation ratio of the variances of the principal "
        "components / features",
        "target_skewness": "sign(s) log(1 + abs(s)) of the skewness s of the target; regression",
        "target_log_kurtosis": "log(excess kurtosis + 3) of the target; regression",
        "target_outlier_share": "share of target values beyond 1.5 interquartile ranges from the "
        "quartiles; regression",
    }

    def values(self, view: TableView) -> Mapping[str, float]:
        """Return the statistics; those of features need one that is not constant."""
        found = {} if view.numbers is None else _target(view.numbers)
        varied = (np.abs(view.numeric) > 0).any(1)  # constant columns stand at zero in a view
        if not varied.any():
            return found
        columns = view.numeric[varied]
        scores, deviation = standardise(columns)
        correlation = scores @ scores.T / scores.shape[1]
        return {
            **found,
            **_shape(columns, scores),
            **_correlation(correlation),
            **_components(correlation),
            "zero_share": view.zero_share[varied].mean(),
            "log_scale_spread": (np.log10(deviation) + view.log_scale[varied]).std(),
        }


def _shape(columns: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    known = np.isfinite(columns).sum(1)
    skewness, kurtosis = moments(scores, known)
    logs = np.log(kurtosis)
    ordered = np.sort(columns, axis=1)  # NaN comes last
    return {
        "log_skewness_mean": np.log1p(np.abs(skewness).mean()),
        "log_kurtosis_q25": np.quantile(logs, 0.25),
        "log_kurtosis_median": np.median(logs),
        "log_kurtosis_q75": np.quantile(logs, 0.75),
        "outlier_share": np.mean(
            [outlier_share(row[:count]) for row, count in zip(ordered, known, strict=True)]
        ),
        "distinct_share": np.mean((1 + (np.diff(ordered, axis=1) > 0).sum(1)) / columns.shape[1]),
    }


def _correlation(correlation: np.ndarray) -> dict[str, float]:
    pairs = np.abs(correlation[np.tril_indices(len(correlation), -1)])
    if not len(pairs):
        return {}
    return {
        "correlation_mean": pairs.mean(),
        "correlation_max": pairs.max(),
        "strong_correlation_share": (pairs >= STRONG).mean(),
    }


def _components(correlation: np.ndarray) -> dict[str, float]:
    variances = np.maximum(np.linalg.eigvalsh(correlation)[::-1], 0)
    shares = variances / variances.sum()
    # A rounding error is allowed for, so that k equal components never become k + 1.
    needed = int((np.cumsum(shares) < VARIANCE_KEPT - 1e-9).sum()) + 1
    return {
        "pca_share": needed / len(shares),
        "first_component_share": shares[0],
        "effective_dimension_share": 1 / (shares**2).sum() / len(shares),
    }


def _target(numbers: np.ndarray) -> dict[str, float]:
    if not (np.abs(numbers) > 0).any():
        return {}
    scores, _ = standardise(numbers[None, :])
    (skewness,), (kurtosis,) = moments(scores, np.array([len(numbers)]))
    return {
        "target_skewness": np.sign(skewness) * np.log1p(np.abs(skewness)),
        "target_log_kurtosis": np.log(kurtosis),
        "target_outlier_share": outlier_share(np.sort(numbers)),
    }


def standardise(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return z-scores with missing values at the mean, shape (p, n), and deviations (p,).

    Args:
        columns: not constant, NaN where missing, shape (p, n).
    """
    known = np.isfinite(columns)
    count = known.sum(1, keepdims=True)
    centred = np.where(known, columns, 0.0)
    centred = np.where(known, centred - centred.sum(1, keepdims=True) / count, 0.0)
    deviation = np.sqrt((centred**2).sum(1, keepdims=True) / count)
    return centred / deviation, deviation[:, 0]


def moments(scores: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return skewness and kurtosis (not excess), each of shape (p,).

    Those of Joanes & Gill (1998) with the unbiased variance (b1; b2 + 3), as in R's e1071 and
    pymfe.

    Args:
        scores: z-scores, 0 where missing, shape (p, n).
        known: values that are not missing, shape (p,).
    """
    shrink = 1 - 1 / known
    squares = scores * scores
    skewness = (squares * scores).sum(1) / known * shrink**1.5
    return skewness, (squares * squares).sum(1) / known * shrink**2


def outlier_share(ordered: np.ndarray) -> float:
    """Return the share of sorted values beyond Tukey's fences (1.5 interquartile ranges)."""
    last = len(ordered) - 1
    low, high = np.interp([0.25 * last, 0.75 * last], np.arange(last + 1), ordered)
    fence = WHISKER * (high - low)
    below = np.searchsorted(ordered, low - fence, side="left")
    above = last + 1 - np.searchsorted(ordered, high + fence, side="right")
    return float(below + above) / (last + 1)
