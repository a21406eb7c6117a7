import dataclasses

import numpy as np
import pytest
import torch

from advisor.data import load_dataset, prepare
from advisor.models import MLP
from advisor.training import StopTrial, train
from knowledge_base.errors import UserError

CLASSES = ["accuracy", "balanced_accuracy", "f1_macro", "roc_auc", "log_loss"]
VALIDATION = {"classification": CLASSES, "regression": ["mae", "r2", "rmse"]}


def fit(family, config, data, **more):
    metric = "accuracy" if data.kind == "classification" else "rmse"
    return train(family, config, data, **{"metric": metric, "seed": 0, "device": "cpu", **more})


def test_a_class_is_learnt(family, config, classes):
    outcome = fit(family, config(learning_rate=0.01), classes)
    majority = np.bincount(classes.y_valid).max() / len(classes.y_valid)
    assert outcome.state == "complete"
    assert outcome.value > majority + 0.2
    assert outcome.metrics["test_accuracy"] > majority + 0.2
    assert outcome.curve[-1].train_loss < outcome.curve[0].train_loss


def test_a_number_is_learnt_in_its_own_unit(family, config, numbers):
    outcome = fit(family, config(learning_rate=0.01), numbers)
    spread = numbers.y_valid.std() * numbers.target_scale
    assert outcome.value < 0.7 * spread
    assert outcome.metrics["val_r2"] == pytest.approx(1 - (outcome.value / spread) ** 2, abs=1e-3)


@pytest.mark.parametrize("data", ["classes", "numbers"])
def test_all_metrics_of_both_parts_are_kept(family, config, data, request):
    data = request.getfixturevalue(data)
    outcome = fit(family, config(), data, max_epochs=2)
    names = {f"{part}_{name}" for part in ("val", "test") for name in VALIDATION[data.kind]}
    assert set(outcome.metrics) == names | {"best_epoch"}


def test_the_value_is_that_of_the_best_epoch(family, config, classes):
    outcome = fit(family, config(learning_rate=0.05), classes)
    values = [epoch.val_metric for epoch in outcome.curve]
    assert outcome.value == max(values) == outcome.metrics["val_accuracy"]
    assert outcome.metrics["best_epoch"] == values.index(max(values)) + 1


def test_the_best_epochs_weights_are_tested(family, config, numbers):
    """Training on longer must not change what is reported of an early best epoch."""
    wild = config(learning_rate=0.08, weight_decay=1e-4, schedule="constant", n_layers=4)
    long = fit(family, wild, numbers, max_epochs=20, patience=20)
    best = int(long.metrics["best_epoch"])
    assert best < 20
    short = fit(family, wild, numbers, max_epochs=best, patience=20)
    assert short.metrics == long.metrics


def test_the_curve_has_every_epoch_and_every_number(family, config, classes):
    outcome = fit(family, config(), classes, max_epochs=4, patience=4)
    assert [epoch.epoch for epoch in outcome.curve] == [1, 2, 3, 4]
    assert outcome.epochs == 4
    for epoch in outcome.curve:
        assert None not in dataclasses.asdict(epoch).values()
        assert epoch.gradient_norm > 0


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("data", ["classes", "numbers"])
def test_the_same_seed_gives_the_same_curve(family, config, data, optimizer, request):
    data = request.getfixturevalue(data)
    chosen = config(optimizer=optimizer, dropout=0.3)
    first, again = (fit(family, chosen, data, max_epochs=3) for _ in range(2))
    assert first.curve == again.curve
    assert first.metrics == again.metrics
    assert fit(family, chosen, data, max_epochs=3, seed=1).curve != first.curve


def test_the_global_random_state_is_neither_used_nor_changed(family, config, classes):
    torch.manual_seed(7)
    first = fit(family, config(), classes, max_epochs=2)
    after = torch.rand(3)
    torch.manual_seed(7)
    assert torch.equal(after, torch.rand(3))
    torch.manual_seed(8)
    assert fit(family, config(), classes, max_epochs=2).curve == first.curve


def test_training_ends_when_the_metric_stands_still(family, config, classes):
    still = config(learning_rate=1e-5)
    outcome = fit(family, still, classes, max_epochs=30, patience=3)
    assert outcome.epochs == outcome.metrics["best_epoch"] + 3 < 30


def test_a_huge_learning_rate_diverges_with_a_reason(family, config, numbers):
    outcome = fit(family, config(learning_rate=1.0, optimizer="sgd", momentum=0.99), numbers)
    assert outcome.state == "diverged"
    assert outcome.value is None
    assert outcome.metrics == {}
    assert "epoch" in outcome.error
    assert len(outcome.curve) == outcome.epochs >= 1


