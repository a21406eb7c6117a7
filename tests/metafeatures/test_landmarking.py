import numpy as np
import pytest

from advisor.metafeatures import compute
from advisor.metafeatures.groups.landmarking import LEARNERS
from advisor.metafeatures.learners import CLIP, RIDGE, EncodedRows, encode, linear
from advisor.metafeatures.table_view import TableView

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


def test_one_outlier_does_not_spoil_the_neighbours(table):
    columns = noise(2)
    target = (columns["noise0"] > 0) ^ (columns["noise1"] > 0)
    clean = landmarks(table(columns, target))["one_nn"]
    columns["outlier"] = np.where(np.arange(N) == 0, 1e6, 0.0)
    assert landmarks(table(columns, target))["one_nn"] == pytest.approx(clean, abs=0.02)


def test_copies_of_a_feature_do_not_upset_the_linear_model(table):
    rng = np.random.default_rng(0)
    x = rng.normal(size=N)
    copies = {f"x{i}": x for i in range(20)}
    found = landmarks(table(copies, x + rng.normal(size=N), "regression"))
    assert found["linear"] == pytest.approx(0.5, abs=0.05)


def test_ridge_is_the_textbook_solution_in_both_forms():
    rng = np.random.default_rng(0)
    for n_inputs in (5, 60):
        inputs, outputs = rng.normal(size=(40, n_inputs)), rng.normal(size=(40, 1))
        inputs -= inputs.mean(0)
        rest = {"levels": inputs, "starts": np.zeros(1), "target": outputs[:, 0]}
        rows = EncodedRows(dense=inputs, outputs=outputs, n_target=1, is_class=False, **rest)
        gram = inputs.T @ inputs + RIDGE * 40 * np.eye(n_inputs)
        weights = np.linalg.inv(gram) @ inputs.T @ (outputs - outputs.mean())
        assert linear(rows, rows) == pytest.approx(outputs.mean() + inputs @ weights)


def test_standard_scores_are_clipped(table):
    column = np.random.default_rng(0).normal(size=500)
    column[7] = 1e6
    view = TableView.of(table({"x": column}, np.arange(500) % 2), seed=0)
    scores = encode(view, np.arange(500)).dense[:, 0]
    assert scores[7] == CLIP
    assert np.abs(scores).max() == CLIP
