"""What is said in words of a model's standings."""

import numpy as np
import pytest

from advisor.metrics import METRICS
from advisor.predictor.summary import Standing, remarks, standing

ACCURACY, MASE = METRICS["accuracy"], METRICS["mase"]

WITHIN = "The best configuration is within one standard error of the library default."
NONE_BETTER = "No configuration was better than the library default."


def of_accuracy(default: float, best: float, error: float | None) -> list[str]:
    return remarks([Standing("default", default), Standing("single", best, error)], ACCURACY)


@pytest.mark.parametrize(("default", "best", "error", "said"), [
    (0.90, 0.95, 0.03, []),
    (0.90, 0.92, 0.03, [WITHIN]),
    (0.90, 0.92, None, []),
    (0.92, 0.92, 0.03, [NONE_BETTER]),
    (1.0, 1.0, 0.0, [NONE_BETTER]),  # of easy data, where all folds are alike
    (1.0, 0.97, None, [NONE_BETTER]),  # of a single fold with few rows
])  # fmt: skip
def test_a_search_that_found_nothing_better_is_told(default, best, error, said):
    assert of_accuracy(default, best, error) == said


def test_smaller_errors_are_better():
    worse = [Standing("default", 2.0), Standing("single", 2.1, 0.5)]
    assert remarks(worse, METRICS["rmse"]) == [NONE_BETTER]
    better = [Standing("default", 2.0), Standing("single", 1.9, 0.5)]
    assert remarks(better, METRICS["rmse"]) == [WITHIN]


def test_a_model_no_better_than_nothing_is_told_of_both_parts():
    trivial = Standing("baseline", 0.6, None, 0.6)
    assert remarks([trivial, Standing("final", 0.6, None, 0.9)], ACCURACY) == [
        "The model is no better than the trivial baseline."
    ]
    assert remarks([trivial, Standing("final", 0.8, None, 0.5)], ACCURACY) == [
        "On the test rows the model is no better than the trivial baseline."
    ]
    assert remarks([trivial, Standing("final", 0.8, None, 0.7)], ACCURACY) == []
    assert remarks([trivial, Standing("final", 0.8)], ACCURACY) == []


def test_a_mase_above_one_is_told_as_what_it_is():
    final = Standing("final", 1.1)
    above = "Its forecasts err more than repeating the last season did before (MASE above 1)."
    assert remarks([Standing("baseline", 1.2), final], MASE) == [above]
    assert remarks([Standing("baseline", 1.0), final], MASE) == [
        "The model is no better than the trivial baseline.", above,
    ]  # fmt: skip


def test_a_single_fold_has_the_error_of_its_rows():
    truth = np.arange(100) % 2
    predicted = np.eye(2)[np.where(np.arange(100) < 80, truth, 1 - truth)]
    one = standing("final", ACCURACY, [(truth, predicted, None)])
    assert one.validation == pytest.approx(0.8)
    assert one.error == pytest.approx(0.04, rel=0.5)  # sqrt(0.8 * 0.2 / 100)
    halves = [(truth[:50], predicted[:50], None), (truth[50:], predicted[50:], None)]
    assert standing("final", ACCURACY, halves).error == pytest.approx(0.2)  # of 1.0 and 0.6
