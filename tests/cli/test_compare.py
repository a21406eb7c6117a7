"""`advisor compare` as its users see it."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from advisor.cli import main
from knowledge_base import KnowledgeBase

OBJECTIVE = """
import time
def train(config, report):
    for epoch in range(3):
        time.sleep(0.02)
        report((config["x"] - 0.3) ** 2 + 1 / (epoch + 1))
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(OBJECTIVE)
    (tmp_path / "space.yaml").write_text("hyperparameters: {x: {type: float, low: -1, high: 1}}")
    return [
        "compare",
        "--objective",
        "train.py:train",
        "--space",
        "space.yaml",
        "--direction",
        "minimize",
    ]


def run(*arguments, code=0, **options):
    result = CliRunner().invoke(main, [str(a) for a in arguments], **options)
    assert result.exit_code == code, result.output + repr(result.exception)
    return result


def test_the_table_and_the_plot(own, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    result = run(*own, "--strategies", "grid,random,bayesian+warm", "--trials", 3, "--study", "c")
    lines = result.stdout.splitlines()
    assert lines[0] == "c: value (minimize), 3 trials each"
    assert lines[2].split() == ["strategy", "best", "at", "trial", "mean", "rank", "trials",
                                "epochs", "seconds"]  # fmt: skip
    found = {line.split()[0]: line.split()[-3:-1] for line in lines[4:7]}
    assert found == {name: ["3", "9"] for name in ("grid", "random", "bayesian+warm")}
    assert "g grid   r random   B bayesian+warm   (in turns where level)" in lines
    assert "bayesian+warm started cold" in result.stdout
    assert max(map(len, lines[:-1])) <= 80
    assert "1/3 grid" in result.stderr


def test_json_has_the_numbers_and_no_plot_and_resuming_the_same(own):
    command = [*own, "--strategies", "random,sobol", "--trials", 3, "--seeds", 2,
               "--format", "json"]  # fmt: skip
    found = json.loads(run(*command).stdout)
    assert found["metric"] == "value"
    assert {s["strategy"] for s in found["strategies"]} == {"random", "sobol"}
    for strategy in found["strategies"]:
        assert len(strategy["curve"]) == len(strategy["curve_errors"]) == 3
        assert [study["seed"] for study in strategy["studies"]] == [0, 1]
        bests = [study["best"] for study in strategy["studies"]]
        assert strategy["best"]["mean"] == pytest.approx(sum(bests) / 2)
    assert json.loads(run(*command, "--resume").stdout) == found


def test_a_study_of_a_comparison_is_an_ordinary_one(own, tmp_path):
    run(*own, "--strategies", "random", "--trials", 2, "--study", "c")
    folder = tmp_path / "kb" / "studies" / "c"
    assert "Accepted 2" in run("contribute", folder / "c-random-s0").output
    run("tune", "--study", "c-random-s0", "--studies-dir", folder, "--resume", "--trials", 3)
    assert len((folder / "c-random-s0" / "trials.jsonl").read_text().splitlines()) == 3


def test_contributing_is_opt_in(own):
    command = [*own, "--strategies", "random", "--trials", 2]
    run(*command)
    assert KnowledgeBase(seed=False).trials().empty
    run(*command, "--resume", "--contribute")
    assert len(KnowledgeBase(seed=False).trials()) == 2


BAD = [
    (["--strategies", "grid,baysian"], "bayesian"),
    (["--strategies", "grid,grid"], "twice"),
    (["--strategies", ","], "names nothing"),
    (["--timeout", "soon"], "duration"),
    (["--plot", "x.gif"], "svg"),
    (["--resume"], "no comparisons"),
    (["--resume", "--study", "ghost"], "ghost"),
    (["--study", "a/b"], "letters"),
    (["--metric", "acuracy", "data.csv"], "either a data set or --objective"),
]


@pytest.mark.parametrize(("arguments", "says"), BAD, ids=[" ".join(a) for a, _ in BAD])
def test_bad_input_is_one_line_and_nothing_is_run(own, tmp_path, arguments, says):
    result = run(*own, *arguments, code=2)
    (line,) = result.stderr.strip().splitlines()
    assert says in line
    assert not list(tmp_path.rglob("study.json"))


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_finished_and_prints_how_to_go_on(own):
    command = [*own, "--trials", "20", "--strategies", "random,grid", "--study", "c"]
    process = subprocess.Popen(
        [sys.executable, "-c", "from advisor.cli import run; run()", *command],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    trials = os.path.join("kb", "studies", "c", "c-random-s0", "trials.jsonl")
    until = time.monotonic() + 30
    while time.monotonic() < until and not os.path.exists(trials):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "0 of 2 studies and all finished trials kept" in errors
    assert "Traceback" not in errors
    going_on = errors.strip().splitlines()[-1].split()
    assert going_on[:2] == ["advisor", "compare"]
    found = json.loads(run(*going_on[1:], "--format", "json").stdout)
    assert [s["trials"]["mean"] for s in found["strategies"]] == [20, 20]
