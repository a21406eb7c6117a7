"""The commands of the README's section on other tools, run on what these tools wrote."""

import re
import shutil
from pathlib import Path

import foreign_samples as foreign
import pytest
from click.testing import CliRunner

from advisor.cli import main

README = Path(__file__).parents[3] / "README.md"
TEXT = README.read_text(encoding="utf-8").partition("### Past runs of other tools")[2]
COMMANDS = re.findall(r"^advisor (contribute [^#\n]+)", TEXT.partition("```bash")[2].partition(
    "```")[0], re.MULTILINE)  # fmt: skip


def test_there_is_a_command_for_each_tool():
    assert len(COMMANDS) == len(set(foreign.SAMPLES.values()))


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_the_readme_take_runs(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    foreign.mlflow_database(tmp_path)
    for made, name in (("hydra/multirun", "multirun"), ("tensorboard/logs", "logs"),
                       ("wandb/wandb", "wandb"), ("smac", "smac3_output"),
                       ("ray", "ray_results")):  # fmt: skip
        shutil.copytree(foreign.HERE / made, tmp_path / name)
    arguments = [*command.split(), "--kb", "k.duckdb"]
    first = CliRunner().invoke(main, arguments)
    assert first.exit_code == 0, first.output
    assert re.search(r"Accepted [1-9]", first.output)
    again = CliRunner().invoke(main, arguments)
    assert "Accepted 0 trials" in again.output, again.output
