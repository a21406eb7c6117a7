"""Hydra applications that the advisor sweeps."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytest.importorskip("hydra", reason="pip install 'advisor-automl[hydra]'")

from advisor import KnowledgeBase

ROOT = Path(__file__).parents[2]


@pytest.fixture
def sweep(tmp_path):
    """Return a function: what the example does with some more arguments."""

    def sweep(*args, app=ROOT / "examples" / "hydra_sweep" / "run.py"):
        there = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        there["ADVISOR_KB"] = str(tmp_path / "kb.duckdb")
        command = [sys.executable, str(app), "--multirun", "hydra.sweep.dir=out",
                   "hydra.sweeper.n_warm=0", *args]  # fmt: skip
        return subprocess.run(command, cwd=tmp_path, env=there, capture_output=True, text=True)

    return sweep


def kept(tmp_path):
    return KnowledgeBase(tmp_path / "kb.duckdb", seed=False)


def test_a_sweep_searches_and_adds_its_jobs_to_the_past(sweep, tmp_path):
    done = sweep("hydra.sweeper.n_trials=7", "hydra.sweeper.n_jobs=2")
    assert done.returncode == 0, done.stderr
    best = yaml.safe_load((tmp_path / "out" / "optimization_results.yaml").read_text())
    trials = kept(tmp_path).trials()
    assert best["best_evaluated_result"] == trials["value"].min()
    assert best["best_evaluated_params"]["units"] % 16 == 0
    assert len(trials) == 7
    assert trials["config"].nunique() == 7
    assert kept(tmp_path).tasks()[["family", "metric"]].values.tolist() == [["mlp", "loss"]]
    folders = [p.name for p in (tmp_path / "out").iterdir() if p.is_dir()]
    assert sorted(folders, key=int) == [str(n) for n in range(7)]


def test_the_command_line_says_more_than_the_configuration(sweep, tmp_path):
    done = sweep("hydra.sweeper.n_trials=2", "units=32", "activation=choice(relu,tanh)",
                 "learning_rate=interval(0.01,0.02)")  # fmt: skip
    assert done.returncode == 0, done.stderr
    configs = [yaml.safe_load(text) for text in kept(tmp_path).trials()["config"]]
    assert all(set(c) == {"learning_rate", "activation"} for c in configs)
    used = yaml.safe_load((tmp_path / "out" / "0" / ".hydra" / "config.yaml").read_text())
    assert used["units"] == 32


def test_it_says_what_it_starts_from(sweep):
    done = sweep("hydra.sweeper.n_trials=1", "hydra.sweeper.n_warm=1", "hydra.sweeper.family=mine")
    assert done.returncode == 0, done.stderr
    said = re.search(r"This search (.*)", done.stdout + done.stderr)
    assert re.fullmatch(r"starts from \d+ past tasks of .* by .*learning_rate.*", said[1])


BROKEN = """
import hydra
from omegaconf import DictConfig, OmegaConf
CONFIG = {"x": 0.5, "defaults": [{"override hydra/sweeper": "advisor"}]}
from hydra.core.config_store import ConfigStore
ConfigStore.instance().store(name="config", node=CONFIG)

@hydra.main(version_base=None, config_name="config")
def main(config: DictConfig):
    WHAT

main()
"""


@pytest.mark.parametrize(
    ("what", "args", "says"),
    [
        ("raise ValueError('too large')", ["x=interval(0.0,1.0)"], "ValueError: too large"),
        ("return 'good'", ["x=interval(0.0,1.0)"], "what the job returned is to be a number"),
        ("return 1.0", ["x=1"], "nothing to search"),
    ],
)
def test_what_goes_wrong_is_said(sweep, tmp_path, what, args, says):
    app = tmp_path / "app.py"
    app.write_text(BROKEN.replace("WHAT", what))
    done = sweep("hydra.sweeper.n_trials=2", "hydra.sweeper.metric=loss", *args, app=app)
    assert done.returncode != 0
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_the_direction_is_said_or_known_by_the_name_of_the_metric(sweep, tmp_path):
    app = tmp_path / "app.py"
    app.write_text(WRITES)
    done = sweep("hydra.sweeper.n_trials=1", "x=interval(0,1)", app=app)
    assert done.returncode != 0
    assert "must be said: `hydra.sweeper.direction=minimize`, as for a loss" in done.stderr
    assert "Traceback" not in done.stderr
    done = sweep("hydra.sweeper.n_trials=1", "hydra.sweeper.metric=val_accuracy",
                 "x=interval(0,1)", app=app)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert kept(tmp_path).tasks()["direction"].tolist() == ["maximize"]


def test_its_folder_holds_no_second_trial_of_what_it_told(sweep, tmp_path):
    from advisor import Advisor

    app = tmp_path / "app.py"
    app.write_text(WRITES)
    done = sweep(
        "hydra.sweeper.n_trials=4", "hydra.sweeper.metric=loss", "x=interval(0,1)", app=app
    )
    assert done.returncode == 0, done.stderr
    told = kept(tmp_path)
    assert len(told.trials()) == 4
    more = {"metrics_file": "metrics.json", "metric": "loss"}
    report = Advisor(told).contribute(tmp_path / "out", **more)
    assert (report.accepted, report.duplicates) == (0, 4)
    (tmp_path / "out" / "optimization_results.yaml").unlink()  # A sweep that was not ours.
    report = Advisor(told).contribute(tmp_path / "out", **more)
    assert (report.accepted, report.duplicates) == (4, 0)
    assert told.verify() == []


WRITES = """
import json
from pathlib import Path
import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
CONFIG = {"x": 0.5, "defaults": [{"override hydra/sweeper": "advisor"}]}
ConfigStore.instance().store(name="config", node=CONFIG)

@hydra.main(version_base=None, config_name="config")
def main(config):
    folder = Path(HydraConfig.get().runtime.output_dir)
    (folder / "metrics.json").write_text(json.dumps({"loss": config.x ** 2}))
    return config.x ** 2

main()
"""
