"""What the wheel holds."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = sorted(
    {path.parent for top in ("advisor", "knowledge_base") for path in (ROOT / top).rglob("*.py")}
)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_every_folder_with_code_is_a_package(folder):
    # setuptools leaves out folders without one, which an editable install hides
    assert (folder / "__init__.py").exists()


def test_the_knowledge_base_knows_nothing_of_the_advisor():
    modules = list((ROOT / "knowledge_base").rglob("*.py"))
    assert modules
    for path in modules:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] == "advisor"], path
