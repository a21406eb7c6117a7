"""What is stored here, seen by other tools; read back, it adds nothing."""

import gc
import importlib.util
import json
import sqlite3
import sys
import warnings
from types import ModuleType, SimpleNamespace

import optuna
import pytest
from click.testing import CliRunner

from advisor import Advisor, KnowledgeBase, Tuner
from advisor.cli import main
from advisor.training.outcome import Outcome
from knowledge_base.records import EpochRecord
from knowledge_base.space import SpaceDefinition

optuna.logging.set_verbosity(optuna.logging.ERROR)
SPACE = SpaceDefinition.from_dict({
    "name": "net",
    "hyperparameters": {
        "rate": {"type": "float", "low": 1e-4, "high": 1.0, "log": True},
        "units": {"type": "int", "low": 16, "high": 64, "step": 16},
        "optimizer": {"type": "categorical", "choices": ["adam", "sgd", None]},
        "momentum": {"type": "float", "low": 0.0, "high": 0.99},
    },
    "conditions": [{"child": "momentum", "parent": "optimizer", "type": "EQ", "value": "sgd"}],
})  # fmt: skip


@pytest.fixture
def kb(tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    tuner = Tuner.create(SPACE, kb=kb, name="digits-1", metric="accuracy", n_warm=0, seed=1)
    for number in range(6):
        value = 0.5 + number / 20
        curve = tuple(EpochRecord(e, val_metric=value - 0.1 / e) for e in (1, 2, 3))
        told = Outcome("complete", value, curve=curve, epochs=3, duration=2.0,
                       metrics={"test_accuracy": value / 2})  # fmt: skip
        if number == 4:
            told = Outcome("stopped", value, curve=curve[:2], epochs=2)
        if number == 5:
            told = Outcome("failed", error=f"OSError: no space in {tmp_path}/secret")
        tuner.tell(tuner.ask(), told)
    other = Tuner.create(SPACE, kb=kb, name="other", metric="loss", n_warm=0)
    other.tell(other.ask(), 0.25)
    return kb


def export(kb, *words):
    words = ["kb", "export", *words, "--kb", str(kb.path)]
    found = CliRunner().invoke(main, words, catch_exceptions=False)
    assert "Traceback" not in found.output
    return found


def test_a_study_is_one_of_optuna_with_all_that_it_shows(kb, tmp_path):
    url = f"sqlite:///{tmp_path / 'x.db'}"
    done = export(kb, "--to", "optuna", "--study", "digits-1", url)
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        f"Added 6 trials of digits-1 to {url}; 0 were there.",
        f"Look at them with: optuna-dashboard {url}",
    ]
    study = optuna.load_study(study_name="digits-1", storage=url)
    assert study.direction.name == "MAXIMIZE"
    assert study.metric_names == ["accuracy"]
    states = [trial.state.name for trial in study.trials]
    assert states == ["COMPLETE"] * 4 + ["PRUNED", "FAIL"]
    assert study.best_trial.value == 0.65
    stored = kb.trials(where=[("study_name", "=", "digits-1")])
    for trial, config in zip(study.trials, stored["config"], strict=True):
        assert trial.params == json.loads(config)
        assert set(trial.distributions) == set(trial.params)
    assert study.trials[0].distributions["units"].step == 16
    assert study.trials[0].distributions["rate"].log
    assert study.trials[0].intermediate_values == pytest.approx({0: 0.4, 1: 0.45, 2: 0.5 - 0.1 / 3})
    assert study.trials[1].user_attrs["test_accuracy"] == 0.275
    assert "OSError" in study.trials[5].user_attrs["error"]
    assert "secret" not in study.trials[5].user_attrs["error"]
    assert study.trials[0].duration.total_seconds() == pytest.approx(2.0)


def test_a_user_gets_no_warning_for_developers(kb, tmp_path):
    gc.collect()  # What other tests left open warns now and not within this one.
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        export(kb, "--to", "optuna", "--study", "digits-1", f"sqlite:///{tmp_path / 'x.db'}")
    assert [str(one.message) for one in told] == []


