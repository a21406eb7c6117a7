import numpy as np

from advisor.metafeatures.binning import level_codes, n_bins, quantile_codes
from advisor.metafeatures.sampling import halves, sample_rows


def rng():
    return np.random.default_rng(0)


def test_small_data_is_taken_whole():
    assert sample_rows(50, 50, rng(), np.zeros(50, int)).tolist() == list(range(50))


def test_sample_is_proportional_but_keeps_rare_classes():
    classes = np.r_[np.zeros(90_000, int), np.ones(9_990, int), np.full(8, 2), np.full(2, 3)]
    rows = sample_rows(len(classes), 1_000, rng(), classes)
    assert len(set(rows.tolist())) == len(rows)
    assert np.bincount(classes[rows]).tolist() == [900, 99, 5, 2]


def test_sample_stays_bounded_with_very_many_classes():
    classes = np.arange(20_000) // 2
    assert 0 <= len(sample_rows(20_000, 1_000, rng(), classes)) <= 2_000
    assert len(sample_rows(20_000, 1_000, rng())) == 1_000


def test_halves_have_the_same_distribution():
    target = rng().integers(0, 4, 1_001)
    half = halves(target, rng())
    difference = np.bincount(target[half]) - np.bincount(target[~half])
    assert half.sum() == 501
    assert np.abs(difference).max() <= 1


def test_bins_hold_equally_many():
    codes = quantile_codes(rng().exponential(size=1_000))
    assert np.bincount(codes).tolist() == [100] * 10
    assert n_bins(8) == 2
    assert n_bins(10**6) == 10


def test_zeros_of_a_sparse_column_keep_their_own_bin():
    values = np.r_[np.zeros(950), np.linspace(1, 2, 50)]
    codes = quantile_codes(values)
    assert len(set(codes[:950])) == 1
    assert not set(codes[:950]) & set(codes[950:])


def test_missing_values_have_their_own_level():
    values = np.r_[np.full(10, np.nan), np.arange(90.0)]
    codes = quantile_codes(values)
    assert len(set(codes[:10])) == 1
    assert not set(codes[:10]) & set(codes[10:])


def test_rare_categories_are_pooled():
    codes = level_codes(np.r_[np.repeat(np.arange(5), 50), np.arange(5, 100), -1])
    assert codes.max() == 20
    assert np.bincount(codes)[:5].tolist() == [50] * 5
