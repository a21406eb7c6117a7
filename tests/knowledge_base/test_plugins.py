"""Parts of installed packages: found by entry points, refused in one line where they are wrong."""

import logging
import subprocess
import sys
from importlib.metadata import EntryPoint, PathDistribution
from pathlib import Path

import pytest

from knowledge_base import UserError
from knowledge_base.plugins import installed, sort_out
from knowledge_base.registry import Registry

ROOT = Path(__file__).resolve().parents[2]
GROUP = "advisor.tests_of_plugins"
MODULE = """
from numbers import Number
class Fine(Number):
    name = "fine"
class Other(Number):
    name = "another name"
class Half(__import__("abc").ABC):
    name = "half"
    @__import__("abc").abstractmethod
    def missing(self): ...
Number.register(Half)
"""


def install(folder: Path, package: str, points: dict[str, str]) -> PathDistribution:
    """Make what an installer makes of a package with entry points."""
    made = folder / f"{package}-1.0.dist-info"
    made.mkdir()
    (made / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = [f"[{GROUP}]", *(f"{name} = {place}" for name, place in points.items())]
    (made / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return PathDistribution(made)


@pytest.fixture
def site(tmp_path, monkeypatch):
    (tmp_path / "a_plugin.py").write_text(MODULE)
    (tmp_path / "a_raising_plugin.py").write_text("raise RuntimeError('two\\nlines')\n")
    monkeypatch.syspath_prepend(tmp_path)
    installed.cache_clear()
    yield tmp_path
    installed.cache_clear()
    sys.modules.pop("a_plugin", None)


def registry(base=None):
    return Registry("kind of part", {"ours": "fractions:Fraction"}, GROUP, base)


def test_a_package_adds_parts_behind_ours(site):
    install(site, "theirs", {"fine": "a_plugin:Fine", "anything": "a_plugin:Other"})
    found = registry()
    assert list(found) == ["ours", "anything", "fine"]
    assert len(found) == 3
    assert "a_plugin" not in sys.modules
    assert found.find("fine").__name__ == "Fine"
    assert not found.is_built_in("fine")
    with pytest.raises(UserError, match=r"called 'fin'\. Try fine\."):
        found.find("fin")


def test_other_registries_have_no_plugins(site):
    install(site, "theirs", {"fine": "a_plugin:Fine"})
    assert list(Registry("kind of part", {"ours": "fractions:Fraction"})) == ["ours"]


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("no_such_module_at_all:X", "ModuleNotFoundError: No module named"),
        ("a_raising_plugin:X", "RuntimeError: two lines."),
        ("a_plugin:Missing", "AttributeError"),
        ("fractions:gcd_of_nothing", "AttributeError"),
        ("a_plugin:Other", "a_plugin:Other calls itself 'another name'"),
        ("a_plugin:Half", "a_plugin:Half lacks missing"),
        ("json:dumps", "json:dumps is no subclass of Number"),
        ("json:JSONEncoder", "json:JSONEncoder is no subclass of Number"),
    ],
)
def test_a_broken_one_is_named_in_one_line_and_left_out(site, caplog, place, reason):
    from numbers import Number

    install(site, "theirs", {"fine": "a_plugin:Fine", "wrong": place})
    found = registry(Number)
    with pytest.raises(UserError) as caught:
        found.find("wrong")
    assert str(caught.value).startswith("The kind of part 'wrong' of theirs 1.0 cannot be used: ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    with caplog.at_level(logging.WARNING):
        assert [part.__name__ for part in found.usable()] == ["Fraction", "Fine"]
    assert caplog.messages == [str(caught.value)]
    problems = {plugin.name: problem for plugin, problem in found.plugins()}
    assert problems == {"fine": None, "wrong": str(caught.value)}


def test_a_name_that_is_taken_is_refused_with_a_line(site, caplog):
    install(site, "alpha", {"both": "a_plugin:Fine", "ours": "a_plugin:Fine"})
    install(site, "beta", {"both": "a_plugin:Other"})
    found = registry()
    with caplog.at_level(logging.WARNING):
        assert found.find("both").__name__ == "Fine"
        assert list(found) == ["ours", "both"]
    lines = [
        "The kind of part 'both' of beta 1.0 is left out: the name is taken by alpha 1.0.",
        "The kind of part 'ours' of alpha 1.0 is left out: the name is taken by one that is "
        "built in.",
    ]
    assert caplog.messages == lines
    assert list(found.refused()) == lines
    assert found.find("ours").__name__ == "Fraction"


def test_a_point_without_a_package_or_told_twice():
    point = EntryPoint("x", "a:b", GROUP)
    found, refused = sort_out([point, point], "part", ())
    assert (found["x"].package, refused) == ("an unnamed package", [])


def test_what_is_built_in_is_found_without_a_look_at_what_is_installed():
    """Looking takes longer than a recommendation has."""
    code = (
        "import importlib.metadata as m\n"
        "def never(*a, **k): raise AssertionError('looked')\n"
        "m.entry_points = never\n"
        "from advisor.models import FAMILIES, get_family, family_for\n"
        "from advisor.strategies import get_strategy\n"
        "get_family('mlp'), family_for('text'), get_strategy('grid'), 'cnn' in FAMILIES\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
