import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from advisor.data import load_dataset


def test_frame_is_typed(frame):
    dataset = load_dataset(frame, "label")
    assert list(dataset.features.columns) == ["number", "colour", "flag", "gappy"]
    assert [str(t) for t in dataset.features.dtypes] == [
        "float64",
        "category",
        "category",
        "float64",
    ]
    assert (dataset.kind, dataset.n_rows, dataset.n_features, dataset.n_classes) == (
        "classification", 60, 4, 2,
    )  # fmt: skip
    assert dataset.features["gappy"].isna().sum() == 9


def test_frame_is_not_changed(frame):
    before = frame.copy(deep=True)
    load_dataset(frame, "label")
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_separators(frame, csv_file, separator):
    path = csv_file(frame.to_csv(index=False, sep=separator))
    dataset = load_dataset(path, "label")
    assert dataset.n_features == 4
    assert dataset.name == "table.csv"
    np.testing.assert_allclose(dataset.features["number"], frame["number"])


def test_parquet_and_csv_and_frame_have_one_fingerprint(frame, csv_file, tmp_path):
    frame.to_parquet(tmp_path / "t.parquet")
    csv = csv_file(frame.to_csv(index=False))
    prints = {
        load_dataset(source, "label").fingerprint for source in (frame, csv, tmp_path / "t.parquet")
    }
    assert len(prints) == 1


def test_byte_order_mark_and_quoted_names(csv_file):
    rows = "\n".join(f"{i},{i % 2}" for i in range(20))
    path = csv_file(b"\xef\xbb\xbf" + f'"a, b",y\n{rows}\n'.encode())
    assert list(load_dataset(path, "y").features.columns) == ["a, b"]


def test_decimal_commas_between_semicolons(csv_file):
    rows = "\n".join(f"{i},5;{i % 2}" for i in range(20))
    dataset = load_dataset(csv_file(f"a;y\n{rows}\n"), "y")
    assert dataset.features["a"].tolist() == [i + 0.5 for i in range(20)]


def test_decimal_points_between_semicolons(csv_file):
    rows = "\n".join(f"{i}.5;{i % 2}" for i in range(20))
    dataset = load_dataset(csv_file(f"a;y\n{rows}\n"), "y")
    assert dataset.features["a"].tolist() == [i + 0.5 for i in range(20)]


@pytest.mark.parametrize(
    ("name", "kind", "rows", "features", "classes"),
    [
        ("digits", "classification", 1797, 64, 10),
        ("iris", "classification", 150, 4, 3),
        ("wine", "classification", 178, 13, 3),
        ("breast_cancer", "classification", 569, 30, 2),
        ("diabetes", "regression", 442, 10, None),
    ],
)
def test_builtin(name, kind, rows, features, classes):
    dataset = load_dataset(f"sklearn:{name}")
    assert (dataset.kind, dataset.n_rows, dataset.n_features, dataset.n_classes) == (
        kind, rows, features, classes,
    )  # fmt: skip
    assert dataset.target_name == "target"
    assert dataset.source == "scikit-learn"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["a", "b"] * 10, "classification"),
        ([True, False] * 10, "classification"),
        ([0, 1] * 10, "classification"),
        ([1.0, 2.0] * 10, "classification"),
        (list(range(20)), "regression"),
        ([0.5, 1.5] * 10, "regression"),
        (pd.Categorical(["x", "y"] * 10), "classification"),
        (pd.array([1, 2] * 10, dtype="Int64"), "classification"),
    ],
)
def test_kind_is_inferred(values, kind):
    frame = pd.DataFrame({"x": np.arange(20.0), "y": values})
    assert load_dataset(frame, "y").kind == kind


def test_kind_can_be_overridden():
    frame = pd.DataFrame({"x": np.arange(20.0), "y": [1, 2, 3, 4] * 5})
    dataset = load_dataset(frame, "y", "regression")
    assert (dataset.kind, dataset.n_classes) == ("regression", None)
    assert str(dataset.target.dtype) == "float64"
    assert load_dataset(frame, "y", "classification").n_classes == 4


def test_columns_without_values_are_left_out(frame):
    frame["empty"] = np.nan
    assert "empty" not in load_dataset(frame, "label").features


def test_numbers_of_any_type_become_floats():
    from decimal import Decimal

    frame = pd.DataFrame(
        {
            "decimal": [Decimal(i) for i in range(20)],
            "object": pd.Series(range(20), dtype=object),
            "nullable": pd.array([*range(19), None], dtype="Int64"),
            "y": [0, 1] * 10,
        }
    )
    dataset = load_dataset(frame, "y")
    assert set(map(str, dataset.features.dtypes)) == {"float64"}
    assert dataset.features["nullable"].isna().sum() == 1


def test_record_holds_sizes_but_no_rows(frame):
    record = load_dataset(frame, "label").record()
    assert (record.n_rows, record.n_features, record.n_classes) == (60, 4, 2)
    assert record.dataset_id == load_dataset(frame, "label").fingerprint


def test_reading_csv_imports_neither_scikit_learn_nor_torch(frame, csv_file):
    path = csv_file(frame.to_csv(index=False))
    code = (
        "import sys; from advisor.data import load_dataset; "
        f"load_dataset({str(path)!r}, 'label').fingerprint; "
        "print(sorted({'sklearn', 'torch', 'scipy', 'ConfigSpace'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
