"""Each symptom on curves that show it, and on a healthy one that shows none."""

import numpy as np
import pytest
from curves import CLASSES, OWN, SPACE, trial

from advisor.diagnosis import SYMPTOMS, diagnose, remedies_for
from knowledge_base.records import EpochRecord, TrialRecord
from knowledge_base.space import SpaceDefinition


def labels(one, best=None, task=CLASSES, classes=10):
    return diagnose(one, task, SPACE, classes, best).labels


BOUNCE = [1.0 + 0.4 * (-1) ** i for i in range(20)]
RISING = np.geomspace(1e-5, 1e-3, 20)
SICK = {
    "exploding_gradients": trial(gradient_norm=[1.0] * 5 + [1e5] * 15),
    "diverging": trial(train_loss=np.geomspace(2, 400, 20), val_loss=np.geomspace(2, 400, 20)),
    "dead_units": trial(dead_units=0.8),
    "vanishing_gradients": trial(gradient_ratio=1e-6),
    "oscillation": trial(val_loss=BOUNCE, train_loss=BOUNCE),
    "stopped_in_warmup": trial(learning_rate=RISING, config={"warmup_epochs": 25}),
    "plateau": trial(train_loss=np.linspace(2.5, 2.2, 20), val_loss=np.linspace(2.5, 2.2, 20)),
    "not_enough_epochs": trial(3, config={"epochs": 3}),
    "overfitting": trial(
        train_loss=0.01, val_loss=np.linspace(0.8, 2.0, 20), train_metric=1.0, val_metric=0.6
    ),
    "underfitting": trial(value=0.4, train_loss=1.5, val_loss=1.5, train_metric=0.41,
                          val_metric=0.4),
}  # fmt: skip


def test_every_symptom_has_a_case():
    assert set(SICK) == {symptom.name for symptom in SYMPTOMS}


@pytest.mark.parametrize("name", SICK)
def test_a_symptom_is_seen_with_numbers_and_remedies(name):
    found = diagnose(SICK[name], CLASSES, SPACE, 10, 0.95)
    (finding,) = [finding for finding in found.findings if finding.name == name]
    assert any(letter.isdigit() for letter in finding.evidence)
    assert finding.remedies
    assert {remedy.hyperparameter for remedy in finding.remedies} <= set(SPACE.hyperparameters)


@pytest.mark.parametrize("best", [None, 0.96])
def test_a_healthy_trial_has_no_finding(best):
    found = diagnose(trial(), CLASSES, SPACE, 10, best)
    assert found.findings == ()
    assert found.unjudged == ()


def test_causes_hide_their_consequences():
    stuck = {"train_loss": 2.3, "val_loss": 2.3, "train_metric": 0.1, "val_metric": 0.1}
    falling = np.linspace(2.5, 2.3, 20)
    dead = trial(dead_units=1.0, **stuck | {"val_loss": falling, "train_loss": falling})
    assert "plateau" in labels(trial(**stuck | {"val_loss": falling, "train_loss": falling}))
    assert "plateau" not in labels(dead)


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e3])
def test_losses_in_any_unit_are_judged_alike(scale):
    for name in ("oscillation", "overfitting", "plateau", "diverging"):
        sick = SICK[name]
        curve = tuple(
            EpochRecord(e.epoch, e.train_loss * scale, e.val_loss * scale) for e in sick.curve
        )
        own = TrialRecord("s", 0, {}, "complete", 1.0, curve=curve)
        assert name in diagnose(own, OWN).labels
    healthy = tuple(
        EpochRecord(e.epoch, e.train_loss * scale, e.val_loss * scale) for e in trial().curve
    )
    assert diagnose(TrialRecord("s", 0, {}, "complete", 1.0, curve=healthy), OWN).labels == ()


def test_older_curves_are_judged_as_far_as_they_go():
    gone = dict.fromkeys(("gradient_max", "gradient_ratio", "dead_units", "loss_spread"))
    found = diagnose(trial(**gone), CLASSES, SPACE, 10)
    assert found.findings == ()
    assert any("dead ReLUs: no dead_units" in text for text in found.unjudged)
    assert any("vanishing gradients: no gradient_ratio" in text for text in found.unjudged)
    assert not any("overfitting" in text for text in found.unjudged)


def test_a_trial_without_a_curve_says_what_is_missing():
    found = diagnose(TrialRecord("s", 0, {}, "complete", 1.0), OWN)
    assert found.labels == ()
    assert len(found.unjudged) >= len(SYMPTOMS) - 2


def test_the_reason_of_a_divergence_is_the_evidence():
    error = "the gradients exploded in epoch 1 (mean norm 1e+09)"
    lost = TrialRecord("s", 0, SPACE.default(), "diverged", error=error,
                       curve=(EpochRecord(1, gradient_max=1e9),))  # fmt: skip
    found = diagnose(lost, CLASSES, SPACE, 10)
    assert found.labels == ("exploding_gradients", "diverging")
    assert "1e+09" in found.findings[0].evidence


def test_remedies_leave_out_what_the_trial_does_already():
    config = {**SPACE.default(), "dropout": 0.7, "weight_decay": 1e-6}
    names = [remedy.hyperparameter for remedy in remedies_for("overfitting", SPACE, config)]
    assert "dropout" not in names  # at its bound
    assert names[0] == "weight_decay"
    layer = {**SPACE.default(), "normalisation": "layer"}
    vanishing = remedies_for("vanishing_gradients", SPACE, layer)
    assert "normalisation" not in [remedy.hyperparameter for remedy in vanishing]


def test_what_the_space_lacks_is_advice_and_aliases_are_found():
    space = SpaceDefinition.from_dict(
        {"name": "own", "hyperparameters": {"lr": {"type": "float", "low": 1e-5, "high": 1.0}}},
        where="a test",
    )
    sick = SICK["plateau"]
    own = TrialRecord("s", 0, {"lr": 1e-4}, "complete", 1.0, curve=sick.curve)
    (finding,) = diagnose(own, OWN, space).findings
    assert [(r.hyperparameter, r.direction) for r in finding.remedies] == [("lr", "more")]
    assert any("optimizer" in text for text in finding.advice)


def test_a_warm_up_that_ended_is_no_finding():
    rates = [*np.linspace(1e-4, 1e-3, 10), *[1e-3] * 10]
    assert labels(trial(learning_rate=rates, config={"warmup_epochs": 9})) == ()


def test_an_early_stop_is_no_lack_of_epochs():
    assert labels(trial(3, config={"epochs": 30})) == ()
