import numpy as np
import pytest

from advisor.metafeatures import compute
from advisor.metafeatures.groups.landmarking import LEARNERS

N = 2_000


def landmarks(dataset):
    values = compute(dataset)
    return {name: values[f"landmarking.{name}"] for name in LEARNERS}


def noise(n_columns=3):
    rng = np.random.default_rng(1)
    return {f"noise{i}": rng.normal(size=N) for i in range(n_columns)}


@pytest.mark.parametrize("as_category", [False, True])
def test_a_copy_of_the_classes_is_learned_by_all(table, as_category):
    target = np.random.default_rng(0).integers(0, 2, N)
    copy = target.astype(str).tolist() if as_category else 3.0 * target
    found = landmarks(table({"copy": copy, "noise": noise()["noise0"]}, target))
    assert min(found.values()) > 0.95


def test_a_copy_of_the_target_is_learned_by_all(table):
    target = np.random.default_rng(0).normal(size=N)
    found = landmarks(table({"copy": 7 - 3 * target}, target, "regression"))
    assert found.pop("naive_bayes") > 0.85  # means of ten bins
    assert found.pop("best_node") > 0.85
    assert min(found.values()) > 0.99


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_noise_is_learned_by_none(table, kind):
    rng = np.random.default_rng(0)
    target = rng.normal(size=N) if kind == "regression" else rng.integers(0, 2, N)
    found = landmarks(table(noise(), target, kind))
    assert max(found.values()) < 0.1
    assert found["linear"] == pytest.approx(0, abs=0.12)
    # A neighbour's noise adds to one's own: twice the squared error, all of the baseline's.
    expected = -1 if kind == "regression" else 0
    assert found["one_nn"] == pytest.approx(expected, abs=0.1)


def test_linear_structure_favours_the_linear_model(table):
    columns = noise(6)
    target = sum(columns.values())
    found = landmarks(table(columns, target, "regression"))
    assert found["linear"] > 0.99
    assert found["linear"] > found["one_nn"] + 0.1 > found["best_node"] + 0.1


def test_interaction_is_seen_by_the_neighbours_only(table):
    columns = noise(2)
    target = (columns["noise0"] > 0) ^ (columns["noise1"] > 0)
    found = landmarks(table(columns, target))
    assert found.pop("one_nn") > 0.8
    assert max(found.values()) < 0.25


def test_a_threshold_on_one_of_many_features_favours_the_node(table):
    columns = noise(12)
    # Two-sided: no linear trend for ridge to follow.
    target = np.abs(columns["noise4"]) > 0.7
    found = landmarks(table(columns, target))
    assert found["best_node"] > 0.8
    assert found["best_node"] > max(found["linear"], found["one_nn"]) + 0.3


def test_independent_evidence_favours_naive_bayes(table):
    columns = noise(8)
    target = sum(np.abs(column) > 0.7 for column in columns.values()) > 4
    found = landmarks(table(columns, target))
    assert found["naive_bayes"] > 0.5
    assert found["naive_bayes"] > max(found["best_node"], found["linear"], found["one_nn"]) + 0.2


def test_rare_classes_stay_in_the_sample(table):
    n = 50_000
    target = np.zeros(n, dtype=int)
    target[::10_000] = 1
    values = compute(table({"x": 1.0 * target}, target))
    # Without a floor for rare classes the baseline would make no error to remove (0).
    assert values["landmarking.linear"] == pytest.approx(1)
