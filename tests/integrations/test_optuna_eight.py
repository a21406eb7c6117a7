"""Eight processes on one study, in a journal: one search, nothing lost or doubled."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

optuna = pytest.importorskip("optuna", reason="pip install 'advisor-automl[optuna]'")

from optuna_worker import opened  # noqa: E402

from advisor import Advisor, KnowledgeBase  # noqa: E402
from advisor.integrations.optuna import AdvisorSampler  # noqa: E402

WORKER = Path(__file__).with_name("optuna_worker.py")
PROCESSES, EACH = 8, 2


@pytest.fixture
def journal(tmp_path):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return f"journal:{tmp_path / 'study.log'}"


@pytest.mark.slow
def test_eight_processes_on_a_journal_are_one_search(journal, tmp_path):
    study = optuna.create_study(storage=opened(journal), study_name="shared")
    there = {**os.environ, "PYTHONPATH": str(WORKER.parents[2]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(WORKER), journal, "shared", str(EACH), str(PROCESSES)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, env=there, timeout=300)
    assert done.returncode == 0, done.stderr
    trials = study.trials
    assert sorted(trial.number for trial in trials) == list(range(PROCESSES * EACH))
    assert {trial.state.name for trial in trials} == {"COMPLETE"}
    # Those that knew the space when they began leave each other room; whoever came before the
    # first parameter was known could plan nothing.
    planned = [t.params for t in trials if t.system_attrs["advisor:plan"]["config"]]
    assert planned
    # Two that ask at the same moment do not see each other.
    different = {json.dumps(params, sort_keys=True) for params in planned}
    assert len(different) > 0.7 * len(planned)
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    assert Advisor(kb).contribute(study).accepted == len(trials)
    AdvisorSampler(kb).contribute(study)
    assert Advisor(kb).contribute(tmp_path / "study.log").duplicates == len(trials)
    assert len(kb.trials()) == len(trials)


def test_a_study_in_a_journal_goes_on(journal):
    def half(n):
        sampler = AdvisorSampler(seed=3)
        study = optuna.create_study(storage=opened(journal), study_name="shared", sampler=sampler,
                                    load_if_exists=True)  # fmt: skip
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=n)
        return [trial.params["x"] for trial in study.trials]

    def whole(n):
        study = optuna.create_study(study_name="shared", sampler=AdvisorSampler(seed=3))
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=n)
        return [trial.params["x"] for trial in study.trials]

    half(4)
    assert half(4) == whole(8)
