"""No search guesses which way its metric goes."""

import optuna
import pytest

from advisor import Tuner, UserError
from advisor.contribution import _direction_of
from advisor.directions import said_direction
from advisor.integrations.optuna import AdvisorSampler
from knowledge_base.space import SpaceDefinition

optuna.logging.set_verbosity(optuna.logging.ERROR)
SPACE = SpaceDefinition.from_dict(
    {"name": "s", "hyperparameters": {"x": {"type": "float", "low": 0, "high": 1}}}
)


@pytest.mark.parametrize(
    ("metric", "direction"),
    [("accuracy", "maximize"), ("loss", "minimize"), ("val/AUC", "maximize"), ("rmse", "minimize")],
)
def test_the_direction_of_a_known_metric_is_known(metric, direction):
    tuner = Tuner.create(SPACE, metric=metric, n_warm=0)
    assert tuner.study.task.direction == direction
    for value in (0.2, 0.9, 0.5):
        tuner.tell(tuner.ask(), value)
    assert tuner.best.value == {"maximize": 0.9, "minimize": 0.2}[direction]


def test_without_a_word_it_is_a_loss():
    assert Tuner.create(SPACE).study.task.direction == "minimize"


def test_of_another_metric_it_must_be_said():
    with pytest.raises(
        UserError, match=r"Whether score is .* not known by its name; say"
    ) as caught:
        Tuner.create(SPACE, metric="score")
    assert "\n" not in str(caught.value)
    assert Tuner.create(SPACE, metric="score", direction="maximize").study.task.metric == "score"
    assert Tuner.create(SPACE, metric="accuracy", direction="minimize").strategy.sign == -1
    with pytest.raises(UserError, match="direction"):
        Tuner.create(SPACE, metric="score", direction="upwards")
    with pytest.raises(UserError, match=r"must be said: `direction=minimize`"):
        said_direction(None, None)


def test_a_study_of_optuna_that_goes_the_other_way_is_told(caplog):
    """Optuna minimises where nobody says anything."""
    study = optuna.create_study(study_name="s", sampler=AdvisorSampler(metric="accuracy"))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    (line,) = [line for line in caplog.messages if "accuracy" in line]
    assert line.startswith("accuracy is minimised here, as `direction=minimize` says.")
    assert line.endswith("So says the study of Optuna 's'.")
    caplog.clear()
    study = optuna.create_study(direction="maximize", sampler=AdvisorSampler(metric="accuracy"))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    assert "accuracy" not in caplog.text


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        # As earlier versions read them, so that what was read before is the same task again.
        ("accuracy", "maximize"), ("val_accuracy", "maximize"), ("box_loss", "minimize"),
        # What they read the wrong way, so that it is a new task now, and what they did not know.
        ("neg_log_loss", "maximize"),
        ("f1", "maximize"), ("perplexity", "minimize"), ("score", None),
    ],
)  # fmt: skip
def test_past_runs_keep_the_direction_that_they_were_read_with(metric, direction):
    assert _direction_of(metric) == direction
