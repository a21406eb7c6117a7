"""Runs that are cut off, doubled, mistaken for others or given what cannot be meant."""

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import advisor
from advisor import Advisor, Tuner
from advisor.cli import main
from advisor.settings import Settings
from advisor.strategies import Exhausted, make_strategy
from advisor.training.objective import FunctionObjective
from advisor.tuning import run
from advisor.tuning.search import resume, start
from knowledge_base import KnowledgeBase, SpaceDefinition, UserError

SPACE = SpaceDefinition.from_dict(
    {"name": "own", "hyperparameters": {"x": {"type": "float", "low": 0, "high": 1}}}
)
TRAIN = "def train(config, report):\n    return config['x']\n"


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Settings of a search with a function in a file of the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("space.yaml").write_text(
        "{name: own, hyperparameters: {x: {type: float, low: 0, high: 1}}}"
    )
    Path("own_runs.py").write_text(TRAIN)
    return Settings(objective="own_runs.py:train", space="space.yaml", trials=2, n_warm=0,
                    direction="minimize")  # fmt: skip


# Time


def test_a_trial_that_the_clock_cut_off_counts_with_what_it_reached(tmp_path):
    def train(config, report):
        for epoch in range(1000):
            time.sleep(0.01)
            report(float(epoch))

    tuner = Tuner.create(SPACE, direction="maximize", directory=tmp_path / "s")
    tuner.withdraw(tuner.ask())  # which imports what it needs
    result = run(tuner, FunctionObjective(train, "maximize"), 3, timeout=0.5)
    assert result.reason == "timeout"
    assert tuner.trials[0].state == "stopped"
    assert tuner.best == tuner.trials[0]
    assert tuner.best.value == len(tuner.best.curve) - 1
    tuner.close()
    assert Tuner.resume(tmp_path / "s").best.value == tuner.best.value


# One study, one process


def test_a_study_is_not_resumed_twice_at_once(tmp_path):
    tuner = Tuner.create(SPACE, directory=tmp_path / "s")
    with pytest.raises(UserError, match="is running the study 's'"):
        Tuner.resume(tmp_path / "s")
    tuner.tell({"x": 0.5}, 1.0)
    tuner.close()
    with pytest.raises(UserError, match="closed"):
        tuner.tell({"x": 0.5}, 1.0)
    with Tuner.resume(tmp_path / "s") as again:
        code = f"from advisor import Tuner; Tuner.resume({str(tmp_path / 's')!r})"
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
        assert b"UserError: Another process is running the study 's'" in other.stderr
        again.tell({"x": 0.25}, 2.0)
    collected = Tuner.resume(tmp_path / "s")
    del collected
    numbers = [trial.number for trial in Tuner.resume(tmp_path / "s").trials]
    assert numbers == [0, 1]


def test_a_search_hears_what_another_process_stored_before_it_had_the_lock(own):
    kb = KnowledgeBase(seed=False)
    first = start(own, kb)
    late = resume(replace(own, trials=4), kb, name=first.path.name, trials=4)
    first.run()
    late.run()
    assert [trial.number for trial in first.stored] == [0, 1, 2, 3]


