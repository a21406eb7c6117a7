"""A user's own function in all the ways in which it can go wrong, from its file to its trials."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from advisor import Tuner
from advisor.training.loading import load_function
from advisor.training.objective import FunctionObjective
from advisor.training.outcome import Outcome
from advisor.tuning import run
from knowledge_base import KnowledgeBase, SpaceDefinition, UserError
from knowledge_base.records import EpochRecord
from knowledge_base.studies import StudyDirectory

SPACE = SpaceDefinition.from_dict(
    {"name": "own", "hyperparameters": {"x": {"type": "float", "low": 0, "high": 1}}}
)
YAML = "{name: own, hyperparameters: {x: {type: float, low: 0, high: 1}}}"


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch, tmp_path):
    """Each test has its own folder, search path and modules."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def written(text: str, name: str = "own_train.py") -> str:
    Path("space.yaml").write_text(YAML)
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)
    return f"{name}:train"


def tune(*more: str, function: str = "own_train.py:train", **kwargs):
    """Run `advisor tune` as a process of its own."""
    command = [sys.executable, "-c", "from advisor.cli import run; run()", "tune"]
    command += ["--objective", function] if function else []
    command += ["--space", "space.yaml", "--direction", "minimize"] if function else []
    command += ["--kb", "k.duckdb", "--studies-dir", "st", *more]
    return subprocess.run(command, capture_output=True, text=True, check=False, **kwargs)


def outcome(function, direction="minimize"):
    return FunctionObjective(function, direction).evaluate({"x": 0.5}, lambda epoch: None)


def trials_of(function, trials=2, **more):
    tuner = Tuner.create(SPACE, strategy="random", **more)
    return run(tuner, FunctionObjective(function, "minimize"), trials), tuner.trials


# The file


def test_a_dataclass_with_postponed_annotations_is_ordinary_code():
    reference = written(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass C:\n    x: float\ndef train(config, report):\n    return C(**config).x\n"
    )
    assert load_function(reference)({"x": 0.25}, None) == 0.25


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("name", ["own_pool.py", "random.py", "with.dots.py"])
def test_functions_of_the_file_reach_worker_processes(method, name):
    reference = written(
        "import multiprocessing\ndef square(x):\n    return x * x\n"
        "def train(config, report):\n"
        f"    with multiprocessing.get_context({method!r}).Pool(1) as pool:\n"
        "        return pool.map(square, [config['x']])[0]\n",
        f"elsewhere/{name}",
    )
    code = (
        "if __name__ == '__main__':\n"
        "    from advisor.training.loading import load_function\n"
        f"    print(load_function({reference!r})({{'x': 3}}, None))\n"
    )
    Path("main.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "main.py"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "9\n", done.stderr


def test_two_files_of_one_name_are_two_modules():
    functions = [
        load_function(written(f"def train(c, r):\n    return {n}\n", f"{n}/own_same.py"))
        for n in (1, 2)
    ]
    assert [function({}, None) for function in functions] == [1, 2]
    assert len({function.__module__ for function in functions}) == 2


def test_a_file_that_changed_within_a_second_is_read_anew():
    assert load_function(written("def train(c, r):\n    return 1\n"))({}, None) == 1
    assert load_function(written("def train(c, r):\n    return 2\n"))({}, None) == 2


@pytest.mark.parametrize(
    "text",
    [
        "import sys\nsys.exit(3)\n",
        "import argparse\nargparse.ArgumentParser().parse_args(['--q'])\n",
        "import asyncio\nraise asyncio.CancelledError()\n",
    ],
)
def test_a_file_that_ends_while_it_is_imported_is_told_in_one_line(text, capsys):
    with pytest.raises(UserError, match=r"own_train\.py of `objective` does not import: ") as told:
        load_function(written(text))
    assert "\n" not in str(told.value)
    assert "own_train" not in sys.modules
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def train(config):\n    return 1\n", "takes 1 positional argument but 2 were given"),
        ("def train(config, report, more):\n    return 1\n", "missing a required argument: 'more'"),
        ("async def train(config, report):\n    return 1\n", "asynchronous function"),
        ("def train(config, report):\n    yield 1\n", "is a generator"),
    ],
)
def test_what_cannot_be_called_is_refused_before_a_study_is_made(text, why):
    from advisor.problem import function_problem

    with pytest.raises(UserError, match=why):
        function_problem(written(text), SPACE, "t", direction="minimize")
    assert function_problem(
        written("def train(*all):\n    return 1\n"), SPACE, "t", direction="minimize"
    )


# What it returns and reports


@pytest.mark.parametrize("wrong", ["0.5", True, np.bool_(True), b"1", [1], 1j])
def test_what_is_no_number_is_refused_everywhere(wrong):
    tuner = Tuner.create(SPACE, strategy="random")
    with pytest.raises(UserError, match="is to be a number"):
        tuner.tell({"x": 0.5}, wrong)
    with pytest.raises(TypeError):
        tuner.tell({"x": 0.5}, Outcome("complete", value=wrong))
    assert tuner.trials == []
    for function in (
        lambda c, r: wrong,
        lambda c, r: {"value": wrong},
        lambda c, r: {"value": 1, "accuracy": wrong},
        lambda c, r: r(wrong),
    ):
        _, trials = trials_of(function, 1)
        assert trials[0].state == "failed"
        assert "TypeError: " in trials[0].error


@pytest.mark.parametrize("right", [1, np.float32(0.5), np.array(0.5), np.int64(2)])
def test_numbers_of_all_libraries_count(right):
    assert outcome(lambda c, r: right).value == float(right)
    assert Tuner.create(SPACE).tell({"x": 0.5}, right).value == float(right)


