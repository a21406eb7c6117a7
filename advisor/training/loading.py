"""Loading a user's own function from `FILE.py:FUNCTION`."""

import contextlib
import hashlib
import importlib.util
import inspect
import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from advisor.faults import fault
from advisor.training.sources import imported_files, own
from knowledge_base.errors import UserError

_LOADED_WITH: dict[Path, set[Path]] = {}
"""Files below a file's folder that were loaded when the file was, by its resolved path."""

SHIM = """import importlib.util, sys
spec = importlib.util.spec_from_file_location(__name__, {path!r})
module = importlib.util.module_from_spec(spec)
sys.modules[__name__] = module
spec.loader.exec_module(module)
"""
"""A module that is the user's file under a name that nothing else has."""


class _AsItIs(SourceFileLoader):
    """Compiles the file each time: compiled code of a file that changed within a second is old."""

    def get_code(self, fullname: str) -> Any:
        return self.source_to_code(self.get_data(self.path), self.path)


def split_reference(reference: str, parameter: str = "objective") -> tuple[Path, str]:
    """Return the file and the name of `FILE.py:NAME`.

    Args:
        reference: file and name.
        parameter: what gave the reference, as errors call it.

    Raises:
        UserError: the reference is malformed, or the file does not exist.
    """
    path_text, _, name = reference.rpartition(":")
    path = Path(path_text)
    if not path_text or not name.isidentifier():
        raise UserError(f"`{parameter}={reference}` is not of the form FILE.py:FUNCTION.")
    if not path.is_file():
        raise UserError(f"The file {path} of `{parameter}` does not exist.")
    return path, name


def load_function(reference: str, parameter: str = "objective") -> Callable[..., Any]:
    """Import the user's function from `FILE.py:NAME`.

    The file becomes a module that worker processes find by its name, too, so that its functions
    and classes can be pickled. What it prints while it is imported goes to standard error.

    Args:
        reference: file and name.
        parameter: what gave the reference, as errors call it.

    Raises:
        UserError: the reference is malformed, the file is missing or does not import, or
            holds no callable of that name.
    """
    path, name = split_reference(reference, parameter)
    function = getattr(_import_file(path, parameter), name, None)
    if not callable(function):
        raise UserError(f"{path} has no function '{name}'.")
    return cast(Callable[..., Any], function)


def looked_into() -> list[str]:
    """Return where this process looks for modules, for processes that are to find the same."""
    return [os.path.abspath(entry) for entry in sys.path]  # "" is the working directory.


