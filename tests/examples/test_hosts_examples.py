"""Each host runs the example that is written for it, where it is installed."""

import importlib.util
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
EXTRA = "pip install 'advisor-automl[hosts]'"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Nothing of the user's is read or written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ADVISOR_KB", str(tmp_path / "kb.duckdb"))


def load(name, *needed):
    for package in needed:
        pytest.importorskip(package, reason=EXTRA)
    where = EXAMPLES / name / "run.py"
    spec = importlib.util.spec_from_file_location(f"example_{name}", where)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def planned(study):
    """The trials of which the sampler knew the space when they began."""
    return [t for t in study.trials if t.system_attrs["advisor:plan"]["config"]]


def test_optuna():
    from advisor import KnowledgeBase

    study = load("optuna_study", "optuna").main(trials=4, seed=False)
    assert len(planned(study)) == 3
    trials = KnowledgeBase(seed=False).trials()
    assert sorted(trials["value"]) == sorted(trial.value for trial in study.trials)


@pytest.fixture(scope="module")
def cluster():
    """Two workers on this machine."""
    ray = pytest.importorskip("ray", reason=EXTRA)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def test_ray_tune_by_optuna_with_two_workers_and_asha(cluster, tmp_path):
    example = load("ray_tune", "ray.tune", "optuna")
    search = example.by_optuna()
    results = example.main(search, trials=8, folder=str(tmp_path))
    study = search._ot_study
    assert results.num_errors == 0
    assert len({str(trial.params) for trial in study.trials}) == 8
    lengths = [result.metrics["training_iteration"] for result in results]
    assert 1 in lengths  # ASHA stopped some after an epoch, and Ray calls them complete.
    assert {trial.state.name for trial in study.trials} == {"COMPLETE"}
    heard = study.sampler._searches[study._study_id].strategy.observations
    assert all(o.finished == (len(o.curve) == example.EPOCHS) for o in heard)
    assert 1 in {len(o.curve) for o in heard}


def test_ray_tune_by_the_searcher_with_two_workers_and_asha(cluster, tmp_path):
    from advisor import KnowledgeBase

    example = load("ray_tune", "ray.tune", "optuna")
    kb = KnowledgeBase(seed=False)
    search = example.AdvisorSearch(kb, family="mlp", epochs=example.EPOCHS)
    results = example.main(search, trials=8, folder=str(tmp_path))
    assert results.num_errors == 0
    lengths = [result.metrics["training_iteration"] for result in results]
    trials = search.tuner.trials
    assert sorted(t.epochs for t in trials) == sorted(lengths)
    assert {t.epochs == example.EPOCHS for t in trials if t.state == "complete"} == {True}
    assert {t.epochs < example.EPOCHS for t in trials if t.state == "stopped"} == {True}
    assert sorted(kb.trials()["value"]) == sorted(t.value for t in trials)


def test_scikit_learn():
    search = load("sklearn_search", "optuna_integration").main(trials=6)
    assert search.best_score_ > 0.9
    assert len(planned(search.study_)) >= 5


def test_hugging_face(tmp_path):
    best = load("huggingface_trainer", "transformers", "accelerate", "optuna").main(
        trials=3, folder=str(tmp_path)
    )
    assert best.objective > 0
    assert set(best.hyperparameters) == {
        "learning_rate", "per_device_train_batch_size", "weight_decay",
    }  # fmt: skip


def test_lightning():
    study = load("lightning_optuna", "lightning", "optuna_integration").main(trials=6)
    assert len(planned(study)) == 5
    assert study.best_value < 1.5
    assert max(len(trial.intermediate_values) for trial in study.trials) == 6
