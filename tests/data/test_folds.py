"""Folds: other validation parts of the known rows, the same test part, the same sizes."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from advisor.data import load_dataset, max_folds, prepare, split_indices
from advisor.data.preparation import PARTS
from advisor.data.preparation.rolling import bounds_of
from knowledge_base.errors import UserError

SIZES = [*range(10, 21), 35, 60, 99, 1001]
WITH_TEST = pytest.mark.parametrize("test", [True, False])


def table(n, shares=None, seed=0):
    """Return n rows to regress, or with classes of given counts and the rest another class."""
    frame = pd.DataFrame({"x": np.arange(n, dtype=float)})
    if shares is None:
        return load_dataset(frame.assign(y=np.arange(n) + 0.5), "y")
    labels = [f"c{place}" for place, count in enumerate(shares) for _ in range(count)]
    labels += ["rest"] * (n - len(labels))
    return load_dataset(frame.assign(y=np.random.default_rng(seed).permutation(labels)), "y")


def folds(dataset, count, test=True, seed=0):
    return [split_indices(dataset, seed, fold, test) for fold in range(count)]


@WITH_TEST
@pytest.mark.parametrize("n", SIZES)
def test_all_folds_have_the_sizes_and_the_test_part_of_the_first(n, test):
    found = folds(table(n), 9, test)
    first = found[0]
    for splits in found:
        assert (len(splits.train), len(splits.valid)) == (len(first.train), len(first.valid))
        assert (splits.test == first.test).all()
        rows = np.concatenate([splits.train, splits.valid, splits.test])
        assert sorted(rows) == list(range(n))
    assert (len(first.test) == 0) == (not test)


@WITH_TEST
@pytest.mark.parametrize("shares", [None, (4, 9, 30)])
@pytest.mark.parametrize("n", SIZES)
def test_four_folds_validate_every_known_row_once_but_for_rounding(n, shares, test):
    if shares is not None and n < 60:
        shares = (4,)
    found = folds(table(n, shares), 8, test)
    known = np.concatenate([found[0].train, found[0].valid])
    size = len(found[0].valid)
    for partition in (found[:4], found[4:]):
        counts = np.bincount(np.concatenate([s.valid for s in partition]), minlength=n)[known]
        too_many = 4 * size - len(known)
        assert (counts > 1).sum() <= max(too_many, 0) + (0 if shares is None else 2)
        assert (counts == 0).sum() <= max(-too_many, 0) + (0 if shares is None else 2)


def test_the_folds_of_a_table_that_divides_evenly_are_a_partition():
    found = folds(table(100), 8)
    known = sorted(np.concatenate([found[0].train, found[0].valid]))
    for partition in (found[:4], found[4:]):
        assert sorted(np.concatenate([splits.valid for splits in partition])) == known


def test_further_folds_are_another_partition():
    found = folds(table(200), 8)
    overlaps = [len(np.intersect1d(one.valid, two.valid)) for one in found[:4] for two in found[4:]]
    assert max(overlaps) < 25
    assert min(overlaps) > 0


@WITH_TEST
def test_seed_and_fold_decide_the_rows(test):
    data = table(120, (30, 40))
    first, again = folds(data, 6, test, seed=3), folds(data, 6, test, seed=3)
    other = folds(data, 6, test, seed=4)
    for one, two, three in zip(first, again, other, strict=True):
        assert all((getattr(one, part) == getattr(two, part)).all() for part in PARTS)
        assert (one.valid != three.valid).any()


@WITH_TEST
@pytest.mark.parametrize(
    ("n", "shares"),
    [(20, (3,)), (21, (4, 3)), (40, (3, 3, 4, 5)), (100, (3,) * 12), (100, (7, 8, 60))],
)
def test_every_class_is_in_every_part_of_every_fold(n, shares, test):
    data = table(n, shares)
    for splits in folds(data, 8, test):
        for part in PARTS if test else PARTS[:2]:
            present = set(data.target.iloc[getattr(splits, part)])
            assert present == set(data.target.cat.categories)


def test_validation_parts_are_stratified():
    data = table(200, (40, 10))
    for splits in folds(data, 8):
        counts = data.target.iloc[splits.valid].value_counts()
        assert counts["c0"] in (7, 8, 9)
        assert counts["c1"] in (1, 2, 3)


def test_rows_to_train_on_are_in_no_order():
    """The training metric is taken from the first rows, which must be a sample of all of them."""
    data = table(400, (200,))
    for splits in folds(data, 5)[1:]:
        half = data.target.iloc[splits.train[:100]].value_counts()
        assert 30 < half["c0"] < 70
        assert not (np.diff(splits.train) > 0).all()


def test_without_a_test_part_three_quarters_are_trained_on():
    splits = split_indices(table(102), test=False)
    assert [len(part) for part in (splits.train, splits.valid, splits.test)] == [77, 25, 0]


@pytest.mark.parametrize("fold", [-1, 100])
def test_a_fold_that_is_not_there_is_refused(fold):
    with pytest.raises(UserError, match=f"folds 0 to 99, not {fold}"):
        prepare(table(20), fold=fold)
    assert max_folds(table(20)) == 100


def test_nothing_is_learnt_from_the_rows_that_a_fold_validates_on():
    data = table(100)
    for fold in range(5):
        prepared = prepare(data, fold=fold)
        train = split_indices(data, 0, fold).train
        number = prepared.preparation.numbers[0]
        assert number.mean == pytest.approx(train.mean())
        assert prepared.x_train.mean() == pytest.approx(0, abs=1e-6)
        assert prepared.target_mean == pytest.approx(train.mean() + 0.5)


@WITH_TEST
def test_the_validation_rows_are_named(test):
    data = table(50)
    prepared = prepare(data, 1, 2, test)
    truth = data.target.to_numpy()[prepared.valid_rows]
    assert prepared.truth("valid") == pytest.approx(truth)
    assert len(prepared.few().valid_rows) == 2


# Series


def series(*lengths, horizon=3, freq="D", seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.concat(
        pd.DataFrame({
            "day": pd.date_range("2020", periods=n, freq=freq),
            "shop": f"s{place}",
            "v": rng.normal(size=n).cumsum(),
        })
        for place, n in enumerate(lengths)
    )  # fmt: skip
    return load_dataset(frame, "v", time="day", series="shop", horizon=horizon)


@WITH_TEST
def test_series_validate_ever_earlier_and_train_on_what_is_before(test):
    data = series(200, 240)
    assert max_folds(data, test) == 3
    ends = []
    for fold in range(3):
        prepared = prepare(data, 0, fold, test)
        for (train, valid, held), values in zip(prepared.bounds, data.values, strict=True):
            assert train == (0, valid[0])
            assert valid[1] <= held[0]
            assert held[1] == len(values)
            assert (held[0] == held[1]) == (not test)
        ends.append(prepared.bounds)
    lengths = [valid[1] - valid[0] for (_, valid, _), _ in ends]
    assert len(set(lengths)) == 1
    for later, earlier in pairwise(ends):
        assert later[0][1][0] == earlier[0][1][1]
        assert later[0][2] == earlier[0][2]


def test_what_a_fold_of_series_learns_is_of_its_own_training_part():
    data = series(200)
    scales = [prepare(data, fold=fold).preparation.scales[0].mean for fold in range(3)]
    expected = [data.values[0][: 200 - 40 * (2 + fold)].mean() for fold in range(3)]
    assert scales == pytest.approx(expected)


@pytest.mark.parametrize(
    ("n", "horizon", "freq", "count"),
    [(30, 3, "D", 1), (66, 3, "D", 1), (75, 3, "D", 2), (140, 3, "D", 2), (150, 3, "D", 3),
     (5000, 3, "D", 3), (150, 30, "D", 2), (150, 3, "W", 1), (300, 3, "W", 2), (600, 3, "W", 3)],
)  # fmt: skip
def test_there_are_as_many_folds_as_points_to_train_on(n, horizon, freq, count):
    """Weeks have seasons of 52 points, which must fit into what every fold trains on."""
    data = series(n, horizon=horizon, freq=freq)
    assert max_folds(data) == count
    for fold in range(count):
        windows = prepare(data, fold=fold).windows(128, "seasonal", "window")
        assert len(windows.x_train) >= 8
        assert len(windows.x_valid) >= 1
    with pytest.raises(UserError, match=rf"too few points for fold {count}: there are {count}"):
        prepare(data, fold=count)


def test_a_fold_that_would_train_on_constant_series_is_none():
    days = pd.date_range("2020", periods=200)
    flat = pd.DataFrame(
        {"day": days, "v": np.r_[np.ones(90), np.random.default_rng(0).random(110)]}
    )
    assert max_folds(load_dataset(flat, "v", time="day", horizon=3)) == 1
    moving = flat.assign(v=flat["v"].where(flat.index != 5, 2.0))
    assert max_folds(load_dataset(moving, "v", time="day", horizon=3)) == 3


def test_validation_points_are_the_same_whatever_the_windows():
    data = series(120, 80)
    prepared = prepare(data, fold=1)
    all_points = np.concatenate(data.values)
    rows = None
    for length, differencing in ((4, "none"), (12, "seasonal"), (30, "first")):
        windows = prepared.windows(length, differencing, "window")
        assert windows.truth("valid")[:, 0] == pytest.approx(all_points[windows.valid_rows])
        assert rows is None or (rows == windows.valid_rows).all()
        rows = windows.valid_rows
    assert len(np.unique(rows)) == len(rows)


def test_bounds_of_the_first_fold():
    assert bounds_of(100) == ((0, 60), (60, 80), (80, 100))
    assert bounds_of(100, 1) == ((0, 40), (40, 60), (80, 100))
    assert bounds_of(100, 1, test=False) == ((0, 50), (50, 75), (100, 100))
