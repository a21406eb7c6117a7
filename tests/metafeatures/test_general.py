import numpy as np
import pytest

from advisor.metafeatures import compute


def test_counts_and_shares(table):
    columns = {
        "number": [1.0, 2.0, 3.0, 4.0, 5.0, np.nan, np.nan, 8.0, 9.0, 10.0],
        "flag": [0, 1] * 5,
        "constant": [7.0] * 10,
    }
    columns = {name: np.array(values) for name, values in columns.items()}
    columns["colour"] = ["a", "b", "c", "d"] * 2 + [None, "a"]
    values = compute(table(columns, ["x"] * 6 + ["y"] * 3 + ["z"]))
    expected = {
        "log_rows": np.log(10),
        "log_features": np.log(4),
        "log_features_per_row": np.log(0.4),
        "log_classes": np.log(3),
        "numeric_share": 0.75,
        "binary_share": 0.25,
        "constant_share": 0.25,
        "log_categories_mean": np.log(4),
        "log_categories_max": np.log(4),
        "missing_share": 3 / 40,
        "missing_feature_share": 0.5,
        "missing_row_share": 0.3,
        "class_share_min": 0.1,
        "class_share_max": 0.6,
    }
    found = {name: values[f"general.{name}"] for name in expected}
    assert found == pytest.approx(expected)


def test_imbalance_is_zero_when_even_and_grows(table):
    column = {"x": np.arange(100.0)}
    even, uneven = [compute(table(column, ["a"] * k + ["b"] * (100 - k))) for k in (50, 90)]
    assert even["general.class_imbalance"] == pytest.approx(0)
    # C2 = 1 - 1 / IR with IR = 1/2 (90/10 + 10/90)
    assert uneven["general.class_imbalance"] == pytest.approx(1 - 2 / (9 + 1 / 9))


def test_distinct_share_of_a_numeric_target(table):
    values = compute(table({"x": np.arange(100.0)}, np.arange(100) % 10 / 3, "regression"))
    assert values["general.target_distinct_share"] == pytest.approx(0.1)


def test_counts_are_of_the_whole_table_not_of_the_sample(table):
    n = 30_000
    target = np.zeros(n, dtype=int)
    target[:7] = 1
    values = compute(table({"x": np.arange(n, dtype=float)}, target))
    assert values["general.log_rows"] == pytest.approx(np.log(n))
    assert values["general.log_classes"] == pytest.approx(np.log(2))
    assert values["general.class_share_min"] == pytest.approx(7 / n)
