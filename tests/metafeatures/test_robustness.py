import numpy as np
import pytest

from advisor.metafeatures import NAMES, compute

KINDS = ("classification", "regression")


def target_of(kind, n):
    return np.arange(n) % 3 if kind == "classification" else np.arange(n) % 7 * 1.5


def defined(values):
    return {name for name, value in values.items() if np.isfinite(value)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "columns",
    [
        {"constant": np.ones(40)},
        {"empty": np.full(40, np.nan)},
        {"one": np.arange(40.0)},
        {"only_category": ["a", "b"] * 20},
        {"identifier": [f"row{i}" for i in range(40)]},
        {"no_category": [None] * 40},
        {"once": np.where(np.arange(40) == 3, 5.0, np.nan)},
        {"infinite": np.where(np.arange(40) % 4, np.arange(40.0), np.inf)},
        {"tiny": np.arange(40) * 5e-324},
        {"a": np.arange(40.0), "constant": np.ones(40), "empty": np.full(40, np.nan)},
    ],
    ids=lambda columns: "+".join(columns),
)
def test_odd_columns(table, columns, kind):
    values = compute(table(columns, target_of(kind, 40), kind))
    assert tuple(values) == NAMES
    assert not any(np.isinf(value) for value in values.values())
    assert all(-1 <= values[name] <= 1 for name in NAMES if name.startswith("landmarking."))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 10])
def test_few_rows(table, n, kind):
    columns = {"x": np.arange(n, dtype=float), "c": ["a", "b", "c", "d", "e"] * 2}
    columns["c"] = columns["c"][:n]
    values = compute(table(columns, target_of(kind, n), kind))
    assert values["general.log_rows"] == pytest.approx(np.log(n))
    assert ("landmarking.linear" in defined(values)) == (n >= 4)


def test_no_rows_or_no_features(table):
    assert defined(compute(table({"x": np.empty(0)}, []))) == set()
    bare = defined(compute(table({}, [0, 1] * 10)))
    assert bare == {"information.target_entropy"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_constant_target_has_no_landmarkers(table, kind):
    values = compute(table({"x": np.arange(50.0)}, [1] * 50, kind))
    assert not any(name.startswith("landmarking.") for name in defined(values))
    assert values["information.target_entropy"] == 0
    assert np.isnan(values["information.mutual_information_mean"])


def test_rows_without_a_target_are_left_out(table):
    target = np.arange(60.0)
    target[:20] = np.nan
    values = compute(table({"x": np.arange(60.0)}, target, "regression"))
    assert values["general.log_rows"] == pytest.approx(np.log(40))
    classes = [None] * 20 + ["a", "b"] * 20
    values = compute(table({"x": np.arange(60.0)}, classes))
    assert values["general.log_rows"] == pytest.approx(np.log(40))
    assert values["general.log_classes"] == pytest.approx(np.log(2))


@pytest.mark.parametrize("kind", KINDS)
def test_huge_values_do_not_overflow(table, kind):
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    target = x * 1e300 if kind == "regression" else x > 0
    values = compute(table({"x": x * 1e300, "y": np.sign(x) * 1.7e308}, target, kind))
    assert values["landmarking.linear"] > 0.5
    assert values["statistical.log_kurtosis_median"] < np.log(10)


def test_one_huge_value_leaves_the_others_distinct(table):
    x = np.random.default_rng(0).normal(size=1_000)
    target = x > 0
    x[0] = 1e300
    values = compute(table({"x": x}, target))
    assert values["statistical.distinct_share"] == 1
    assert values["landmarking.best_node"] > 0.8


def test_many_categories_and_many_classes(table):
    rng = np.random.default_rng(0)
    n = 3_000
    columns = {"id": [f"v{i}" for i in range(n)], "x": rng.normal(size=n)}
    values = compute(table(columns, rng.integers(0, 1_000, n)))
    assert values["general.log_categories_max"] == pytest.approx(np.log(n))
    assert values["landmarking.naive_bayes"] == pytest.approx(0, abs=0.05)


def test_wide_tables_are_bounded_and_independent_of_column_order(table):
    rng = np.random.default_rng(0)
    columns = {f"x{i}": rng.normal(size=60) for i in range(500)}
    dataset = table(columns, np.arange(60) % 2)
    values = compute(dataset)
    assert values["general.log_features"] == pytest.approx(np.log(500))
    dataset.features = dataset.features.iloc[:, rng.permutation(500)]
    assert compute(dataset) == pytest.approx(values, rel=0, abs=0, nan_ok=True)
