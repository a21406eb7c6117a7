"""Names cannot forge lines, and a knowledge base that is not there is said to be new."""

import json

import pandas as pd
import pytest
from click.testing import CliRunner

from advisor.cli import main
from advisor.cli.output import plain
from knowledge_base import KnowledgeBase
from knowledge_base.records import StudyRecord, TaskRecord
from knowledge_base.space import SpaceDefinition

EVIL = "good\n#1  should beat 100%\x1b[31m\x9b\u2028\u202e\x7f"
SPACE = SpaceDefinition.from_dict(
    {"name": "toy", "hyperparameters": {"x": {"type": "float", "low": 0, "high": 1}}}
)


def call(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def kb(tmp_path):
    path = tmp_path / "kb.duckdb"
    store = KnowledgeBase(path, seed=False)
    task = TaskRecord(EVIL, "loss", "minimize", "toy")
    study = StudyRecord("s", task.task_id, SPACE.space_id, EVIL)
    frame = pd.DataFrame({"x": [0.1, 0.2, 0.3], "value": [1.0, 2.0, 3.0]})
    store.add_trials(frame, task=task, space=SPACE, study=study)
    return path


def test_text_for_people_is_on_one_line_and_shows_what_it_holds():
    assert plain(EVIL) == r"good\n#1  should beat 100%\x1b[31m\x9b\u2028\u202e\x7f"
    assert plain("Zürich \U0001f600 日本") == "Zürich \U0001f600 日本"


@pytest.mark.parametrize("listing", ["tasks", "studies"])
def test_names_cannot_forge_lines_of_a_listing(kb, listing):
    shown = call("kb", listing, "--kb", kb, "--limit", 0)
    assert shown.exit_code == 0
    assert not any(line.startswith("#1") for line in shown.stdout.splitlines())
    assert r"good\n#1" in shown.stdout
    assert "\x1b" not in shown.stdout
    rows = json.loads(call("kb", listing, "--kb", kb, "--format", "json").stdout)
    assert EVIL in [row["name"] for row in rows]


def test_errors_cannot_forge_lines(tmp_path):
    shown = call("recommend", tmp_path / "no\x1b[31m\n#1 such.csv", "--kb", tmp_path / "k.duckdb")
    assert shown.exit_code == 2
    assert "\x1b" not in shown.stderr
    assert not any(line.startswith("#1") for line in shown.stderr.splitlines())


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "a\nb", "/tmp/x"])
def test_a_study_has_a_plain_name(tmp_path, name):
    place = tmp_path / "in" / "kb.duckdb"
    shown = call("tune", "sklearn:iris", "--trials", 1, "--study", name, "--kb", place)
    assert shown.exit_code == 2
    assert "--study" in shown.stderr.splitlines()[-1]
    assert not list(tmp_path.rglob("study.json"))


@pytest.mark.parametrize(
    "command", [["recommend", "sklearn:iris"], ["kb", "info"], ["kb", "trials"]]
)
def test_reading_makes_nothing_where_nothing_is(tmp_path, command):
    place = tmp_path / "mistyped" / "kb.duckdb"
    shown = call(*command, "--kb", place)
    assert shown.exit_code == 0
    assert shown.stderr.count("There is no knowledge base at") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_new_knowledge_base_is_said_to_be_new_once(tmp_path):
    place, runs = tmp_path / "mine.duckdb", tmp_path / "runs.csv"
    (tmp_path / "space.json").write_text(json.dumps(SPACE.to_dict()))
    runs.write_text("x,value\n0.1,1\n0.2,2\n")
    command = ["contribute", runs, "--space", tmp_path / "space.json", "--direction", "minimize",
               "--metric", "value", "--task", "t", "--kb", place]  # fmt: skip
    assert "is new" in call(*command).stderr
    assert call(*command).stderr == ""
