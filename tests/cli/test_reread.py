"""The command line as a stranger reads it: printed names, near misses, own things first."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from advisor import KnowledgeBase, Tuner
from advisor.cli import main
from advisor.metrics import get_metric
from knowledge_base import UserError
from knowledge_base.space import SpaceDefinition

SPACE = SpaceDefinition.from_dict(
    {"name": "net", "hyperparameters": {"x": {"type": "float", "low": 0, "high": 1}}}
)


def call(*words):
    return CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with two own studies, over what ships."""
    path = tmp_path_factory.mktemp("store") / "kb.duckdb"
    kb = KnowledgeBase(path)
    for name, n in (("digits-1", 4), ("digits-2", 2)):
        tuner = Tuner.create(SPACE, kb=kb, name=name, n_warm=0)
        for _ in range(n):
            tuner.tell(tuner.ask(), tuner.ask()["x"])
    return path


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["recomend"], "Did you mean 'recommend'?"),
        (["kb", "trails"], "Did you mean 'trials'?"),
        (["zzzz"], "Try 'main --help'."),
        (["kb", "zzzz"], "Try 'main kb --help'."),
    ],
)
def test_a_command_that_is_mistyped(words, says):
    done = call(*words)
    assert done.exit_code == 2
    assert done.output.splitlines()[-1] == f"Error: No such command '{words[-1]}'. {says}"


@pytest.mark.parametrize("words", [[], ["kb"]])
def test_a_group_without_a_command_shows_its_help(words):
    assert call(*words).output.splitlines() == call(*words, "--help").output.splitlines()


def test_trials_are_listed_with_their_study_and_metric(store):
    head, _, *rows = call("kb", "trials", "--study", "digits-1", "--kb", store).output.splitlines()
    assert head.split()[:6] == ["trial_id", "study", "number", "state", "metric", "value"]
    assert len(rows) == 4
    assert all(row.split()[1] == "digits-1" for row in rows)


def test_times_are_listed_to_the_second(store):
    _, _, first, *_ = call("kb", "studies", "--kb", store).output.splitlines()
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00", first)


def test_help_tells_of_completion():
    assert 'eval "$(_ADVISOR_COMPLETE=bash_source advisor)"' in call("--help").output


def test_python_runs_the_package():
    done = subprocess.run([sys.executable, "-m", "advisor", "--version"], capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("advisor, version")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("f1", "f1_macro"), ("auc", "roc_auc"), ("ACC", "accuracy"), ("log-loss", "log_loss"),
     ("mse", "rmse"), ("acuracy", "accuracy")],
)  # fmt: skip
def test_a_metric_by_another_name(typed, meant):
    with pytest.raises(UserError, match=rf"No metric is called '{typed}'\. Try {meant}\."):
        get_metric(typed)


def test_trials_of_the_name_that_was_printed(store):
    rows = json.loads(call("kb", "trials", "--study", "digits-1", "--kb", store,
                           "--format", "json").stdout)  # fmt: skip
    assert [row["number"] for row in rows] == [0, 1, 2, 3]
    assert all(isinstance(row["config"]["x"], float) for row in rows)
    assert all(isinstance(row["metrics"], dict) for row in rows)
    wrong = call("kb", "trials", "--study", "digit-1", "--kb", store)
    assert wrong.exit_code == 2
    assert wrong.output.endswith("Did you mean 'digits-1'?\n")
    identity = rows[0]["study_id"]
    short = call("kb", "trials", "--study", identity[:8], "--kb", store, "--format", "json")
    assert json.loads(short.stdout) == rows


def test_own_things_come_first_and_alone(store):
    first, *rest = json.loads(call("kb", "tasks", "--kb", store, "--format", "json").stdout)
    assert first["name"].startswith("digits-")
    assert [row["mine"] for row in rest][:2] == [2 if first["mine"] == 4 else 4, 0]
    mine = json.loads(call("kb", "tasks", "--mine", "--kb", store, "--format", "json").stdout)
    assert sorted((row["name"], row["trials"]) for row in mine) == [
        ("digits-1", 4),
        ("digits-2", 2),
    ]
    studies = call("kb", "studies", "--mine", "--kb", store).output.splitlines()
    assert [row.split()[1] for row in studies[2:]] == ["digits-2", "digits-1"]
    trials = json.loads(call("kb", "trials", "--mine", "--kb", store, "--format", "json").stdout)
    assert len(trials) == 6
    assert "6 more" not in call("kb", "trials", "--mine", "--kb", store).output


