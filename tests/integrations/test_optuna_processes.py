"""Threads, processes and machines that share a study of Optuna are one search."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from postgresql import PostgreSQL, needs_postgresql

optuna = pytest.importorskip("optuna", reason="pip install 'advisor-automl[optuna]'")

from optuna.trial import TrialState  # noqa: E402

from advisor.integrations.optuna import AdvisorSampler  # noqa: E402

WORKER = Path(__file__).parent / "optuna_worker.py"


@pytest.fixture(autouse=True)
def quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.fixture
def storage(tmp_path):
    return f"sqlite:///{tmp_path / 'study.db'}"


@pytest.fixture
def start(storage):
    """Return a function: a process that works on the study "shared" of the storage."""
    running = []

    def start(*args, on=storage):
        command = [sys.executable, str(WORKER), on, "shared", *map(str, args)]
        root = str(Path(__file__).parents[2])
        there = {**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"}
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=there))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def texts(trials):
    return [json.dumps(trial.params, sort_keys=True) for trial in trials]


def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    return (x - 0.3) ** 2 + 0.1 * (trial.suggest_categorical("kind", ["a", "b"]) == "b")


def test_two_threads_try_different_things():
    study = optuna.create_study(sampler=AdvisorSampler())
    study.optimize(objective, n_trials=16, n_jobs=2)
    assert len(set(texts(study.trials))) == 16
    assert study.best_value < 0.01


def test_trials_that_run_at_once_differ_whoever_asks():
    """Two processes that began before either had planned are two samplers on one storage."""
    study = optuna.create_study(sampler=AdvisorSampler())
    study.optimize(objective, n_trials=6)
    both = [optuna.load_study(study_name=study.study_name, storage=study._storage,
                              sampler=AdvisorSampler()) for _ in range(2)]  # fmt: skip
    asked = [one.ask() for one in both]  # Neither plans before it suggests.
    for trial in reversed(asked):
        objective(trial)
    assert len(set(texts(study.trials[-2:]))) == 2
    plans = [trial.system_attrs["advisor:plan"]["config"] for trial in study.trials[-2:]]
    assert plans == [trial.params for trial in study.trials[-2:]]


@pytest.mark.slow
def test_two_processes_are_one_search(storage, start):
    optuna.create_study(study_name="shared", storage=storage)
    for process in [start(5), start(5)]:
        assert process.wait(timeout=400) == 0
    study = optuna.load_study(study_name="shared", storage=storage)
    assert [trial.number for trial in study.trials] == list(range(10))
    assert all(trial.state == TrialState.COMPLETE for trial in study.trials)
    planned = [t for t in study.trials if t.system_attrs["advisor:plan"]["config"]]
    assert len(set(texts(planned))) == len(planned) >= 8


@pytest.mark.slow
def test_one_of_two_processes_is_killed_and_the_other_goes_on(storage, start):
    """Nothing is lost or doubled, and what the dead one tried may be tried again."""
    optuna.create_study(study_name="shared", storage=storage)
    victim = start(6, "hang")
    number = int(victim.stdout.readline().split()[1])
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    assert start(6).wait(timeout=400) == 0
    study = optuna.load_study(study_name="shared", storage=storage)
    assert [trial.number for trial in study.trials] == list(range(8))
    states = {trial.number: trial.state for trial in study.trials}
    assert states.pop(number) == TrialState.RUNNING
    assert set(states.values()) == {TrialState.COMPLETE}
    dead = study.trials[number]
    done = texts(t for t in study.trials if t.number != number)
    assert len(set(done)) == len(done) == 7
    # The next one to ask asks for just what the dead one was to try.
    assert study.trials[number + 1].params == dead.params


def test_what_a_heartbeat_found_dead_says_nothing_of_its_configuration(storage):
    study = optuna.create_study(storage=storage, sampler=AdvisorSampler())
    study.optimize(objective, n_trials=6)
    lost = study.ask()
    objective(lost)
    study._storage.set_trial_state_values(lost._trial_id, TrialState.FAIL)  # As a heartbeat does.
    again = study.ask()
    objective(again)
    assert again.params == lost.params


def test_what_another_machine_tries_is_left_to_it(storage):
    study = optuna.create_study(storage=storage, sampler=AdvisorSampler())
    study.optimize(objective, n_trials=6)
    far = study.ask()
    objective(far)
    plan = {
        **study.trials[-1].system_attrs["advisor:plan"],
        "host": "elsewhere",
        "process": 2**22 + 1,
    }
    study._storage.set_trial_system_attr(far._trial_id, "advisor:plan", plan)
    near = study.ask()
    objective(near)
    assert near.params != far.params


@pytest.mark.slow
@needs_postgresql
def test_two_processes_share_a_postgresql_server(tmp_path_factory, start):
    pytest.importorskip("psycopg", reason="pip install 'advisor-automl[team]'")
    with PostgreSQL(tmp_path_factory.mktemp("pg"), listens=False) as server:
        url = f"postgresql+psycopg://advisor@/postgres?host={server.folder}"
        optuna.create_study(study_name="shared", storage=url)
        for process in [start(4, on=url), start(4, on=url)]:
            assert process.wait(timeout=400) == 0
        study = optuna.load_study(study_name="shared", storage=url)
        assert [trial.number for trial in study.trials] == list(range(8))
        assert all(trial.state == TrialState.COMPLETE for trial in study.trials)
        planned = [t for t in study.trials if t.system_attrs["advisor:plan"]["config"]]
        assert len(set(texts(planned))) == len(planned)
        study._storage.remove_session()
        study._storage._backend.engine.dispose()