def test_two_interrupts_tell_what_is_stored(own):
    Path("own_runs.py").write_text(
        "import os, signal, threading, time\n"
        "calls = []\n"
        "def train(config, report):\n"
        "    calls.append(1)\n"
        "    if len(calls) > 1:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        time.sleep(5)\n"
        "    return 1.0\n"
    )
    command = (
        "tune --objective own_runs.py:train --space space.yaml --metric loss --trials 3 --warm 0"
    )
    done = subprocess.run(
        [sys.executable, "-c", "from advisor.cli import run; run()", *command.split()],
        capture_output=True, text=True, check=False, timeout=60,
        # Whoever runs the tests in the background may have them ignore interrupts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert done.returncode == 130
    assert "Interrupted; 1 finished trial kept." in done.stderr


def test_an_interrupt_between_the_disk_and_the_memory_is_counted(own, monkeypatch):
    from advisor.cli import tune

    def cut(self, trial):
        raise KeyboardInterrupt

    monkeypatch.setattr(Tuner, "_remember", cut)
    told = []

    def ended(kept, command):
        told.append(kept())
        raise SystemExit(130)

    monkeypatch.setattr(tune, "end_interrupted", ended)
    command = (
        "tune --objective own_runs.py:train --space space.yaml --metric loss --trials 2 --warm 0"
    )
    CliRunner().invoke(main, command.split())
    assert told == ["1 finished trial"]


# What is given


@pytest.mark.parametrize("wrong", ["max", "min", "maximise", "MAXIMIZE", "up", True, 1])
def test_directions_are_checked_before_anything_is_done(wrong, tmp_path):
    kb = KnowledgeBase(tmp_path / "k.duckdb", seed=False)
    with pytest.raises(UserError, match="minimize or maximize") as told:
        Tuner.create(SPACE, kb=kb, direction=wrong, directory=tmp_path / "s")
    if wrong in ("max", "maximise", "MAXIMIZE"):
        assert "Did you mean 'maximize'?" in str(told.value)
    assert not (tmp_path / "s").exists()
    table = tmp_path / "runs.csv"
    table.write_text("x,value\n0.5,1\n")
    calls = (
        lambda: Settings(direction=wrong),
        lambda: Advisor(kb).tune(objective=print, space=SPACE, direction=wrong),
        lambda: Advisor(kb).compare(objective=print, space=SPACE, direction=wrong),
        lambda: advisor.tune(objective=print, space=SPACE, direction=wrong, kb=kb),
        lambda: Advisor(kb).contribute(table, space=SPACE, metric="value", direction=wrong),
    )
    for call in calls:
        with pytest.raises(UserError, match="minimize or maximize"):
            call()
    assert kb.tasks().empty
    assert not kb.studies_root.exists()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"kind": "class"}, "Did you mean 'classification'"),
        ({"seed": -1}, "`seed` must be at least 0"),
        ({"seed": 1.5}, "`seed` must be a whole number"),
        ({"trials": 0}, "`trials` must be at least 1"),
        ({"trials": True}, "`trials` must be a whole number"),
        ({"trials": "5"}, "`trials` must be a whole number"),
        ({"n_warm": -1}, "`n_warm` must be at least 0"),
        ({"max_epochs": 0}, "`max_epochs` must be at least 1"),
    ],
)
def test_settings_are_checked(given, told):
    with pytest.raises(UserError, match=told):
        Settings(**given)


def test_other_public_calls_are_checked(tmp_path):
    it, frame = Advisor(tmp_path / "k.duckdb"), pd.DataFrame({"a": [1, 2, 3], "b": [1, 2, 3]})
    calls = (
        lambda: it.recommend(frame, "b", n=0),
        lambda: it.recommend(frame, "b", n="5"),
        lambda: it.recommend(frame, "b", kind="regress"),
        lambda: it.tune(frame, "b", timeout="10m"),
        lambda: it.tune(frame, "b", timeout=-1),
        lambda: it.compare(frame, "b", seeds=0),
        lambda: Tuner.create(SPACE, n_warm=-1),
        lambda: Tuner.create(SPACE, strategy="grd"),
    )
    for call in calls:
        with pytest.raises(UserError):
            call()
    assert not it.kb.studies_root.exists()


# Spaces that are used up


def small(**more):
    return SpaceDefinition.from_dict(
        {
            "name": "small",
            "hyperparameters": {
                "n": {"type": "int", "low": 1, "high": 30, "default": 2},
                "o": {"type": "categorical", "choices": ["a", "b"]},
            },
            **more,
        }
    )


def test_a_grid_ends_when_all_was_tried(tmp_path):
    tuner = Tuner.create(small(), strategy="grid", directory=tmp_path / "s")
    result = run(tuner, FunctionObjective(lambda c, r: c["n"], "minimize"), 100)
    assert (result.reason, result.message) == (
        "exhausted", "The search is over: all 60 configurations were tried.",
    )  # fmt: skip
    assert len({(t.config["n"], t.config["o"]) for t in tuner.trials}) == len(tuner.trials) == 60
    with pytest.raises(Exhausted):
        tuner.ask()


def test_a_grid_finds_the_few_that_are_not_forbidden():
    forbidden = [
        {"type": "IN", "name": "n", "values": [n for n in range(1, 31) if n not in (2, 29)]}
    ]
    strategy = make_strategy("grid", small(forbiddens=forbidden))
    found = [strategy.suggest()[0] for _ in range(4)]
    assert {(config["n"], config["o"]) for config in found} == {
        (2, "a"), (2, "b"), (29, "a"), (29, "b"),
    }  # fmt: skip
    with pytest.raises(Exhausted, match="all 4 configurations were tried"):
        strategy.suggest()


def test_fewer_are_suggested_where_fewer_are_left():
    assert len(make_strategy("grid", small()).suggest(70)) == 60


def test_gradients_need_numbers_without_steps():
    space = SpaceDefinition.from_dict(
        {"name": "g", "hyperparameters": {"x": {"type": "float", "low": 0, "high": 1, "step": 0.5}}}
    )
    with pytest.raises(UserError, match=r"cannot differentiate 'x' \(it has steps of 0.5"):
        make_strategy("gradient", space)