def test_a_family_alone(store):
    rows = json.loads(call("kb", "tasks", "--family", "cnn", "--kb", store,
                           "--format", "json").stdout)  # fmt: skip
    assert rows
    assert {row["family"] for row in rows} == {"cnn"}
    rows = json.loads(call("kb", "trials", "--family", "net", "--kb", store,
                           "--format", "json").stdout)  # fmt: skip
    assert len(rows) == 6
    rows = json.loads(call("kb", "studies", "--family", "net", "--kb", store,
                           "--format", "json").stdout)  # fmt: skip
    assert {row["name"] for row in rows} == {"digits-1", "digits-2"}
    for listing in ("tasks", "studies", "trials"):
        wrong = call("kb", listing, "--family", "mpl", "--kb", store)
        assert wrong.exit_code == 2
        assert wrong.output == "Error: No task is of the family 'mpl'. Did you mean 'mlp'?\n"


def test_after_a_search_the_best_five_the_default_and_the_baseline(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text("x,y\n" + "".join(f"{i / 9},{'no' if i % 3 else 'yes'}\n" for i in range(90)))
    words = ["tune", file, "--target", "y", "--trials", 7, "--max-epochs", 2]
    done = call(*words, "--study", "mine")
    lines = done.stdout.splitlines()
    place = next(i for i, line in enumerate(lines) if "what differs from the best" in line)
    table = [line.split() for line in lines[place + 1 : place + 6]]
    assert [row[0] for row in table] == ["trial"] * 5
    values = [float(row[2]) for row in table]
    assert values == sorted(values, reverse=True)
    assert f"(trial {table[0][1]})" in done.stdout
    for told in ("trivial baseline", "library default", "final model"):
        (row,) = [line.split(told)[1] for line in lines if line.strip().startswith(told)
                  and "±" in line]  # fmt: skip
        assert len([word for word in row.split() if word not in "±"]) == 4, row
    # What is known is not trained again, and this is said.
    again = call(*words, "--study", "again")
    # It is said as soon as the data were read, and once more beside what came of the search.
    assert again.stderr.splitlines()[:4] == [
        "Read data.csv: 90 rows; target 'y', 2 classes.",
        "Columns: 1 number (x).",
        "Split: 4 folds, trained on 54 rows and validated on 18; 18 to test.",
        "Known already: 7 trials of this very task, not trained again.",
    ]
    assert "Known already" not in done.stderr
    assert "Taken from the store: 7 trials of this very task, not trained again" in again.stdout


def test_what_said_nothing_is_counted_with_the_reason(tmp_path):
    (tmp_path / "space.yaml").write_text(
        "name: s\nhyperparameters:\n  x: {type: float, low: 0, high: 1}\n"
    )
    (tmp_path / "train.py").write_text(
        "N = []\n"
        "def train(config, report):\n"
        "    N.append(1)\n"
        "    if len(N) == 2: raise ValueError('too large')\n"
        "    return config['x']\n"
    )
    done = call("tune", "--objective", f"{tmp_path / 'train.py'}:train", "--space",
                tmp_path / "space.yaml", "--metric", "loss", "--trials", 4)  # fmt: skip
    assert done.exit_code == 0, done.output
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("Not compared")]
    assert line.startswith("Not compared: 1 failed (the first: ")
    assert "too large" in line


SOURCES = {"bash": "bash_source", "zsh": "zsh_source", "fish": "fish_source"}


def advisor(variable, **more):
    """Run the command as a shell does that completes its line."""
    there = {**os.environ, "_ADVISOR_COMPLETE": variable, **more}
    code = "import sys; sys.argv[0] = 'advisor'; from advisor.cli import run; run()"
    return subprocess.run([sys.executable, "-c", code], env=there, capture_output=True, text=True)


@pytest.mark.parametrize("shell", SOURCES)
def test_shells_complete(shell):
    """As docs/completion.md says."""
    if shell == "bash" and shutil.which("bash") is None:
        pytest.skip("Click asks bash for its version")
    script = advisor(SOURCES[shell]).stdout
    assert "_ADVISOR_COMPLETE" in script
    assert "advisor" in script
    asked = {"COMP_WORDS": "advisor kb tr", "COMP_CWORD": "tr" if shell == "fish" else "2"}
    found = advisor(f"{shell}_complete", **asked).stdout
    assert "trials" in found
    asked = {"COMP_WORDS": "advisor rec", "COMP_CWORD": "rec" if shell == "fish" else "1"}
    assert "recommend" in advisor(f"{shell}_complete", **asked).stdout
