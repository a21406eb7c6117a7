import math

import numpy as np
import pytest
import sklearn.metrics as sk

from advisor.metrics import METRICS, check_computable, default_metric, get_metric, metrics_of
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


# Against scikit-learn, and by hand


RNG = np.random.default_rng(0)
MANY = RNG.integers(0, 4, 200)
CHANCES = RNG.dirichlet(np.ones(4), 200)


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("accuracy", lambda: sk.accuracy_score(MANY, CHANCES.argmax(1))),
        ("balanced_accuracy", lambda: sk.balanced_accuracy_score(MANY, CHANCES.argmax(1))),
        ("f1_macro", lambda: sk.f1_score(MANY, CHANCES.argmax(1), average="macro")),
        ("roc_auc", lambda: sk.roc_auc_score(MANY, CHANCES, multi_class="ovr")),
        ("log_loss", lambda: sk.log_loss(MANY, CHANCES)),
    ],
)
def test_four_classes_as_scikit_learn_has_it(name, theirs):
    assert get_metric(name).compute(MANY, CHANCES) == pytest.approx(theirs())


def test_two_classes_as_scikit_learn_has_it():
    truth, chances = MANY % 2, RNG.dirichlet(np.ones(2), 200)
    found = get_metric("roc_auc").compute(truth, chances)
    assert found == pytest.approx(sk.roc_auc_score(truth, chances[:, 1]))
    assert get_metric("f1_macro").compute(truth, chances) == pytest.approx(
        sk.f1_score(truth, chances.argmax(1), average="macro")
    )


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("digits", [1, 9])
def test_to_the_last_digit_as_scikit_learn_has_it_with_ties_and_without(digits, kind):
    """Values of trials that are trained again are compared with those that ship."""
    chances = np.round(CHANCES, digits)
    chances = (chances / chances.sum(1, keepdims=True)).astype(kind).clip(0, 1)
    areas = [sk.roc_auc_score(place == MANY, chances[:, place]) for place in range(4)]
    found = {name: get_metric(name).compute(MANY, chances) for name in ("roc_auc", "log_loss")}
    assert found == {"roc_auc": np.mean(areas), "log_loss": sk.log_loss(MANY, chances)}


def test_r2_as_scikit_learn_has_it():
    truth = RNG.normal(size=50)
    for known, said in ((truth, truth + RNG.normal(size=50)), (np.ones(4), np.ones(4)),
                        (np.ones(4), np.arange(4.0))):  # fmt: skip
        assert get_metric("r2").compute(known, said) == sk.r2_score(known, said)
    assert math.isnan(get_metric("r2").compute(truth[:1], truth[:1]))


def test_a_class_that_is_only_predicted_counts_for_f1_as_scikit_learn_has_it():
    truth = np.array([0, 1, 1, 0])
    chances = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    found = get_metric("f1_macro").compute(truth, chances)
    assert found == pytest.approx(5 / 9)
    assert found == pytest.approx(sk.f1_score(truth, chances.argmax(1), average="macro"))


def test_a_metric_without_a_value_is_refused_before_training():
    check_computable(get_metric("accuracy"), np.zeros(5, int), 2, "validation")
    check_computable(get_metric("roc_auc"), np.array([0, 1]), 2, "validation")
    with pytest.raises(UserError, match="roc_auc has no value on the validation part"):
        check_computable(get_metric("roc_auc"), np.zeros(5, int), 2, "validation")


def test_roc_auc_of_one_class_is_undefined():
    assert math.isnan(get_metric("roc_auc").compute(np.zeros(5, int), CHANCES[:5]))


TRUE = np.array([[10.0, 20.0], [0.0, 4.0]])
FORECAST = np.array([[12.0, 16.0], [0.0, 4.5]])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rmse", math.sqrt((4 + 16 + 0 + 0.25) / 4)),
        ("mae", (2 + 4 + 0 + 0.5) / 4),
        ("smape", 100 * (2 * 2 / 22 + 2 * 4 / 36 + 0 + 2 * 0.5 / 8.5) / 4),
        ("mase", (2 / 2 + 4 / 2 + 0 / 0.5 + 0.5 / 0.5) / 4),
    ],
)
def test_forecasts(name, value):
    """Of all steps of all forecasts; for MASE the two come from series of different scales."""
    naive = np.array([2.0, 0.5])
    assert get_metric(name).compute(TRUE, FORECAST, naive) == pytest.approx(value)


def test_mase_of_the_naive_forecast_on_what_it_is_scaled_by_is_one():
    values = RNG.normal(size=50).cumsum()
    naive = np.full(49, np.abs(np.diff(values)).mean())
    found = get_metric("mase").compute(values[1:, None], values[:-1, None], naive)
    assert found == pytest.approx(1.0)


def test_rows_without_a_scale_do_not_count_for_mase():
    metric = get_metric("mase")
    assert metric.compute(TRUE, FORECAST, np.array([2.0, np.nan])) == pytest.approx(1.5)
    assert math.isnan(metric.compute(TRUE, FORECAST, np.full(2, np.nan)))


@pytest.mark.parametrize("name", METRICS)
def test_the_direction_is_towards_the_truth(name):
    metric = get_metric(name)
    if "classification" in metric.kinds:
        truth, right = MANY, np.eye(4)[MANY] * 0.9 + 0.025
        wrong = right[RNG.permutation(200)]
    else:
        truth = right = RNG.normal(size=(30, 2)) + 5
        wrong = right + 1
        if metric.kinds == ("regression",):
            truth, right, wrong = truth[:, 0], right[:, 0], wrong[:, 0]
    naive = np.ones(len(truth))
    good, bad = (metric.compute(truth, given, naive) for given in (right, wrong))
    assert (good > bad) == (metric.direction == "maximize")
    assert good != bad
