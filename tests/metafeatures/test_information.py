import numpy as np
import pytest

from advisor.metafeatures import compute
from advisor.metafeatures.groups.information import entropy, mutual_information


def information(dataset):
    values = compute(dataset)
    return {name.split(".")[1]: value for name, value in values.items() if name[0] == "i"}


def test_entropy_of_known_counts():
    assert entropy(np.array([5, 5])) == pytest.approx(np.log(2))
    assert entropy(np.array([[1, 1], [1, 1]])) == pytest.approx(np.log(4))
    assert entropy(np.array([7, 0])) == 0


def test_mutual_information_of_copies_and_of_independent_levels():
    codes = np.arange(1_200) % 4
    own, shared = mutual_information(codes, codes)
    assert own == pytest.approx(np.log(4))
    assert shared == pytest.approx(np.log(4), abs=0.005)
    assert mutual_information(codes, np.arange(1_200) // 4 % 3)[1] == 0


def test_bias_of_small_samples_is_taken_off():
    rng = np.random.default_rng(0)
    pairs = [(rng.integers(0, 5, 100), rng.integers(0, 3, 100)) for _ in range(200)]
    assert np.mean([mutual_information(*pair)[1] for pair in pairs]) < 0.02


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_independent_features_tell_nothing(table, kind):
    rng = np.random.default_rng(0)
    columns = {f"x{i}": rng.normal(size=3_000) for i in range(5)}
    columns["c"] = rng.integers(0, 300, 3_000).astype(str).tolist()
    target = rng.integers(0, 3, 3_000) if kind == "classification" else rng.normal(size=3_000)
    values = information(table(columns, target, kind))
    assert values["target_entropy"] == pytest.approx(1, abs=0.002)
    assert values["mutual_information_max"] < 0.01
    assert values["informative_share"] == 0
    assert values["log_equivalent_features"] > np.log(300)


def test_a_copy_of_the_target_tells_all(table):
    rng = np.random.default_rng(0)
    target = rng.integers(0, 3, 3_000)
    columns = {"copy": 5.0 * target, "noise": rng.normal(size=3_000)}
    values = information(table(columns, target))
    assert values["mutual_information_max"] == pytest.approx(1, abs=0.01)
    assert values["mutual_information_mean"] == pytest.approx(0.5, abs=0.01)
    assert values["mutual_information_std"] == pytest.approx(0.5, abs=0.01)
    assert values["informative_share"] == 0.5
    assert values["log_equivalent_features"] == pytest.approx(np.log(2), abs=0.02)
    # H(noise) = log 10 by 10 bins, H(copy) = I(copy) = log 3
    ratio = (np.log(10) + np.log(3)) / np.log(3)
    assert values["log_noise_to_signal"] == pytest.approx(np.log(ratio), abs=0.02)


def test_missing_values_can_be_what_tells(table):
    rng = np.random.default_rng(0)
    column = rng.normal(size=1_000)
    column[::2] = np.nan
    values = information(table({"x": column}, np.arange(1_000) % 2))
    assert values["mutual_information_max"] == pytest.approx(1, abs=0.02)


def test_entropy_of_uneven_classes(table):
    values = information(table({"x": np.arange(100.0)}, ["a"] * 90 + ["b"] * 10))
    assert values["target_entropy"] == pytest.approx(0.469, abs=0.001)
