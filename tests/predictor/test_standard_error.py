"""How sure a metric on test rows is."""

import numpy as np
import pytest

from advisor.metrics import METRICS
from advisor.predictor.summary import FEWEST, Standing, standard_error, standing


@pytest.mark.parametrize("rows", [100, 2000])
def test_the_error_of_an_accuracy_is_about_that_of_a_share(rows):
    rng = np.random.default_rng(1)
    truth = rng.integers(2, size=rows)
    right = rng.random(rows) < 0.8
    predicted = np.eye(2)[np.where(right, truth, 1 - truth)]
    share = right.mean()
    found = standard_error(METRICS["accuracy"], truth, predicted)
    assert found == pytest.approx(np.sqrt(share * (1 - share) / rows), rel=0.5)


def test_a_mean_of_few_rows_has_its_usual_error():
    truth = np.random.default_rng(2).normal(size=12)
    found = standard_error(METRICS["mae"], truth, np.zeros(12))
    assert found == pytest.approx(np.abs(truth).std(ddof=1) / np.sqrt(12))


def test_forecasts_have_an_error_by_their_windows():
    truth = np.random.default_rng(0).normal(size=(200, 3))
    found = standard_error(METRICS["mase"], truth, np.zeros((200, 3)), np.ones(200))
    assert 0.01 < found < 0.1


def test_no_error_is_told_of_few_rows_or_an_unknown_metric():
    few = np.arange(FEWEST - 1.0)
    assert standard_error(METRICS["mae"], few, few + 1) is None
    one_class = np.zeros(50, dtype=int)
    assert standard_error(METRICS["roc_auc"], one_class, np.full((50, 2), 0.5)) is None


def test_standings_of_earlier_versions_are_read():
    judged = np.arange(40.0), np.arange(40.0) + np.tile([0.5, 1.5], 20), None
    now = standing("final", METRICS["mae"], [judged], judged)
    assert now.test == pytest.approx(1.0)
    assert 0 < now.test_error < 0.2
    assert Standing.from_dict(now.to_dict()) == now
    earlier = {n: value for n, value in now.to_dict().items() if n != "test_error"}
    assert Standing.from_dict(earlier).test_error is None