def test_all_of_ones_own_and_twice(kb, tmp_path):
    url = f"sqlite:///{tmp_path / 'x.db'}"
    assert export(kb, "--to", "optuna", url).output.startswith("Added 7 trials of")
    assert ": 7 were" not in (again := export(kb, "--to", "optuna", url).output)
    assert again.startswith("Added 0 trials of")
    assert again.splitlines()[0].endswith("7 were there.")
    assert sorted(optuna.get_all_study_names(url)) == ["digits-1", "other"]


@pytest.mark.parametrize("address", ["sqlite:///{}/x.db", "{}/x.log"])
def test_read_back_it_adds_nothing(kb, tmp_path, address):
    url = address.format(tmp_path)
    export(kb, "--to", "optuna", url)
    report = Advisor(kb).contribute(url, study_name="digits-1")
    assert (report.accepted, report.duplicates, report.rejected) == (0, 6, ())
    assert len(kb.tasks()) == 2
    elsewhere = KnowledgeBase(tmp_path / "new.duckdb", seed=False)
    assert Advisor(elsewhere).contribute(url, study_name="digits-1").accepted == 6
    (task,) = elsewhere.tasks().to_dict("records")
    assert (task["name"], task["metric"], task["family"]) == ("digits-1", "accuracy", "net")


