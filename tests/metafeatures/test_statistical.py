import numpy as np
import pytest
from scipy import stats

from advisor.metafeatures import compute
from advisor.metafeatures.groups.statistical import moments, outlier_share, standardise


def statistical(dataset):
    values = compute(dataset)
    return {name.split(".")[1]: value for name, value in values.items() if name[0] == "s"}


def labels(n):
    return np.arange(n) % 2


def test_moments_agree_with_scipy():
    rng = np.random.default_rng(0)
    columns = np.stack([rng.normal(size=300), rng.exponential(size=300)])
    columns[1, :50] = np.nan
    skewness, kurtosis = moments(standardise(columns)[0], np.isfinite(columns).sum(1))
    for row, column in enumerate(columns):
        known = column[np.isfinite(column)]
        shrink = 1 - 1 / len(known)
        assert skewness[row] == pytest.approx(stats.skew(known) * shrink**1.5)
        expected = stats.kurtosis(known, fisher=False) * shrink**2
        assert kurtosis[row] == pytest.approx(expected)


def test_shape_of_known_distributions(table):
    rng = np.random.default_rng(0)
    n = 10_000
    normal = statistical(table({"x": rng.normal(size=n)}, labels(n)))
    heavy = statistical(table({"x": rng.exponential(size=n)}, labels(n)))
    assert normal["log_skewness_mean"] == pytest.approx(0, abs=0.08)
    assert normal["log_kurtosis_median"] == pytest.approx(np.log(3), abs=0.06)
    assert normal["outlier_share"] == pytest.approx(0.007, abs=0.003)
    assert heavy["log_skewness_mean"] == pytest.approx(np.log(1 + 2), abs=0.1)
    assert heavy["outlier_share"] == pytest.approx(0.048, abs=0.01)


def test_outliers_by_hand():
    assert outlier_share(np.array([0.0, 1, 2, 3, 4, 5, 6, 7, 8, 100])) == pytest.approx(0.1)
    assert outlier_share(np.array([-90.0, 1, 2, 3, 4, 5, 6, 7, 8, 100])) == pytest.approx(0.2)
    assert outlier_share(np.arange(10.0)) == 0


def test_correlation_and_components_of_copies(table):
    rng = np.random.default_rng(0)
    base = rng.normal(size=(2, 5_000))
    copies = {f"a{i}": base[0] * (i + 1) for i in range(3)} | {"b": base[1]}
    values = statistical(table(copies, labels(5_000)))
    assert values["correlation_max"] == pytest.approx(1)
    assert values["correlation_mean"] == pytest.approx(0.5, abs=0.03)
    assert values["strong_correlation_share"] == pytest.approx(0.5)
    assert values["pca_share"] == pytest.approx(0.5)
    assert values["first_component_share"] == pytest.approx(0.75, abs=0.02)
    # participation ratio of variances 3/4 and 1/4: 1 / (9/16 + 1/16) of 4
    assert values["effective_dimension_share"] == pytest.approx(1.6 / 4, abs=0.02)


def test_independent_features_fill_all_dimensions(table):
    rng = np.random.default_rng(0)
    columns = {f"x{i}": rng.normal(size=5_000) for i in range(6)}
    values = statistical(table(columns, labels(5_000)))
    assert values["correlation_mean"] < 0.03
    assert values["pca_share"] == 1
    assert values["effective_dimension_share"] == pytest.approx(1, abs=0.01)


def test_zeros_distinct_values_and_scales(table):
    zeros = np.where(np.arange(100) < 80, 0.0, np.arange(100))
    spread = statistical(table({"a": zeros, "b": 1000 * zeros}, labels(100)))
    assert spread["zero_share"] == pytest.approx(0.8)
    assert spread["distinct_share"] == pytest.approx(0.21)
    assert spread["log_scale_spread"] == pytest.approx(1.5)


def test_target_of_a_regression(table):
    target = np.exp(np.random.default_rng(0).normal(size=2_000))
    column = {"x": np.arange(2_000.0)}
    right = statistical(table(column, target, "regression"))
    left = statistical(table(column, -target, "regression"))
    assert right["target_skewness"] > np.log(1 + 2)
    assert left["target_skewness"] == pytest.approx(-right["target_skewness"])
    assert left["target_log_kurtosis"] == pytest.approx(right["target_log_kurtosis"])
    assert right["target_outlier_share"] > 0.05
