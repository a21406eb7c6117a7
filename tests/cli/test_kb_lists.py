"""`advisor kb`: lists that the database cuts, and exports that are told before they are written."""

import json

import pytest
from click.testing import CliRunner

from advisor.cli import main
from knowledge_base import Bundle, KnowledgeBase
from knowledge_base.records import StudyRecord, TaskRecord, TrialRecord
from knowledge_base.space import SpaceDefinition

SPACE = SpaceDefinition.from_dict({"name": "toy", "hyperparameters": {
    "rate": {"type": "float", "low": 0.0, "high": 1.0}}})  # fmt: skip
TASK = TaskRecord("toy task", "accuracy", "maximize", "toy")
STUDY = StudyRecord("study-1", TASK.task_id, SPACE.space_id, "one", "random", contributor="tester")
ERROR = "ValueError: cannot read '/home/eva/x.csv'"


@pytest.fixture
def path(tmp_path, monkeypatch):
    path = tmp_path / "kb.duckdb"
    monkeypatch.setenv("ADVISOR_KB", str(path))
    trials = [
        TrialRecord("study-1", n, {"rate": n / 10}, "failed" if n == 3 else "complete",
                    value=None if n == 3 else n / 10, error=ERROR if n == 3 else None)
        for n in range(7)
    ]  # fmt: skip
    KnowledgeBase(path).append(Bundle.from_records([TASK, SPACE, STUDY, *trials]))
    return path


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(main, ["kb", *arguments])
    assert done.exit_code == code, done.output
    return done.output


def numbers(text: str) -> list[int]:
    return [row["number"] for row in json.loads(text)]


def test_a_list_of_trials_is_cut_and_says_how_many_more_there_are(path):
    lines = run("trials", "--study", "study-1", "--limit", "2").splitlines()
    assert len(lines) == 2 + 2 + 1
    assert lines[-1] == "... 5 more; --limit 0 shows all."
    assert len(run("trials", "--study", "study-1", "--limit", "0").splitlines()) == 2 + 7
    assert len(run("trials", "--study", "study-1", "--limit", "7").splitlines()) == 2 + 7


def test_trials_are_sorted_by_any_column(path):
    found = run("trials", "--study", "study-1", "--sort", "-value", "--format", "json")
    assert numbers(found) == [6, 5, 4, 2, 1, 0, 3]
    found = run("trials", "--study", "study-1", "--sort", "-config.rate", "--format", "json")
    assert numbers(found) == [6, 5, 4, 3, 2, 1, 0]
    assert "there is no column 'rate'" in run("trials", "--sort", "rate", code=2)


def test_json_has_all_rows_unless_a_limit_was_given(path, monkeypatch):
    monkeypatch.setattr("advisor.cli.kb.LISTED", 2)
    assert numbers(run("trials", "--study", "study-1", "--format", "json")) == list(range(7))
    found = run("trials", "--study", "study-1", "--format", "json", "--limit", "2")
    assert numbers(found) == [0, 1]


@pytest.mark.parametrize("limit", [0, 1, 2, 7])
def test_json_that_is_printed_in_pieces_is_the_json_of_all(path, monkeypatch, limit):
    asked = ["trials", "--study", "study-1", "--format", "json", "--limit", str(limit)]
    whole = run(*asked)
    monkeypatch.setattr("advisor.cli.kb.JSON_ROWS", 2)
    assert run(*asked) == whole == json.dumps(json.loads(whole), indent=2) + "\n"
    assert len(json.loads(whole)) == (limit or 7)


def test_json_without_any_row_is_a_list(path):
    assert run("trials", "--state", "diverged", "--mine", "--format", "json") == "[]\n"


def test_tasks_are_listed_with_their_trials(path):
    found = {row["name"]: row["trials"] for row in json.loads(run("tasks", "--format", "json"))}
    assert found["toy task"] == 7
    assert sum(found.values()) == KnowledgeBase(path).count_trials()


def test_what_leaves_the_machine_is_said_before_it_is_written(path, tmp_path):
    out = tmp_path / "out"
    told = run("export", str(out), "--dry-run")
    assert told.splitlines()[0] == "This would leave the machine:"
    assert "7 trials: configuration" in told
    assert "1 with an error" in told
    assert "contributors: tester (1)" in told
    assert not out.exists()
    lines = run("export", str(out)).splitlines()
    assert lines[0] == "This leaves the machine:"
    assert lines[-1] == f"Exported 7 trials to {out}."
    errors = Bundle.read(out)["trials"]["error"].to_pylist()
    assert [error for error in errors if error] == ["ValueError: cannot read ..."]
    assert "is not an empty folder" in run("export", str(out), code=2)


def test_nobody_is_named_in_an_anonymous_export(path, tmp_path):
    out = tmp_path / "out"
    found = json.loads(run("export", str(out), "--anonymous", "--format", "json"))
    assert found["trials"] == 7
    assert any(line == "contributors: nobody named (1)" for line in found["told"])
    assert Bundle.read(out)["studies"]["contributor"].to_pylist() == [None]
    run("export", str(tmp_path / "named"), "--contributor", "Dr E")
    assert Bundle.read(tmp_path / "named")["studies"]["contributor"].to_pylist() == ["Dr E"]
