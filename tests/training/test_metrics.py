import math

import numpy as np
import pytest

from advisor.metrics import METRICS, default_metric, get_metric, metrics_of
from knowledge_base.errors import UserError

TRUTH = np.array([0, 0, 0, 1])
SHARES = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accuracy", 3 / 4),
        ("balanced_accuracy", (2 / 3 + 1) / 2),
        ("log_loss", -(math.log(0.9) + math.log(0.6) + math.log(0.2) + math.log(0.7)) / 4),
    ],
)
def test_classification(name, value):
    assert get_metric(name).compute(TRUTH, SHARES) == pytest.approx(value)


@pytest.mark.parametrize(
    ("name", "value"), [("rmse", math.sqrt(5 / 2)), ("mae", 1.5), ("r2", 1 - 5 / 8)]
)
def test_regression(name, value):
    truth, prediction = np.array([1.0, 5.0]), np.array([2.0, 3.0])
    assert get_metric(name).compute(truth, prediction) == pytest.approx(value)


def test_a_class_that_a_part_lacks_is_no_trouble():
    three = np.column_stack([SHARES, np.zeros(4)])
    for metric in metrics_of("classification"):
        assert math.isfinite(metric.compute(TRUTH, three))


def test_a_certain_mistake_has_a_finite_log_loss():
    certain = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    assert 5 < get_metric("log_loss").compute(TRUTH, certain) < 50


def test_defaults_and_directions():
    assert default_metric("classification").name == "accuracy"
    assert default_metric("regression").name == "rmse"
    maximised = {m.name for m in METRICS.values() if m.direction == "maximize"}
    assert maximised == {"accuracy", "balanced_accuracy", "f1_macro", "roc_auc", "r2"}


def test_an_unknown_metric_suggests_the_nearest():
    with pytest.raises(UserError, match=r"No metric is called 'acuracy'\. Try accuracy"):
        get_metric("acuracy")
