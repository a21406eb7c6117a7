"""Sessions of Ray: one that was interrupted goes on, and its folder holds no second trial."""

import os
import signal

import pytest

tune = pytest.importorskip("ray.tune", reason="pip install 'advisor-automl[ray]'")

import ray  # noqa: E402

from advisor import Advisor, KnowledgeBase  # noqa: E402
from advisor.integrations.ray import AdvisorSearch  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def _machine():
    """One worker on this machine."""
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def training():
    """Return a function that workers get by value: they cannot import this file."""

    def train(config):
        for epoch in range(1, 4):
            tune.report({"loss": config["x"] ** 2 + 1 / epoch})

    return train


class CtrlC(tune.Callback):
    """Interrupts the session, as somebody at a terminal does, at the end of its third trial."""

    ended = 0

    def on_trial_complete(self, iteration, trials, trial, **info):
        self.ended += 1
        if self.ended == 3:
            os.kill(os.getpid(), signal.SIGINT)


def configured(kb, n):
    search = AdvisorSearch(kb, family="net", epochs=3, n_warm=0)
    search = tune.search.ConcurrencyLimiter(search, max_concurrent=1)
    return tune.TuneConfig(metric="loss", mode="min", search_alg=search, num_samples=n)


def test_a_session_goes_on_after_tuner_restore(tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    folder = tmp_path / "results"
    run = tune.RunConfig(name="mine", storage_path=str(folder), callbacks=[CtrlC()])
    tune.Tuner(training(), param_space={"x": tune.uniform(0, 1)}, run_config=run,
               tune_config=configured(kb, 6)).fit()  # fmt: skip
    before = kb.trials()
    assert 3 <= len(before) < 6
    found = tune.Tuner.restore(str(folder / "mine"), training()).fit()
    assert found.num_errors == 0
    assert len(found) == 6
    assert len({result.config["x"] for result in found}) == 6
    trials = kb.trials()
    assert set(before["trial_id"]) < set(trials["trial_id"])
    assert len(trials) == 6
    assert set(trials["state"]) == {"complete"}
    assert trials["study_id"].nunique() == 1
    assert sorted(trials["value"]) == sorted(result.metrics["loss"] for result in found)


def test_its_folder_holds_no_second_trial_of_what_it_told(tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    run = tune.RunConfig(name="mine", storage_path=str(tmp_path / "results"))
    tune.Tuner(training(), param_space={"x": tune.uniform(0, 1)},
               run_config=run, tune_config=configured(kb, 4)).fit()  # fmt: skip
    assert len(kb.trials()) == 4
    report = Advisor(kb).contribute(tmp_path / "results" / "mine", metric="loss")
    assert (report.accepted, report.duplicates) == (0, 4)
    for file in (tmp_path / "results" / "mine").glob("searcher-state-*"):
        file.unlink()  # A session that another searcher led.
    report = Advisor(kb).contribute(tmp_path / "results" / "mine", metric="loss")
    assert (report.accepted, report.duplicates) == (4, 0)
