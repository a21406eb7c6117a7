"""A run that two of our doors can read is one trial: who led the search, and who reads it later."""

import optuna
import pytest

from advisor import Advisor, KnowledgeBase
from advisor.integrations.optuna import AdvisorSampler, contributing
from knowledge_base.identity import digest

optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.fixture
def kb(tmp_path):
    return KnowledgeBase(tmp_path / "kb.duckdb", seed=False)


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'optuna.db'}"


def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    trial.report(x, 0)
    if trial.number == 3:
        raise optuna.TrialPruned
    if trial.number == 4:
        raise ValueError("no luck")
    return x**2


def searched(url, kb, n=6, callback=True, **options):
    sampler = AdvisorSampler(kb, **options)
    study = optuna.create_study(storage=url, study_name="mine", sampler=sampler,
                                load_if_exists=True)  # fmt: skip
    callbacks = [sampler.contribute] if callback else []
    study.optimize(objective, n_trials=n, callbacks=callbacks, catch=(ValueError,))
    return study


SAID = {"metric": "error", "family": "net", "task": "mnist"}


@pytest.mark.parametrize("options", [{}, SAID, {"metric": "error"}])
def test_what_the_sampler_told_is_known_when_its_storage_is_read(kb, url, options):
    study = searched(url, kb, **options)
    report = Advisor(kb).contribute(url)
    assert (report.accepted, report.duplicates, report.rejected) == (0, 6, ())
    again = Advisor(kb).contribute(study)  # The object.
    assert (again.accepted, again.duplicates) == (0, 6)
    assert len(kb.trials()) == 6
    assert kb.verify() == []
    (task,) = kb.tasks().to_dict("records")
    assert task["metric"] == options.get("metric", "value")
    assert task["family"] == options.get("family", "mine")
    assert task["name"] == options.get("task", "mine")


@pytest.mark.parametrize("options", [{}, SAID])
def test_what_was_read_is_known_when_the_sampler_tells_it(kb, url, options):
    study = searched(url, kb, callback=False, **options)
    assert Advisor(kb).contribute(url).accepted == 6
    AdvisorSampler(kb, **options).contribute(study)
    searched(url, kb, n=1, **options)
    kb.fold()
    assert sorted(kb.trials()["number"]) == list(range(7))
    assert len(kb.tasks()) == 1
    assert kb.verify() == []


def test_another_task_is_another_trial_where_somebody_says_so(kb, url):
    searched(url, kb, **SAID)
    report = Advisor(kb).contribute(url, metric="loss", family="other", task_name="else")
    assert report.accepted == 6
    assert sorted(kb.tasks()["name"]) == ["else", "mnist"]


def as_before(monkeypatch, study):
    """Let the sampler tell trials as it did in 0.1."""
    begin = min(trial.datetime_start for trial in study.trials).isoformat()
    name = digest("optuna study", "mine", begin)

    def identity(trial, task_id):
        return digest("optuna trial", name, task_id, trial.number)

    monkeypatch.setattr(contributing, "run_identity", identity)


def test_what_an_earlier_version_told_is_not_told_again(kb, url, monkeypatch):
    study = searched(url, kb, callback=False, **SAID)
    with monkeypatch.context() as patch:
        as_before(patch, study)
        study.sampler.contribute(study)
        before = set(kb.trials()["trial_id"])
    AdvisorSampler(kb, **SAID).contribute(study)
    report = Advisor(kb).contribute(url)
    assert (report.accepted, report.duplicates) == (0, 6)
    searched(url, kb, n=2, **SAID)
    assert len(kb.trials()) == 8
    assert before < set(kb.trials()["trial_id"])
