import json
from pathlib import Path

import pytest

from advisor.metafeatures import NAMES, VERSION, compute
from advisor.metafeatures import groups as package
from advisor.metafeatures.base import MetafeatureGroup
from advisor.metafeatures.reference import markdown
from advisor.metafeatures.registry import all_groups, groups_of

ROOT = Path(__file__).parents[2]

GOLDEN = Path(__file__).with_name("version_1.json")
"""Values of version 1. Change one, or the list: raise VERSION and renew the file."""


class Wrong(MetafeatureGroup):
    """Computes what it does not describe."""

    name = "wrong"
    descriptions = {"known": "described"}  # noqa: RUF012

    def values(self, view):
        """Return one value too many."""
        return {"known": 1.0, "unknown": 2.0}


def test_each_module_of_groups_is_found():
    modules = sorted(path.stem for path in Path(package.__path__[0]).glob("[a-z]*.py"))
    assert [group.name for group in all_groups()] == modules
    tables = {group.name for group in groups_of("table")}
    assert {name.split(".")[0] for name in NAMES} == tables
    assert tables | {"image", "text", "series"} == set(modules)


def test_a_group_must_describe_what_it_computes():
    with pytest.raises(KeyError, match="unknown"):
        Wrong().compute(None)


def test_document_is_up_to_date():
    document = (ROOT / "docs" / "metafeatures.md").read_text()
    assert document == markdown(), "run python -m advisor.metafeatures.reference"
    assert all(f"`{name}`" in document for name in NAMES)


def test_values_are_those_of_this_version(mixed):
    assert VERSION == 1
    expected = json.loads(GOLDEN.read_text())
    assert compute(mixed(300)) == pytest.approx(expected, abs=1e-6, nan_ok=True)


def test_a_new_group_is_one_new_file(monkeypatch, tmp_path):
    (tmp_path / "zeal.py").write_text(
        "from advisor.metafeatures.base import MetafeatureGroup\n"
        "class Zeal(MetafeatureGroup):\n"
        "    name = 'zeal'\n"
        "    descriptions = {'score': 'always one'}\n"
        "    def values(self, view):\n"
        "        return {'score': 1.0}\n"
    )
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    found = all_groups.__wrapped__()
    assert [group.name for group in found][-1] == "zeal"
    assert found[-1].compute(None) == {"zeal.score": 1.0}
