import numpy as np
import pandas as pd
import pytest

from advisor.data import load_dataset, prepare, split_indices


def parts_of(splits):
    return [splits.train, splits.valid, splits.test]


@pytest.mark.parametrize("source", ["sklearn:wine", "sklearn:diabetes"])
def test_parts_cover_all_rows_once(source):
    dataset = load_dataset(source)
    parts = parts_of(split_indices(dataset, 3))
    assert sorted(np.concatenate(parts)) == list(range(dataset.n_rows))
    shares = [len(part) / dataset.n_rows for part in parts]
    np.testing.assert_allclose(shares, [0.6, 0.2, 0.2], atol=0.01)


def test_the_seed_decides_the_split():
    dataset = load_dataset("sklearn:wine")
    first, again, other = (split_indices(dataset, seed) for seed in (0, 0, 1))
    assert all(map(np.array_equal, parts_of(first), parts_of(again)))
    assert not np.array_equal(first.train, other.train)


def test_classes_are_stratified():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=200), "y": ["rare"] * 10 + ["common"] * 190})
    dataset = load_dataset(frame, "y")
    rare = [int((dataset.target.iloc[part] == "rare").sum()) for part in
            parts_of(split_indices(dataset, 0))]  # fmt: skip
    assert rare == [6, 2, 2]


def test_classes_too_rare_for_every_part_still_split():
    frame = pd.DataFrame({"x": np.arange(30.0), "y": ["rare"] * 3 + ["common"] * 27})
    splits = split_indices(load_dataset(frame, "y"), 0)
    assert [len(part) for part in parts_of(splits)] == [18, 6, 6]


def test_smallest_table_has_no_empty_part():
    frame = pd.DataFrame({"x": np.arange(10.0), "y": np.arange(10.0) + 0.5})
    data = prepare(load_dataset(frame, "y"), 0)
    assert (len(data.x_train), len(data.x_valid), len(data.x_test)) == (6, 2, 2)


def test_arrays_have_the_documented_form(frame):
    data = prepare(load_dataset(frame, "label"), 0)
    for part, rows in (("train", 36), ("valid", 12), ("test", 12)):
        x, y = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        assert x.dtype == np.float32
        assert y.dtype == np.int64
        assert x.shape == (rows, data.n_inputs)
        assert np.isfinite(x).all()
        assert set(y) <= {0, 1}
    assert (data.kind, data.n_outputs, data.n_inputs) == ("classification", 2, 2 + 3 + 2)


def test_numbers_are_standardised_by_the_training_part():
    data = prepare(load_dataset("sklearn:wine"), 0)
    np.testing.assert_allclose(data.x_train.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(data.x_train.std(0), 1, atol=1e-4)
    assert abs(data.x_valid.mean(0)).max() > 1e-3


def test_nothing_is_learnt_from_validation_and_test_rows(frame):
    """Other numbers, gaps and categories in held-out rows leave the training part as it is."""
    dataset = load_dataset(frame, "label")
    splits = split_indices(dataset, 0)
    held = np.concatenate([splits.valid, splits.test])
    changed = frame.copy()
    changed.loc[held, "number"] = 1000.0
    changed.loc[held, "gappy"] = np.nan
    changed.loc[held, "colour"] = "violet"
    before, after = prepare(dataset, 0), prepare(load_dataset(changed, "label"), 0)
    np.testing.assert_array_equal(before.x_train, after.x_train)
    colours = slice(2, 5)
    assert (after.x_valid[:, colours] == 0).all()


def test_missing_numbers_become_the_training_median():
    values = np.arange(40.0)
    values[[5, 6, 7, 8]] = np.nan
    dataset = load_dataset(pd.DataFrame({"x": values, "y": [0, 1] * 20}), "y")
    data, splits = prepare(dataset, 0), split_indices(dataset, 0)
    median = np.nanmedian(values[splits.train])
    filled = np.where(np.isnan(values), median, values)
    mean, scale = filled[splits.train].mean(), filled[splits.train].std()
    np.testing.assert_allclose(
        data.x_test[:, 0], (filled[splits.test] - mean) / scale, rtol=1e-4, atol=1e-5
    )


def test_regression_targets_are_standardised_and_can_be_undone():
    dataset = load_dataset("sklearn:diabetes")
    data, splits = prepare(dataset, 0), split_indices(dataset, 0)
    assert (data.n_outputs, data.y_train.dtype) == (1, np.float32)
    np.testing.assert_allclose(data.y_train.mean(), 0, atol=1e-5)
    np.testing.assert_allclose(
        data.y_test * data.target_scale + data.target_mean,
        dataset.target.to_numpy()[splits.test],
        rtol=1e-4,
    )


def test_many_categories_are_bounded():
    rng = np.random.default_rng(0)
    many = rng.choice([f"c{i}" for i in range(150)], 1000)
    frame = pd.DataFrame({"many": many, "y": rng.integers(0, 2, 1000)})
    assert prepare(load_dataset(frame, "y"), 0).n_inputs == 30


def test_constant_columns_become_zeros():
    frame = pd.DataFrame({"x": [3.0] * 40, "z": np.arange(40.0), "y": [0, 1] * 20})
    assert (prepare(load_dataset(frame, "y"), 0).x_test[:, 0] == 0).all()


def test_outliers_outside_the_training_part_are_clipped():
    frame = pd.DataFrame({"x": np.arange(40.0), "y": [0, 1] * 20})
    dataset = load_dataset(frame, "y")
    frame.loc[split_indices(dataset, 0).test[0], "x"] = 1e9
    assert prepare(load_dataset(frame, "y"), 0).x_test.max() == 10


def test_mixed_and_boolean_categories_with_gaps():
    frame = pd.DataFrame(
        {
            "mixed": [1, "one", None, 2.5] * 10,
            "flag": pd.Series([True, None, False, True] * 10, dtype=object),
            "y": [0, 1] * 20,
        }
    )
    data = prepare(load_dataset(frame, "y"), 0)
    assert data.n_inputs == 4 + 3
    np.testing.assert_array_equal(data.x_train[:, :4].sum(1), 1)
