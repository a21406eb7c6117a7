"""Which files of the user's own a file of code is made of: those that it imports from its folder.

What an import means is read from the code, so that imports within functions count before they
run, and so that the answer does not depend on what the process has loaded already. What the
code finds in another way, such as from a folder that it adds to `sys.path`, is told by
`advisor.training.loading`, which sees what was loaded with the file.
"""

import ast
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

import knowledge_base

INSTALLED = ("site-packages", "dist-packages")
"""Folders of packages that are installed, and not the user's own."""

_PLACES = {
    Path(place).resolve()
    for place in (
        sys.prefix,
        sys.base_prefix,
        Path(__file__).parent.parent,
        Path(knowledge_base.__file__).parent,
    )
}
"""Where the files of Python, of its environment and of this package lie."""


def imported_files(file: Path) -> set[Path]:
    """Return the files in or below a file's folder that it imports, or that these import.

    Args:
        file: resolved path of a Python file; it is read, never run.
    """
    root, found, waiting = file.parent, set[Path](), [file]
    while waiting:
        new = {path for path in own(_imports(waiting.pop(), root), root) if path != file} - found
        found |= new
        waiting += new
    return found


def own(files: Iterable[Path], folder: Path) -> set[Path]:
    """Return those of some files that lie in or below a folder and are not installed there."""
    others = [place for place in _PLACES if not folder.is_relative_to(place)]
    return {
        path
        for path in files
        if path.is_relative_to(folder)
        and not set(INSTALLED) & set(path.relative_to(folder).parts)
        and not any(path.is_relative_to(place) for place in others)
    }


def _imports(file: Path, root: Path) -> Iterator[Path]:
    """Yield the files that the imports of a file may mean; none where it is not Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # They are told when the file is run.
            tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files(root, alias.name)
        elif isinstance(node, ast.ImportFrom):
            # One dot is the folder of the file itself, each further one the folder above.
            start = root if not node.level else Path(file, *[".."] * node.level).resolve()
            for alias in node.names:
                yield from _files(start, f"{node.module or ''}.{alias.name}")
        elif isinstance(node, ast.Call) and node.args:
            called, given = node.func, node.args[0]
            name = getattr(called, "attr", getattr(called, "id", None))
            text = given.value if isinstance(given, ast.Constant) else None
            if name in ("import_module", "__import__") and isinstance(text, str):
                yield from _files(root, text)


def _files(folder: Path, dotted: str) -> Iterator[Path]:
    """Yield the files that Python runs to import a dotted name from a folder."""
    for part in filter(None, dotted.split(".")):
        package, module = folder / part / "__init__.py", folder / f"{part}.py"
        if not package.is_file() and module.is_file():
            yield module
            return
        if package.is_file():
            yield package
        folder = folder / part
