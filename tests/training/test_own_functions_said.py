"""What is said of a user's own function, and what must be: direction, task and failures."""

import math
import os
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from sklearn.metrics import get_scorer_names

from advisor import Advisor
from advisor.cli import main
from advisor.directions import usual_direction
from advisor.metrics import METRICS
from advisor.problem import problem_of
from advisor.settings import Settings
from advisor.training.objective import FunctionObjective, Reporter
from advisor.training.report import StopTrial, as_report
from advisor.training.reporter import Asked
from advisor.tuning import run
from advisor.tuning.search import resume, start
from advisor.tuning.tuner import Tuner
from knowledge_base import KnowledgeBase, SpaceDefinition, UserError
from knowledge_base.records import TIME_OVER
from knowledge_base.studies import StudyDirectory

SPACE = SpaceDefinition.from_dict(
    {"name": "own", "hyperparameters": {"x": {"type": "float", "low": 0, "high": 1}}}
)


def value(config, report):
    return config["x"]


def failing(config, report):
    raise ValueError(f"not with {config['x']}")


def lost(config, report):
    return math.nan


@pytest.fixture
def advisor(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Advisor(KnowledgeBase(tmp_path / "k.duckdb", seed=False))


@pytest.fixture
def tune(advisor):
    """Return what runs a cold search of a function."""

    def tuned(function=value, trials=4, **more):
        asked = {"strategy": "random", "n_warm": 0, "trials": trials, **more}
        return advisor.tune(objective=function, space=SPACE, **asked)

    return tuned


# The direction


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("accuracy", "maximize"), ("val_acc", "maximize"), ("val/F1-macro", "maximize"),
        ("test AUROC", "maximize"), ("mean_average_precision", "maximize"), ("R2", "maximize"),
        ("loss", "minimize"), ("eval_loss", "minimize"), ("Validation RMSE", "minimize"),
        ("neg_mean_squared_error", "maximize"), ("neg_log_loss", "maximize"),
        ("brier_score", "minimize"), ("value", None), ("score", None), ("1 - accuracy", None),
        ("accuracy_loss_ratio", None), ("", None), ("val", None),
    ],
)  # fmt: skip
def test_names_tell_directions_where_all_mean_the_same(name, direction):
    assert usual_direction(name) == direction


USUAL = {
    "Lightning": ("val_loss", "minimize"), "an epoch": ("train/loss_epoch", "minimize"),
    "a step": ("train_loss_step", "minimize"),
    "data loaders": ("val_acc/dataloader_idx_0", "maximize"),
    "TorchMetrics": ("val_MulticlassF1Score", "maximize"),
    "its errors": ("MeanSquaredError", "minimize"), "its areas": ("BinaryAUROC", "maximize"),
    "Trainer": ("eval_loss", "minimize"), "a metric of it": ("eval_accuracy", "maximize"),
    "summaries": ("eval_rougeLsum", "maximize"), "GLUE": ("eval_matthews_correlation", "maximize"),
    "SQuAD": ("eval_exact_match", "maximize"), "words": ("eval_wer", "minimize"),
    "Keras": ("val_sparse_categorical_accuracy", "maximize"),
    "its losses": ("val_binary_crossentropy", "minimize"), "a second one": ("auc_1", "maximize"),
    "XGBoost": ("validation_0-mlogloss", "minimize"), "LightGBM": ("binary_logloss", "minimize"),
    "a loss": ("val/focal_loss", "minimize"), "all losses": ("total_loss", "minimize"),
    "RL": ("rollout/ep_rew_mean", "maximize"), "SMAC": ("cost", "minimize"),
    "places": ("ndcg@10", "maximize"), "camels": ("valAcc", "maximize"),
    "likelihood": ("log_likelihood", "maximize"), "NLL": ("negative_log_likelihood", "minimize"),
    "negated": ("-loss", "maximize"), "minus": ("minus_val_loss", "maximize"),
    "rests": ("one_minus_accuracy", None),
    "complements": ("val/1-accuracy", None), "inverses": ("inverse_loss", None),
    "times": ("eval_runtime", None), "similarity": ("cosine_similarity", None),
}  # fmt: skip


@pytest.mark.parametrize("name", USUAL)
def test_names_of_other_tools_tell_directions(name):
    metric, direction = USUAL[name]
    assert usual_direction(metric) == direction


def test_whatever_scikit_learn_scores_by_is_maximised():
    assert [name for name in get_scorer_names() if usual_direction(name) != "maximize"] == []


def test_our_own_metrics_go_the_way_that_they_do():
    assert {name: usual_direction(name) for name in METRICS} == {
        name: metric.direction for name, metric in METRICS.items()
    }


@pytest.mark.parametrize("more", [{}, {"metric": "fitness"}])
def test_a_direction_that_nobody_knows_must_be_said(advisor, tune, more):
    calls = (
        lambda: tune(**more),
        lambda: advisor.compare(objective=value, space=SPACE, trials=2, **more),
    )
    for call in calls:
        with pytest.raises(UserError, match="minimised or maximised") as told:
            call()
        for choice in ("`direction=minimize`", "`direction=maximize`"):
            assert choice in str(told.value)
    assert not advisor.kb.studies_root.exists() or not list(advisor.kb.studies_root.iterdir())


