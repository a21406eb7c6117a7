"""What was typed wrongly is shown on one line, whoever finds it wrong."""

import logging

import pytest
from click.testing import CliRunner

from advisor import Advisor
from advisor.cli import main
from advisor.cli.group import COMMANDS
from knowledge_base import KnowledgeBase

EVIL = "x\n#1  should beat 100%\x1b[31m\x9b\u202e"


@pytest.mark.parametrize("words", [
    [EVIL],
    ["--" + EVIL],
    ["tune", "--" + EVIL],
    ["tune", "a.csv", "--trials", EVIL],
    ["tune", "a.csv", "--kind", EVIL],
    ["tune", "a.csv", EVIL],
    ["kb", EVIL],
    ["kb", "trials", "--limit", EVIL],
    ["compare", "a.csv", "--format", EVIL],
    ["recommend", "a.csv", "-n", EVIL],
], ids=str)  # fmt: skip
def test_usage_errors_cannot_forge_lines(words):
    shown = CliRunner().invoke(main, words)
    assert shown.exit_code == 2
    assert r"\n#1  should beat 100%\x1b[31m\x9b\u202e" in shown.output
    assert not set(shown.output) & {"\x1b", "\x9b", "\u202e"}
    assert not any(line.startswith("#1") for line in shown.output.splitlines())


@pytest.mark.parametrize("command", COMMANDS)
def test_plain_usage_errors_are_as_they_were(command):
    shown = CliRunner().invoke(main, [command, "--no-such-option"])
    assert shown.exit_code == 2
    assert "Error: No such option" in shown.output


# A knowledge base that is not there


def test_one_that_the_environment_names_is_said_to_be_new(tmp_path, monkeypatch):
    monkeypatch.setenv("ADVISOR_KB", str(tmp_path / "mistyped.duckdb"))
    shown = CliRunner().invoke(main, ["kb", "info"])
    assert shown.stderr.count("There is no knowledge base at") == 1
    monkeypatch.delenv("ADVISOR_KB")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert CliRunner().invoke(main, ["kb", "info"]).stderr == ""  # Nobody mistyped anything.


@pytest.mark.parametrize("named", ["argument", "environment", "nothing"])
def test_one_that_is_named_from_python_is_said_to_be_new_once(tmp_path, monkeypatch, caplog, named):
    monkeypatch.delenv("ADVISOR_KB")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    path = tmp_path / "mistyped.duckdb"
    if named == "environment":
        monkeypatch.setenv("ADVISOR_KB", str(path))
    advisor = Advisor(path if named == "argument" else None)
    with caplog.at_level(logging.WARNING, logger="knowledge_base"):
        advisor.recommend("sklearn:iris", n=1)
        advisor.tune("sklearn:iris", trials=1, max_epochs=1)
    said = [record.getMessage() for record in caplog.records]
    expected = [] if named == "nothing" else [f"no knowledge base at {path}: it is new"]
    assert len(said) == len(expected)
    assert all(part in line for part, line in zip(expected, said, strict=True))
    caplog.clear()
    KnowledgeBase(path if named == "argument" else None).info()
    assert not caplog.records