def test_a_coroutine_that_is_returned_is_told():
    async def later():
        return 1

    with pytest.raises(TypeError, match="coroutine that nobody runs"):
        outcome(lambda c, r: later())


@pytest.mark.parametrize("epochs", [(1, 1), (2, 1), (-1,), (1.5,), (2**40,), (math.nan,)])
def test_epochs_come_once_and_in_order(epochs):
    def train(config, report):
        for epoch in epochs:
            report(0.5, epoch=epoch)
        return 0.5

    with pytest.raises(ValueError, match="report: epoch="):
        outcome(train)


def test_the_curve_of_the_study_is_that_of_the_knowledge_base(tmp_path):
    def train(config, report):
        report(0.3, epoch=0)
        report(0.2, epoch=5)
        report(0.1)

    kb = KnowledgeBase(tmp_path / "k.duckdb", seed=False)
    _, trials = trials_of(train, 1, kb=kb, directory=tmp_path / "s")
    (kept,) = StudyDirectory.open(tmp_path / "s").trials()
    assert [e.epoch for e in trials[0].curve] == [e.epoch for e in kept.curve] == [0, 5, 6]
    assert kb.curves(kept.trial_id)["epoch"].tolist() == [0, 5, 6]
    with pytest.raises(ValueError, match="epoch 1 of the curve"):
        Outcome("complete", 1.0, curve=(EpochRecord(1), EpochRecord(1)))


def test_reports_without_a_finite_value_diverge():
    found = outcome(lambda c, r: [r(math.nan) for _ in range(3)] and None)
    assert (found.state, found.error) == ("diverged", "the validation metric is not finite")
    assert len(found.curve) == 3


# How it ends


def test_an_exit_is_a_failed_trial():
    def train(config, report):
        sys.exit(3)

    result, trials = trials_of(train)
    assert [trial.state for trial in trials] == ["failed"] * 2
    assert trials[0].error.rstrip().endswith("SystemExit: the training called exit(3)")
    assert "in train" in trials[0].error  # where it was
    assert result.reason == "failures"


def test_ctrl_c_is_no_failed_trial():
    def train(config, report):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trials_of(train)


def test_lone_surrogates_are_written_out_and_the_study_goes_on(tmp_path):
    bad = b"caf\xe9".decode("utf-8", "surrogateescape")

    def train(config, report):
        raise ValueError(f"cannot open {bad}")

    kb = KnowledgeBase(tmp_path / "k.duckdb", seed=False)
    tuner = Tuner.create(SPACE, kb=kb, strategy="random", directory=tmp_path / "s", name=bad)
    run(tuner, FunctionObjective(train, "minimize"), 1)
    assert tuner.trials[0].error.rstrip().endswith("cannot open caf\\udce9")
    tuner.tell({"x": 0.5}, Outcome("complete", 1.0, {bad: 1.0}))
    tuner.close()
    assert len(Tuner.resume(tmp_path / "s", kb).trials) == len(kb.trials()) == 2


def test_a_trial_that_goes_to_another_folder_leaves_the_next_where_it_began(tmp_path):
    seen = []

    def train(config, report):
        seen.append(Path.cwd())
        Path("inner").mkdir(exist_ok=True)
        os.chdir("inner")
        return 1.0

    trials_of(train, 2, directory="study")
    assert seen == [tmp_path, tmp_path]
    assert len(StudyDirectory.open(tmp_path / "study").trials()) == 2


def test_ask_and_tell_do_not_depend_on_the_working_directory(tmp_path):
    tuner = Tuner.create(SPACE, directory="study")
    Path("inner").mkdir()
    os.chdir("inner")
    tuner.tell({"x": 0.5}, 1.0)
    assert len(StudyDirectory.open(tmp_path / "study").trials()) == 1


# What is told


def test_errors_are_told_once_and_nothing_succeeded_is_an_error():
    written("def train(config, report):\n    print('noise')\n    raise ValueError('the reason')\n")
    done = tune("--trials", "3", "--warm", "0")
    assert done.returncode == 1
    assert done.stderr.count("failed: ValueError: the reason") == 1
    assert "None of 3 trials succeeded. Last: ValueError: the reason" in done.stderr
    done = tune("--trials", "2", "--warm", "0", "--format", "json")
    content = json.loads(done.stdout)
    assert done.returncode == 1
    assert all("ValueError: the reason" in trial["error"] for trial in content["trials"])


def test_what_the_function_and_its_children_print_does_not_spoil_the_json():
    written(
        "import os, subprocess\nprint('imported')\n"
        "def train(config, report):\n    print('in Python')\n    os.write(1, b'raw\\n')\n"
        "    subprocess.run(['echo', 'a child'])\n    return config['x']\n"
    )
    done = tune("--trials", "2", "--warm", "0", "--format", "json")
    assert json.loads(done.stdout)["best"]["state"] == "complete"
    assert done.returncode == 0
    for text in ("imported", "in Python", "raw", "a child"):
        assert text in done.stderr


def test_a_search_from_python_warns_when_everything_failed(tmp_path):
    import advisor

    def train(config, report):
        raise ValueError("the reason")

    with pytest.warns(UserWarning, match="ValueError: the reason"):
        advisor.tune(
            objective=train,
            space=SPACE,
            trials=2,
            kb=tmp_path / "k.duckdb",
            root=tmp_path / "st",
            direction="minimize",
        )
