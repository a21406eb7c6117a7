"""Shape, spread and correlation of the numeric features, and of a numeric target."""

from collections.abc import Mapping

import numpy as np

from advisor.metafeatures.base import MetafeatureGroup
from advisor.metafeatures.view import TableView

STRONG = 0.5
"""From this absolute correlation on, a pair of features counts as strongly correlated."""
VARIANCE_KEPT = 0.95
WHISKER = 1.5
"""Tukey's fences: values further than this many interquartile ranges out are outliers."""


class Statistical(MetafeatureGroup):
    """Statistics of the numeric features (Rivolli et al. 2022, "statistical").

    Constant columns are left out. Missing values are left out of moments and quantiles and
    stand at the mean in correlations. Moments enter as logarithms: their range over data
    sets is far too wide for distances otherwise.
    """

    name = "statistical"
    descriptions = {
        "log_skewness_mean": "log(1 + mean absolute skewness)",
        "log_skewness_max": "log(1 + largest absolute skewness)",
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
        "log_pca_per_row": "log of principal components for 95 % of the variance / rows (log t3 "
        "of Lorena et al. 2019)",
        "first_component_share": "share of variance on the first principal component "
        "(Bardenet et al. 2013)",
        "effective_dimension_share": "participation ratio of the variances of the principal "
        "components / features",
        "target_skewness": "sign(s) log(1 + |s|) of the skewness s of the target; regression",
        "target_log_kurtosis": "log(excess kurtosis + 3) of the target; regression",
        "target_outlier_share": "share of target values beyond 1.5 interquartile ranges from the "
        "quartiles; regression",
    }

    def values(self, view: TableView) -> Mapping[str, float]:
        """Return the statistics; those of features need one that is not constant."""
        found = {} if view.numbers is None else _target(view.numbers)
        varied = np.array([np.nanstd(column) > 0 if np.isfinite(column).any() else False
                           for column in view.numeric], dtype=bool)
        if not varied.any():
            return found
        columns = view.numeric[varied]
        scores, deviation = standardise(columns)
        correlation = scores @ scores.T / scores.shape[1]
        return {
            **found,
            **_shape(columns, scores),
            **_correlation(correlation),
            **_components(correlation, view.n_rows),
            "zero_share": view.zero_share[varied].mean(),
            "log_scale_spread": (np.log10(deviation) + view.log_scale[varied]).std(),
        }
