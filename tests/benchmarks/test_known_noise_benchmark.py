"""scripts/benchmarks/known_noise: what it searches, and the page made from it."""

import numpy as np
import pandas as pd
import pytest

from advisor.surrogates import Posterior
from advisor.training.race import Race
from scripts.benchmarks.known_noise.__main__ import page
from scripts.benchmarks.known_noise.runs import Predicted, Searched, accuracy, judged
from scripts.benchmarks.known_noise.truths import smooth


def test_the_best_of_a_truth_is_zero_and_its_unit_that_of_the_page():
    values = smooth(3).values
    assert values.max() == 0
    assert np.quantile(values, 0.9) - np.median(values) == pytest.approx(1)


def test_without_luck_both_arms_choose_what_they_find():
    found = Searched("smooth", 0, 0.0).compute()
    assert found["known value @80"] == found["known belief @80"] <= found["known value @40"]
    assert found["learned value @80"] < 0.5


def test_predictions_grow_better_with_trials():
    found = [Predicted("smooth", place, 0.2).compute() for place in range(4)]
    for arm in ("known", "learned"):
        few, many = (np.mean([each[f"{arm} correlation @{n}"] for each in found]) for n in (12, 30))
        assert many > few + 0.05
    assert all(np.isfinite(v) for each in found for k, v in each.items() if "@" in k)


def test_a_trial_far_behind_is_spared_the_other_folds():
    race = Race("maximize")
    rng = np.random.default_rng(0)
    for _ in range(3):
        assert len(judged(np.arange(4) + 0.1 * rng.normal(size=4), {}, race).folds) == 4
    # The race is open no more.
    spared = judged(np.arange(4) - 50.0, {}, race)
    assert spared.folds == {1: -50.0}
    assert spared.value == pytest.approx(-50.0 - race.offset)


def test_a_certain_prediction_of_the_truth_has_no_error():
    truth = np.array([0.0, 1.0, 2.0])
    found = accuracy([Posterior(1.0, truth, np.zeros(3), 2.0)], truth, 5)
    assert found["error @5"] == 0
    assert found["correlation @5"] == pytest.approx(1)
    assert found["density @5"] == pytest.approx(-np.log(0.05) - 0.5 * np.log(2 * np.pi))


def test_the_page_compares_the_arms_place_by_place():
    runs = pd.DataFrame(
        {"kind": "smooth", "place": [0, 1], "luck": 0.4,
         "known value @40": [0.2, 0.3], "learned value @40": [0.3, 0.5]}
    )  # fmt: skip
    text = page(runs, runs)
    assert "| smooth | 0.4 | learned | 0.400 |" in text
    assert text.count("| -0.150 ± 0.050 |") == 4
