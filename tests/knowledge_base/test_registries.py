"""Parts by their names, imported when they are asked for and not before."""

import sys

import pytest

from knowledge_base import UserError
from knowledge_base.registry import Registry

MODULE = "a_part_of_the_registry_test"


@pytest.fixture
def registry(tmp_path, monkeypatch):
    (tmp_path / f"{MODULE}.py").write_text("class Part: ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield Registry("kind of part", {"late": f"{MODULE}:Part", "broken": "no_such_module_at_all:X"})
    sys.modules.pop(MODULE, None)


def test_listing_imports_nothing(registry):
    assert list(registry) == ["late", "broken"]
    assert len(registry) == 2
    assert "late" in registry
    assert "early" not in registry
    assert MODULE not in sys.modules


def test_asking_imports_the_part_alone(registry):
    part = registry["late"]
    assert part.__name__ == "Part"
    assert registry.find("late") is part
    with pytest.raises(ModuleNotFoundError):
        registry["broken"]


def test_an_unknown_name_is_met_with_the_nearest(registry):
    with pytest.raises(UserError, match=r"No kind of part is called 'lat'\. Try late\."):
        registry.find("lat")
    with pytest.raises(UserError, match=r"Try broken or late\."):
        registry.find("zzz")
    with pytest.raises(KeyError):
        registry["lat"]
    assert registry.get("lat") is None
