"""The example of a plug-in is found when it is installed, passes the tests, and searches."""

import importlib.util
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from advisor.cli import main
from advisor.models import get_family
from knowledge_base.plugins import installed

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "plugin"


def _tests():
    """Return the module of the example's own tests."""
    sys.path.insert(0, str(EXAMPLE))
    try:
        spec = importlib.util.spec_from_file_location(
            "conformance_of_the_example", EXAMPLE / "test_conformance.py"
        )
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(EXAMPLE))
    return module


tests = _tests()


@pytest.fixture(scope="module", autouse=True)
def _installed(tmp_path_factory):
    """Install the package as pip does, without its minutes."""
    site = tmp_path_factory.mktemp("site")
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    made = site / "advisor_example-1.0.dist-info"
    made.mkdir()
    (made / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {place}" for name, place in points.items())]
    (made / "entry_points.txt").write_text("\n".join(lines) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLE)
        patch.syspath_prepend(site)
        installed.cache_clear()
        yield
    installed.cache_clear()


class TestRunlog(tests.TestRunlog): ...


class TestNearby(tests.TestNearby): ...


class TestSoftmax(tests.TestSoftmax): ...


def invoke(*words):
    return CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)


def test_the_command_line_has_them(tmp_path):
    listed = [line.split() for line in invoke("plugins").output.splitlines()]
    assert listed[2][:4] == ["importer", "runlog", "advisor-example", "1.0"]
    assert [row[-1].partition(":")[2] for row in listed[2:]] == [
        "RunlogImporter", "NearbySearch", "Softmax"
    ]  # fmt: skip
    file = tmp_path / "data.csv"
    file.write_text("x,y\n" + "".join(f"{i / 9},{'no' if i % 3 else 'yes'}\n" for i in range(90)))
    found = invoke("tune", file, "--target", "y", "--family", "softmax", "--strategy", "nearby",
                   "--trials", 2, "--max-epochs", 2, "--study", "mine",
                   "--studies-dir", tmp_path / "studies")  # fmt: skip
    assert found.exit_code == 0, found.output
    assert "Study mine: 2 finished trials" in found.output
    refused = invoke("export", tmp_path / "studies" / "mine", "-o", tmp_path / "out")
    assert refused.exit_code == 2
    assert "built by a plug-in, as 'softmax'" in refused.output


def test_its_family_is_found_by_name():
    assert get_family("softmax").space().version == 1