def test_a_metric_that_is_known_says_its_direction(tune):
    for metric, best in (("val_accuracy", max), ("val_loss", min)):
        found = tune(metric=metric)
        assert found.tuner.best.value == best(trial.value for trial in found.tuner.trials)


def test_who_says_another_direction_is_asked_for_nothing_but_hears_of_it(tune):
    with pytest.warns(UserWarning, match="accuracy is minimised here, as `direction=minimize`"):
        found = tune(metric="accuracy", direction="minimize")
    assert found.tuner.best.value == min(trial.value for trial in found.tuner.trials)


@pytest.fixture
def older(tmp_path, monkeypatch):
    """Settings without a direction, and a study that an older version began with them."""
    monkeypatch.chdir(tmp_path)
    Path("space.yaml").write_text(
        "{name: own, hyperparameters: {x: {type: float, low: 0, high: 1}}}"
    )
    Path("own_said.py").write_text("def train(config, report):\n    return config['x']\n")
    kb = KnowledgeBase(tmp_path / "k.duckdb", seed=False)

    def begun(metric=None):
        plain = Settings(objective="own_said.py:train", space="space.yaml", trials=1, metric=metric)
        path = start(replace(plain, direction="minimize"), kb, contribute=False).path
        directory = StudyDirectory.open(path)
        directory.change_settings({"direction": None, "signature": plain.signature})
        return plain, path, kb

    return begun


def test_an_older_study_goes_on_as_it_began(older):
    plain, path, kb = older()
    for asked in (plain, replace(plain, direction="minimize")):
        found = resume(asked, kb)
        assert (found.path, found.tuner.study.task.direction) == (path, "minimize")
        assert found.notes == []


def test_an_older_study_that_goes_the_wrong_way_says_so(older):
    plain, path, kb = older("accuracy")
    (note,) = resume(plain, kb).notes
    assert "accuracy is minimised in this study, as it was begun" in note
    # Who says what is meant does not get it, and is told so.
    meant = replace(plain, direction="maximize")
    with pytest.raises(UserError, match="with `direction=minimize`, which it keeps"):
        resume(meant, kb, path.name)
    with pytest.raises(UserError, match="was started with these"):
        resume(meant, kb)


@pytest.mark.parametrize(("name", "said"), [("metric", "loss"), ("task", "other")])
def test_a_study_keeps_its_metric_and_its_task(older, name, said):
    _, path, kb = older()
    with pytest.raises(UserError, match=f"was begun with `{name}="):
        resume(Settings(**{name: said}), kb, path.name)


# The task


def test_tasks_have_the_name_that_is_given_or_that_of_their_place(older, tmp_path, monkeypatch):
    plain, _, _ = older("loss")
    names = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "own_said.py").write_text(Path(tmp_path / "own_said.py").read_text())
        monkeypatch.chdir(tmp_path / folder)
        asked = replace(plain, space=str(tmp_path / "space.yaml"))
        names += [problem_of(each).task.name for each in (asked, replace(asked, task=" mine "))]
    assert names[1] == names[3] == "mine"
    assert names[0] != names[2]
    assert all(name.startswith("own_said ") for name in names[::2])


def test_functions_of_two_notebooks_are_two_tasks(advisor, tmp_path, monkeypatch):
    cell = {}
    exec("def train(config, report):\n    return 0.0\n", cell)  # No file holds it.
    asked = Settings(objective=cell["train"], space=SPACE, metric="loss")
    first = problem_of(asked).task.name
    assert problem_of(asked).task.name == first
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert problem_of(asked).task.name != first


def test_a_task_is_no_name_for_data():
    with pytest.raises(UserError, match=r"with data, these are the task.*`family`"):
        Settings(data="x.csv", module="net.py:build", task="mine")
    with pytest.raises(UserError, match="`task` is the name"):
        Settings(objective=value, task=" ")
    asked = Settings(objective=value, space=SPACE)
    assert asked.signature != replace(asked, task="x").signature


def test_the_command_line_takes_a_task_and_says_options(older):
    words = "tune --objective own_said.py:train --space space.yaml --trials 1 --warm 0"
    older()
    refused = CliRunner().invoke(main, words.split())
    assert refused.exit_code == 2
    assert "--direction minimize" in refused.stderr
    assert "--direction maximize" in refused.stderr
    done = CliRunner().invoke(main, [*words.split(), "--metric", "loss", "--task", "mine"])
    assert done.exit_code == 0, done.output
    assert KnowledgeBase(seed=False).tasks()["name"].tolist() == ["mine"]


# The value


