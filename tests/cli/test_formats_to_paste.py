"""What `advisor recommend` prints to be pasted."""

import json

import pytest
from click.testing import CliRunner

from advisor.cli import main


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What is printed in each format."""
    kb = tmp_path_factory.mktemp("formats") / "kb.duckdb"
    words = ["recommend", "sklearn:wine", "-n", "2", "--kb", str(kb), "--format"]
    found = {}
    for name in ("json", "yaml", "python"):
        result = CliRunner().invoke(main, [*words, name])
        assert result.exit_code == 0, result.output
        found[name] = result
    return found


def test_all_formats_have_the_same_configurations(said):
    yaml = pytest.importorskip("yaml")
    configs = [item["config"] for item in json.loads(said["json"].stdout)["recommendations"]]
    assert len(configs) == 2
    assert yaml.safe_load(said["yaml"].stdout) == configs
    there: dict[str, object] = {}
    exec(compile(said["python"].stdout, "pasted", "exec"), there)
    assert there["configurations"] == configs


def test_the_account_of_the_data_is_not_among_what_is_pasted(said):
    for name in ("yaml", "python"):
        assert "178 rows" in said[name].stderr
        assert "178 rows" not in said[name].stdout


def test_other_commands_print_no_code():
    result = CliRunner().invoke(main, ["tune", "sklearn:wine", "--format", "python"])
    assert result.exit_code == 2
    assert "python" in result.output
