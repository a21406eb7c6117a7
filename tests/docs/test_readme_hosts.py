"""The lines that README shows for each host are run as they are, with few trials."""

import importlib.util
import re
from pathlib import Path
from shutil import rmtree

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXTRA = "pip install 'advisor-automl[hosts]'"


def blocks():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split("## In your own tools\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def block(mark):
    """The one block with some text in it, and few trials."""
    (found,) = [text for text in blocks() if mark in text]
    assert sum(bool(line.strip()) for line in found.splitlines()) <= 14
    fewer = re.sub(r"n_trials=\d+", "n_trials=3", found)
    return re.sub(r"num_samples=\d+", "num_samples=4", fewer)


def example(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / name / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ADVISOR_KB", str(tmp_path / "kb.duckdb"))


def own(kb):
    """Values of the user's own trials."""
    return sorted(kb.trials().query("layer == 'user'")["value"])


def test_every_block_is_run():
    marks = ("create_study(\n", "OptunaSearchCV(", "hyperparameter_search", "AdvisorSearch(")
    assert len(blocks()) == len(marks)
    for mark in marks:
        block(mark)


def test_optuna():
    pytest.importorskip("optuna", reason=EXTRA)
    names = {"objective": example("optuna_study").objective}
    exec(block("create_study(\n"), names)
    study = names["study"]
    assert len(study.trials) == 3
    kb = names["KnowledgeBase"]()
    assert own(kb) == sorted(trial.value for trial in study.trials)
    # The first trial is what past tasks of the family say, where it is asked for that.
    default = example("optuna_study")
    assert study.trials[0].system_attrs["advisor:plan"]["config"]
    assert len(study.trials[0].intermediate_values) == default.EPOCHS


def test_scikit_learn():
    pytest.importorskip("optuna_integration", reason=EXTRA)
    from optuna.distributions import FloatDistribution
    from sklearn.datasets import load_wine
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    x, y = load_wine(return_X_y=True)
    names = {
        "pipeline": make_pipeline(StandardScaler(), SVC()),
        "distributions": {"svc__C": FloatDistribution(1e-3, 1e3, log=True)},
        "x": x,
        "y": y,
    }
    exec(block("OptunaSearchCV("), names)
    assert names["search"].best_score_ > 0.9
    assert len(names["study"].trials) == 3


def test_hugging_face(tmp_path):
    for package in ("transformers", "accelerate", "optuna"):
        pytest.importorskip(package, reason=EXTRA)
    module = example("huggingface_trainer")
    names = {"trainer": module.made(str(tmp_path)), "space": module.space}
    exec(block("hyperparameter_search"), names)
    assert names["best"].objective > 0


def test_ray():
    ray = pytest.importorskip("ray", reason=EXTRA)
    module = example("ray_tune")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    space = {"learning_rate": ray.tune.loguniform(1e-4, 5e-2), "momentum": ray.tune.uniform(0, 1)}
    names = {"train": module.train, "param_space": space}
    try:
        exec(block("AdvisorSearch("), names)
    finally:
        ray.shutdown()
    rmtree(names["results"].experiment_path)  # Ray keeps results in the home folder.
    assert len(names["results"]) == 4
    assert own(names["KnowledgeBase"]()) == sorted(t.value for t in names["search"].tuner.trials)