@pytest.mark.parametrize(
    ("returned", "found"),
    [
        ({"accuracy": 0.5, "loss": 2}, (0.5, {"loss": 2.0})),
        ({"value": 0.25, "accuracy": 0.5}, (0.25, {"accuracy": 0.5})),
    ],
)
def test_the_value_may_have_the_name_of_the_metric(returned, found):
    outcome = FunctionObjective(lambda c, r: returned, "maximize", "accuracy").evaluate(
        {}, as_report(None)
    )
    assert (outcome.value, outcome.metrics) == found


def test_what_was_reported_comes_before_a_metric_of_that_name():
    def train(config, report):
        report(accuracy=0.75, train_loss=1.0)
        report(0.5)
        return {"accuracy": 0.125}

    outcome = FunctionObjective(train, "maximize", "accuracy").evaluate({}, as_report(None))
    assert outcome.value == 0.75
    assert [epoch.val_metric for epoch in outcome.curve] == [0.75, 0.5]
    assert outcome.metrics == {"accuracy": 0.125}


def test_a_metric_that_is_part_of_curves_is_both():
    report = Reporter(as_report(None), (), Asked(metric="val_loss"))
    report(val_loss=0.5)
    assert (report.curve[0].val_metric, report.curve[0].val_loss) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("train", "says"),
    [
        (lambda c, r: None, "neither returned nor reported a value: let it return a number"),
        (lambda c, r: {"acc": 1}, "returned acc, but no 'value' or 'accuracy': return"),
        (lambda c, r: r(acc=0.5), r"'acc' is neither the metric .* \('accuracy'\) nor part of a"),
    ],
)
def test_a_value_that_is_not_found_says_what_to_do(train, says):
    with pytest.raises((ValueError, TypeError), match=says):
        FunctionObjective(train, "maximize", "accuracy").evaluate({}, as_report(None))


# Failures


def test_a_kind_of_error_is_told_from_python_once_and_what_to_do(tune):
    with pytest.warns(UserWarning, match="succeeded") as told:
        found = tune(failing, metric="loss")
    texts = [str(each.message) for each in told]
    assert len(texts) == 2
    assert texts[0].startswith("Trial 0 failed: ValueError: not with ")
    assert "None of 4 trials succeeded. Last: ValueError: not with " in texts[1]
    assert f"Mend the function and search again; whole tracebacks are in {found.path}/" in texts[1]


def test_a_value_that_is_never_finite_is_told_from_the_first_trial_on(tune):
    with pytest.warns(UserWarning, match="succeeded") as told:
        tune(lost, metric="loss")
    texts = [str(each.message) for each in told]
    assert texts[0] == "Trial 0 diverged: the training function returned nan"
    assert "None of 4 trials succeeded. Last: the training function returned nan. " in texts[1]
    assert "No configuration gave a finite value" in texts[1]


def test_some_that_diverge_are_part_of_a_search(tune):
    numbers = iter((0.5, math.nan, 0.25, math.inf))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = tune(lambda config, report: next(numbers), metric="loss")
    assert found.tuner.best.value == 0.25


def test_a_comparison_from_python_tells_what_failed(advisor):
    with pytest.warns(UserWarning, match="succeeded") as told:
        advisor.compare(
            objective=failing, space=SPACE, trials=2, strategies=["random", "sobol"], metric="loss"
        )
    texts = [str(each.message) for each in told]
    assert sum(text.startswith("Trial ") for text in texts) == 1
    ends = [text for text in texts if "None of 2 trials succeeded" in text]
    assert [text.partition(",")[0] for text in ends] == ["random", "sobol"]


@pytest.mark.slow
def test_workers_tell_failures_as_well(tune):
    with pytest.warns(UserWarning, match="succeeded") as told:
        tune(failing, metric="loss", workers=2, trials=3)
    texts = [str(each.message) for each in told]
    assert sum(text.startswith("Trial ") for text in texts) == 1
    assert "None of 3 trials succeeded. Last: ValueError: not with " in texts[-1]


def test_a_time_limit_hides_no_failures(tmp_path):
    tuner = Tuner.create(SPACE, strategy="random", directory=tmp_path / "s")

    def train(config, report):
        if len(tuner.trials) < 2:
            raise ValueError("the reason")
        raise StopTrial(TIME_OVER)

    result = run(tuner, FunctionObjective(train, "minimize"), 9, timeout=30)
    assert result.reason == "failures"
    assert result.message.startswith(
        "The time limit of 30 s is over. None of 3 trials succeeded. Last: ValueError: the reason."
    )


def test_the_command_ends_with_1_where_all_failed_within_the_time(older):
    older()
    Path("own_said.py").write_text("def train(config, report):\n    raise ValueError('no')\n")
    words = "tune --objective own_said.py:train --space space.yaml --metric loss --warm 0"
    done = CliRunner().invoke(main, [*words.split(), "--trials", "3", "--timeout", "10m"])
    assert done.exit_code == 1
    assert done.stderr.count("failed: ValueError: no") == 1
    assert f"search again; whole tracebacks are in {os.getcwd()}" in done.stderr