@pytest.mark.slow
def test_a_shipped_task_is_shown(tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb")
    counts = kb.trials_of_tasks()
    task = min(counts, key=counts.get)
    url = f"sqlite:///{tmp_path / 'x.db'}"
    done = export(kb, "--to", "optuna", "--task", task, url)
    assert done.output.startswith(f"Added {counts[task]} trials of ")
    names = optuna.get_all_study_names(url)
    trials = [t for name in names for t in optuna.load_study(study_name=name, storage=url).trials]
    assert len(trials) == counts[task]
    assert any(trial.intermediate_values for trial in trials)
    for name in names:
        report = Advisor(kb).contribute(url, study_name=name)
        assert report.accepted == 0


def test_what_cannot_be_meant_is_said_in_one_line(kb, tmp_path):
    url = f"sqlite:///{tmp_path / 'x.db'}"
    for words, says in (
        (["--to", "optuna", "--study", "digit-1", url], "Did you mean 'digits-1'?"),
        (["--to", "optuna", "--study", "digits-1", "--task", "abcdef", url], "a study has one"),
        (["--to", "optuna", "--all", url], "are for exports into a folder"),
        (["--study", "digits-1", str(tmp_path / "out")], "say where with --to"),
        (["--to", "optuna", "nonsense://x"], "cannot be used as a storage of Optuna"),
        (["--to", "optuna", "--task", "abcdef", url], "No tasks begin with 'abcdef'"),
    ):
        done = export(kb, *words)
        assert done.exit_code == 2, done.output
        assert says in done.output
        assert len(done.output.splitlines()) == 1


def test_without_mlflow_it_says_what_to_install(kb, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mlflow", None)
    done = export(kb, "--to", "mlflow", str(tmp_path / "mlruns"))
    assert done.exit_code == 2
    assert done.output == (
        "Error: MLflow is not installed; run: pip install 'advisor-automl[mlflow]'\n"
    )


class Client:
    """Takes what a client of MLflow is told, as its newest versions call it."""

    def __init__(self, tracking_uri):
        self.uri, self.runs = tracking_uri, []
        self.experiment, self.tags = None, {}
        CLIENTS.append(self)

    def get_experiment_by_name(self, name):
        return self.experiment

    def create_experiment(self, name):
        self.experiment = SimpleNamespace(experiment_id=name)
        return name

    def set_experiment_tag(self, key, name, value):
        self.tags[key, name] = value

    def search_runs(self, experiments, max_results, page_token):
        return Page(SimpleNamespace(data=SimpleNamespace(tags=run["tags"])) for run in self.runs)

    def create_run(self, experiment, start_time, tags, run_name):
        self.runs.append({"tags": tags, "name": run_name, "started": start_time})
        return SimpleNamespace(info=SimpleNamespace(run_id=len(self.runs) - 1))

    def log_batch(self, run, **given):
        self.runs[run].update(given)

    def set_terminated(self, run, status, end_time):
        self.runs[run].update(status=status, ended=end_time)


class Page(list):
    """Runs, of which there are no more."""

    token = None


CLIENTS = []


def test_mlflow_is_told_what_each_run_was_by_tags(kb, monkeypatch):
    """The real one is asked below, where it is installed."""
    entities = ModuleType("mlflow.entities")
    entities.Param = entities.Metric = lambda *given: given
    exceptions = ModuleType("mlflow.exceptions")
    exceptions.MlflowException = RuntimeError
    whole = ModuleType("mlflow")
    whole.MlflowClient, whole.entities, whole.exceptions = Client, entities, exceptions
    for module in (whole, entities, exceptions):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    CLIENTS.clear()
    assert export(kb, "--to", "mlflow", "--study", "digits-1", "here").exit_code == 0
    (client,) = CLIENTS
    assert client.tags == {
        ("digits-1", "advisor.metric"): "accuracy",
        ("digits-1", "advisor.direction"): "maximize",
        ("digits-1", "mlflow.experimentKind"): "custom_model_development",
    }
    runs = {run["name"]: run for run in client.runs}
    assert sorted(runs) == [f"trial {number}" for number in range(6)]
    stored = kb.trials(where=[("study_name", "=", "digits-1")])
    assert {run["tags"]["advisor.trial"] for run in runs.values()} == set(stored["trial_id"])
    for name, state, status in (("trial 0", "complete", "FINISHED"),
                                ("trial 4", "stopped", "KILLED"),
                                ("trial 5", "failed", "FAILED")):  # fmt: skip
        tags = runs[name]["tags"]
        assert (tags["advisor.state"], runs[name]["status"]) == (state, status)
        assert tags["mlflow.source.name"] == "advisor"
        assert tags["mlflow.source.type"] == "LOCAL"
        assert all(isinstance(value, str) for value in tags.values())
        assert ("advisor.error" in tags) == (state == "failed")
    assert runs["trial 0"]["tags"]["advisor.epochs"] == "3"
    error = runs["trial 5"]["tags"]["advisor.error"]
    assert error.startswith("OSError")
    assert "secret" not in error


@pytest.mark.skipif(importlib.util.find_spec("mlflow") is None,
                    reason="pip install 'advisor-automl[mlflow]'")  # fmt: skip
@pytest.mark.parametrize("address", ["sqlite:///{}/m.db", "{}/mlruns"])
def test_mlflow_shows_it_and_read_back_it_adds_nothing(kb, tmp_path, address, monkeypatch):
    from mlflow import MlflowClient

    # Its newest versions keep files only for those who ask for it.
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.chdir(tmp_path)
    uri = address.format(tmp_path)
    done = export(kb, "--to", "mlflow", uri)
    assert done.exit_code == 0, done.output
    assert export(kb, "--to", "mlflow", uri).output.splitlines()[0].endswith("7 were there.")
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("digits-1")
    runs = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time"])
    assert sorted(run.info.status for run in runs) == ["FAILED"] + ["FINISHED"] * 4 + ["KILLED"]
    (first,) = [run for run in runs if run.info.run_name == "trial 0"]
    assert first.data.metrics["accuracy"] == 0.5
    assert first.data.metrics["test_accuracy"] == 0.25
    curve = client.get_metric_history(first.info.run_id, "accuracy")
    assert [point.step for point in curve] == [1, 2, 3, 4]
    assert first.data.params["units"] in {"16", "32", "48", "64"}
    assert first.data.tags["advisor.state"] == "complete"
    assert first.data.tags["mlflow.source.name"] == "advisor"
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    report = Advisor(kb).contribute(uri, study_name="digits-1")
    assert (report.accepted, report.duplicates, report.rejected) == (0, 6, ())
    assert "accuracy, to maximize" in " ".join(report.warnings)


def test_a_store_of_mlflow_without_tags_is_read(tmp_path):
    """Old ones have none; `_experiment` is told by the tables that it reads."""
    from knowledge_base.importers.mlflow import _exported, _said

    with sqlite3.connect(tmp_path / "m.db") as connection:
        assert _exported(connection, "true", ("1",)) == {}
        assert _said(connection, ("1",)) == {}