def file_digest(path: Path) -> str:
    """Return the SHA-256 digest of a file's content in hexadecimal digits.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from error


def own_modules(path: Path) -> dict[str, str]:
    """Return what a file imports from its own folder: digests by paths relative to that folder.

    Args:
        path: resolved path of the file. What it finds in ways that its code does not tell is
            among them once the file was loaded.

    Raises:
        UserError: one of them cannot be read.
    """
    files = (imported_files(path) | _LOADED_WITH.get(path, set())) - {path}
    return {
        each.relative_to(path.parent).as_posix(): file_digest(each)
        for each in sorted(files)
        if each.is_file()
    }


def source_of(function: object) -> Path | None:
    """Return the file that a function or class was written in, None where there is none."""
    plain = inspect.unwrap(function) if callable(function) else function
    plain = getattr(plain, "func", plain)  # of a partial
    with contextlib.suppress(TypeError, OSError):
        if not inspect.isroutine(plain) and not inspect.isclass(plain):
            plain = type(plain)
        path = Path(inspect.getsourcefile(cast(Any, plain)) or "")
        return path.resolve() if path.is_file() else None
    return None


def reference_of(function: object) -> str | None:
    """Return "FILE.py:NAME" of a function at the top of a file, None of any other."""
    name, file = getattr(function, "__qualname__", ""), source_of(function)
    return f"{file}:{name}" if file is not None and name.isidentifier() else None


def check_call(function: Callable[..., Any], parameter: str, *arguments: str) -> None:
    """Refuse a function that cannot be called with the arguments that it will get.

    Args:
        function: the user's.
        parameter: what gave it, as errors call it.
        arguments: names of what it is called with.

    Raises:
        UserError: it takes others, or is a generator or asynchronous.
    """
    name = getattr(function, "__name__", type(function).__name__)
    called = f"{name}({', '.join(arguments)})"
    inner = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004
    kinds = {
        "an asynchronous function (async def)": inspect.iscoroutinefunction,
        "an asynchronous generator": inspect.isasyncgenfunction,
        "a generator (it has a yield)": inspect.isgeneratorfunction,
    }
    for kind, is_kind in kinds.items():
        if is_kind(function) or is_kind(inner):
            raise UserError(
                f"`{parameter}` is to be a plain function {called} that returns a value, but "
                f"{name} is {kind}."
            )
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # Functions that are written in C need not tell what they take.
    try:
        signature.bind(*arguments)
    except TypeError as error:
        raise UserError(
            f"`{parameter}` is called as {called}, but it is {name}{signature}: TypeError: "
            f"{_misfit(name, signature, len(arguments)) or error}."
        ) from error


def _misfit(name: str, signature: inspect.Signature, given: int) -> str | None:
    """Return how Python itself says that too many arguments are given, None if it is not so."""
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    taken = sum(parameter.kind in positional for parameter in signature.parameters.values())
    if taken >= given:
        return None
    many = "argument" if taken == 1 else "arguments"
    return f"{name}() takes {taken} positional {many} but {given} were given"


def _import_file(path: Path, parameter: str) -> ModuleType:
    """Run the file as a module of a name by which this and other processes find it.

    Raises:
        UserError: it does not import; whatever it raised or ended with is told.
    """
    path = path.resolve()
    name = _module_name(path)
    loader = _AsItIs(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None:
        raise UserError(f"The file {path} of `{parameter}` is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    _make_findable(path.parent, first=path.stem not in sys.stdlib_module_names)
    before, loaded = sys.modules.get(name), set(sys.modules)
    sys.modules[name] = module
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(sys.stderr), _kept_if_it_ends(said):
            loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before
        raise UserError(
            f"{path.name} of `{parameter}` does not import: {_told(error, said.getvalue())}."
        ) from error
    new = [_file_of(sys.modules[each]) for each in sys.modules.keys() - loaded - {name}]
    _LOADED_WITH.setdefault(path, set()).update(own(filter(None, new), path.parent))
    return module


def _file_of(module: ModuleType) -> Path | None:
    """Return the file that a module was loaded from, None where there is none."""
    # Asking a module that loads lazily for an attribute could load it.
    file = getattr(module, "__dict__", {}).get("__file__")
    return Path(os.path.abspath(file)) if isinstance(file, str) else None


@contextlib.contextmanager
def _kept_if_it_ends(said: io.StringIO) -> Iterator[None]:
    """Hold back what is written to standard error, and drop it if the code calls exit."""
    real = sys.stderr
    try:
        with contextlib.redirect_stderr(said):
            yield
    except SystemExit:
        raise
    except BaseException:
        real.write(said.getvalue())
        raise
    real.write(said.getvalue())


def _told(error: BaseException, said: str) -> str:
    """Return the error in one line; of an exit also what was said before it, and what to do."""
    if not isinstance(error, SystemExit):
        return fault(error)
    last = (said.strip().splitlines() or [""])[-1].strip().rstrip(".")
    said_so = f", saying '{last}'" if last and last != str(error.code) else ""
    return (
        f"SystemExit: {error.code} (it called exit{said_so}; what reads the command line belongs "
        'under `if __name__ == "__main__":`)'
    )


def _module_name(path: Path) -> str:
    """Return the file's own name where it means this file only, else one of its own."""
    stem = path.stem
    if path.suffix == ".py" and "." not in stem and _means(stem, path):
        return stem
    name = f"advisor_own_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    folder = Path(tempfile.gettempdir()) / f"advisor-own-{os.getuid()}-{os.getpid()}"
    with contextlib.suppress(OSError):  # Only workers that are started anew need the file.
        if not folder.exists():
            folder.mkdir(mode=0o700)
            import atexit
            import shutil

            atexit.register(shutil.rmtree, folder, ignore_errors=True)
        if folder.stat().st_uid == os.getuid():
            (folder / f"{name}.py").write_text(SHIM.format(path=str(path)), encoding="utf-8")
            _make_findable(folder)
    return name


def _means(stem: str, path: Path) -> bool:
    """Whether importing a name gives a file, in this process and in those that it starts."""
    known = sys.modules.get(stem)
    if known is not None:
        file = getattr(known, "__file__", None)
        return file is not None and Path(file).resolve() == path
    if stem in sys.stdlib_module_names:
        return False
    try:
        found = importlib.util.find_spec(stem)
    except (ImportError, ValueError):
        return False
    return found is None or (found.origin is not None and Path(found.origin).resolve() == path)


def _make_findable(folder: Path, first: bool = True) -> None:
    """Let imports of this process and of those that it starts look into a folder.

    Args:
        folder: where to look.
        first: whether it is looked into before all others; not, where the file would then be
            taken for a module of Python's own. Worker processes hear of it all the same.
    """
    text = str(folder)
    if text not in sys.path:
        sys.path.insert(0 if first else len(sys.path), text)
    if not first:
        return
    known = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    if text not in known:
        os.environ["PYTHONPATH"] = os.pathsep.join([*known, text])
