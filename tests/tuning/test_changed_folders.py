"""A user's file that changes the working directory while it is imported does no harm."""

import json
import os
import subprocess
import sys

import pytest

ELSEWHERE = "import os\nos.chdir('sub')\ndef train(config, report):\n    open('here').close()\n"
LAST = "import atexit\natexit.register(print, 'the end')\ndef train(config, report):\n"


@pytest.fixture
def advisor(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "here").touch()
    (tmp_path / "space.yaml").write_text("hyperparameters: {x: {type: float, low: 0, high: 1}}")

    def run(text, command, *more):
        (tmp_path / "own.py").write_text(f"{text}    return config['x']\n")
        code = "from advisor.cli.group import run; run()"
        return subprocess.run(
            [sys.executable, "-c", code, command, "--objective", "own.py:train", "--space",
             "space.yaml", "--kb", "own.duckdb", "--studies-dir", "st",
             "--direction", "minimize", *more],
            cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


def test_a_search_goes_on_where_it_began(advisor, tmp_path):
    done = advisor(ELSEWHERE, "tune", "--trials", "2", "--study", "s")
    assert done.returncode == 0, done.stderr
    again = advisor(ELSEWHERE, "tune", "--trials", "3", "--study", "s", "--resume")
    assert again.returncode == 0, again.stderr
    assert len((tmp_path / "st/s/trials.jsonl").read_text().splitlines()) == 3
    assert sorted(path.name for path in (tmp_path / "sub").iterdir()) == ["here"]


def test_so_does_a_comparison(advisor, tmp_path):
    words = ["--trials", "1", "--strategies", "random,sobol", "--study", "c"]
    done = advisor(ELSEWHERE, "compare", *words)
    assert done.returncode == 0, done.stderr
    again = advisor(ELSEWHERE, "compare", *words[2:], "--trials", "2", "--resume")
    assert again.returncode == 0, again.stderr
    assert len(list((tmp_path / "st/c").glob("*/trials.jsonl"))) == 2


def test_what_is_printed_when_python_ends_does_not_follow_the_document(advisor):
    done = advisor(LAST, "tune", "--trials", "1", "--format", "json")
    assert json.loads(done.stdout)["study"]
    assert "the end" in done.stderr
