"""No import runs from a lower room to a higher one, and none in a circle.

The rooms are in pyproject.toml. import-linter reads every import, lazy ones inside functions
and those for types alone included, but no name of a module in a text, such as those of
registries; these are read here.
"""

import ast
import os
import subprocess
import sys
import tomllib
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOADS_THE_USERS_FILES = Path("advisor/training/loading.py")


@cache
def modules():
    """Return the file of every module by the module's name."""
    found = {}
    for package in ("advisor", "knowledge_base"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(module):
    return ast.parse(modules()[module].read_text(encoding="utf-8"))


def is_package(module):
    return modules()[module].name == "__init__.py"


@cache
def re_exports(package):
    """Return the modules that the names of a package come from."""
    return {
        alias.asname or alias.name: node.module
        for node in tree(package).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def of_name(package, name, importer):
    """Return the module that `from package import name` needs.

    A re-exported name needs the module that it comes from. Within the package it needs the
    package as well, which may be half imported by then.
    """
    if f"{package}.{name}" in modules():
        return {f"{package}.{name}"}
    if not is_package(package) or importer.startswith(f"{package}."):
        return {package}
    source = re_exports(package).get(name)
    return of_name(source, name, importer) if source in modules() else {package}


def named_in_texts(module):
    """Return the modules that a module names in texts, to import them later."""
    texts = {n.value for n in ast.walk(tree(module)) if isinstance(n, ast.Constant)
             if isinstance(n.value, str)}  # fmt: skip
    names = {text.partition(":")[0] for text in texts}
    return {name for name in names & modules().keys() if "." in name} - {module}


def imported(module):
    """Return the modules that a module needs, whenever it imports them."""
    found = set(named_in_texts(module))
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & modules().keys()
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            if node.module in modules():
                for alias in node.names:
                    found |= of_name(node.module, alias.name, module)
    return found - {module}


def rooms():
    """Return the height of every room, by its name."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    layers = [
        [f"{contract['containers'][0]}.{room.strip()}" for room in layer.split("|")]
        for contract in contracts
        if contract["type"] == "layers"
        for layer in contract["layers"]
    ]
    return {room: -place for place, layer in enumerate(layers) for room in layer}


def room_of(module):
    return ".".join(module.split(".")[:2])


def test_the_contract_of_the_rooms_is_kept():
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    found = subprocess.run(
        [sys.executable, "-c", code, "--no-cache", "--no-logo"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert "0 broken" in found.stdout, found.stdout


def test_no_module_named_in_a_text_is_above():
    heights, up = rooms(), []
    for module in modules():
        if "." not in module:  # the door of a package publishes what is in all its rooms
            continue
        for other in named_in_texts(module):
            same = room_of(module) == room_of(other)
            if not same and heights[room_of(other)] >= heights[room_of(module)]:
                up.append(f"{module} -> {other}")
    assert not up


def test_no_modules_import_each_other_in_a_circle():
    needs = {module: imported(module) for module in modules()}
    assert sum(map(len, needs.values())) > len(needs)  # something is read at all
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        raise AssertionError(" <- ".join(error.args[1])) from None


def test_only_the_loader_of_the_users_own_files_changes_where_modules_are_looked_for():
    found = set()
    for module, path in modules().items():
        for node in ast.walk(tree(module)):
            if (
                (isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.path")
                or (isinstance(node, ast.ImportFrom) and node.module == "sys")
                or (isinstance(node, ast.Name | ast.Attribute) and "addsitedir" in ast.dump(node))
                or (isinstance(node, ast.Constant) and node.value == "PYTHONPATH")
            ):
                found.add(path.relative_to(ROOT))
    assert found == {LOADS_THE_USERS_FILES}