def test_non_finite_inputs_diverge_at_once(family, config, classes):
    x = classes.x_train.copy()
    x[3, 2] = np.nan
    outcome = fit(family, config(), dataclasses.replace(classes, x_train=x))
    assert (outcome.state, outcome.epochs) == ("diverged", 1)
    assert outcome.error == "the training loss became non-finite in epoch 1"
    assert outcome.curve[0].train_loss is None


def test_exploding_gradients_diverge(family, config, numbers):
    huge = dataclasses.replace(numbers, y_train=numbers.y_train * 1e9)
    outcome = fit(family, config(), huge)
    assert outcome.state == "diverged"
    assert "gradients exploded in epoch 1" in outcome.error


def test_a_failing_validation_diverges(family, config, classes):
    x = classes.x_valid.copy()
    x[0, 0] = np.nan
    outcome = fit(family, config(), dataclasses.replace(classes, x_valid=x))
    assert outcome.state == "diverged"
    assert "validation outputs" in outcome.error


@pytest.mark.parametrize("normalisation", ["none", "batch", "layer"])
@pytest.mark.parametrize("rows", [17, 33])
def test_a_last_batch_of_one_row_is_no_trouble(family, config, classes, rows, normalisation):
    x, y = classes.x_train[:rows], classes.y_train[:rows]
    data = dataclasses.replace(classes, x_train=x, y_train=y)
    outcome = fit(family, config(batch_size=16, normalisation=normalisation), data, max_epochs=2)
    assert outcome.state == "complete"


def test_a_batch_larger_than_the_training_part(family, config, classes):
    outcome = fit(family, config(batch_size=512, normalisation="batch"), classes, max_epochs=2)
    assert outcome.state == "complete"


def test_a_report_can_stop_a_trial(family, config, classes):
    seen = []

    def report(epoch):
        seen.append(epoch)
        if epoch.epoch == 3:
            raise StopTrial("time is up")

    outcome = fit(family, config(), classes, report=report)
    assert (outcome.state, outcome.epochs, outcome.error) == ("stopped", 3, "time is up")
    assert outcome.value == max(epoch.val_metric for epoch in seen)
    assert tuple(seen) == outcome.curve
    assert "test_accuracy" in outcome.metrics


def test_other_errors_of_a_report_are_raised(family, config, classes):
    def report(epoch):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fit(family, config(), classes, report=report)


def test_errors_of_the_network_are_raised(config, classes):
    class Broken(MLP):
        def build(self, config, data):
            return torch.nn.Linear(data.n_inputs + 1, data.n_outputs)

    with pytest.raises(RuntimeError, match="shapes"):
        fit(Broken(), config(), classes)


def test_a_metric_of_the_other_kind_is_refused(family, config, classes):
    with pytest.raises(UserError, match="rmse is not one of classification; choose from accuracy"):
        fit(family, config(), classes, metric="rmse")


def test_minimised_metrics_choose_the_smallest(family, config, classes):
    outcome = fit(family, config(learning_rate=0.02), classes, metric="log_loss")
    assert outcome.value == min(epoch.val_metric for epoch in outcome.curve)


def test_parameters_are_counted(family, config, classes):
    outcome = fit(family, config(n_layers=1, units=16), classes, max_epochs=1)
    assert outcome.n_params == (5 * 16 + 16) + (16 * 2 + 2)


def test_real_data_from_file_to_outcome(family):
    data = prepare(load_dataset("sklearn:wine"), 0)
    outcome = fit(family, family.default(), data)
    assert outcome.state == "complete"
    assert outcome.metrics["test_accuracy"] > 0.85


def test_the_schedule_is_followed_and_recorded(family, config, classes):
    chosen = config(schedule="step", learning_rate=0.01)
    outcome = fit(family, chosen, classes, max_epochs=4, patience=4)
    rates = [epoch.learning_rate for epoch in outcome.curve]
    assert rates == pytest.approx([0.01, 0.01, 0.001, 0.0001])


def test_clipping_limits_the_step_but_not_the_recorded_norm(family, config, numbers):
    """With one batch per epoch and plain SGD, the first epoch's norm is that before the step."""
    plain = {"optimizer": "sgd", "momentum": 0.0, "batch_size": 512, "learning_rate": 1e-3}
    free, clipped = (
        fit(family, config(**plain, gradient_clipping=limit), numbers, max_epochs=2)
        for limit in ("off", "0.1")
    )
    assert free.curve[0].gradient_norm == clipped.curve[0].gradient_norm > 0.1
    drop = [run.curve[0].train_loss - run.curve[1].train_loss for run in (free, clipped)]
    assert drop[0] > 2 * abs(drop[1])
