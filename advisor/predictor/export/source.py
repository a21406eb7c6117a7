"""Puts the code of an exported model together: pieces of hand-written code, one above the other."""

import ast
from collections.abc import Sequence
from importlib.resources import files

OURS = "advisor"
"""The package whose modules are pieces; imports of others stay."""


def source_of(pieces: Sequence[str], about: str) -> str:
    """Return one module that consists of others.

    Args:
        pieces: names of modules, each below those that it imports.
        about: the docstring of the module; constant text, never a user's.

    Returns:
        Code with the imports of all pieces at its top, but those of other pieces.
    """
    imports: dict[str, set[str]] = {}
    bodies = []
    for piece in pieces:
        text = _text_of(piece)
        tree = ast.parse(text)
        nodes = tree.body
        heads = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
        for node in heads:
            _collect(node, imports)
        last = heads[-1].end_lineno if heads else nodes[0].end_lineno
        title = (ast.get_docstring(tree) or piece).splitlines()[0]
        bodies.append(f"# {title}\n\n" + "\n".join(text.splitlines()[last:]).strip())
    body = "\n\n\n".join(bodies)
    return f'"""{about}"""\n\n{_written(imports)}\n\n{body}\n'


def _text_of(piece: str) -> str:
    package, _, name = piece.rpartition(".")
    return (files(package) / f"{name}.py").read_text(encoding="utf-8")


def _collect(node: ast.Import | ast.ImportFrom, imports: dict[str, set[str]]) -> None:
    """Add what is imported, by the module that it comes from; "" for whole modules."""
    source = node.module or "" if isinstance(node, ast.ImportFrom) else ""
    if source.split(".")[0] != OURS:
        imports.setdefault(source, set()).update(alias.name for alias in node.names)


def _written(imports: dict[str, set[str]]) -> str:
    """Return import statements: those of the standard library, then PyTorch's."""
    whole = sorted(imports.get("", ()))
    lines = {name: f"import {name}" for name in whole}
    by_group: dict[bool, list[str]] = {False: [], True: []}
    for name, line in lines.items():
        by_group[name.split(".")[0] == "torch"].append(line)
    for source in sorted(set(imports) - {""}):
        line = f"from {source} import {', '.join(sorted(imports[source], key=_usual))}"
        by_group[source.split(".")[0] == "torch"].append(line)
    return "\n\n".join("\n".join(lines) for lines in by_group.values() if lines)


def _usual(name: str) -> tuple[bool, bool, str]:
    """Return what names are sorted by: constants, classes, then functions."""
    return not name.isupper(), not name[0].isupper(), name
