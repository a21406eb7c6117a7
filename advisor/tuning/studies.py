"""Study directories of one knowledge base: naming, finding and locking them."""

import difflib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from advisor.tuning.settings import TuneSettings
from knowledge_base import KnowledgeBase
from knowledge_base.errors import UserError
from knowledge_base.study_directory import StudyDirectory


def studies_root(kb: KnowledgeBase) -> Path:
    """Return where `advisor tune` keeps its studies: beside the knowledge base."""
    return Path(kb.path).parent / "studies"


def new_directory(
    root: Path, settings: TuneSettings, name: str | None, kind: str = "study"
) -> Path:
    """Return a path for a new study: NAME, or the label with the first free number.

    Args:
        root: folder of studies.
        settings: whose label is taken.
        name: as the user wants it.
        kind: of what the directory will hold; part of its label unless it is a study.

    Raises:
        UserError: one of that name is there already.
    """
    if name is not None:
        if re.fullmatch(r"[\w.-]+", name) is None:
            raise UserError(f"--study '{name}' may hold letters, digits, '.', '_' and '-' only.")
        if (root / name).exists():
            raise UserError(f"The {kind} '{name}' exists already; add --resume to go on with it.")
        return root / name
    label = re.sub(r"[^\w.-]+", "-", settings.label)
    label = label if kind == "study" else f"{label}-{kind}"
    numbers = (number for number in range(1, 1_000_000))
    return next(path for n in numbers if not (path := root / f"{label}-{n}").exists())


def find_directory(root: Path, settings: TuneSettings, name: str | None) -> Path:
    """Return the study to resume: NAME, or the newest that the same command started.

    Raises:
        UserError: there is no such study; the known ones are listed.
    """

    def signature(path: Path) -> str | None:
        return StudyDirectory.open(path).settings.get("signature")

    return find(root, "study.json", name, settings.signature, signature)


def find(
    root: Path,
    file: str,
    name: str | None,
    signature: str,
    signature_of: Callable[[Path], str | None],
) -> Path:
    """Return the directory NAME below `root`, or the newest one with a signature.

    Args:
        root: folder of directories.
        file: what each of them holds, such as "study.json".
        name: as the user gave it.
        signature: to look for without a name.
        signature_of: reads that of a directory.

    Raises:
        UserError: there is none; the known ones are listed.
    """
    kind = file.removesuffix(".json")
    known = sorted(path.parent.name for path in root.glob(f"*/{file}"))
    if name is not None:
        return named(root, file, name)
    same = [root / each for each in known if signature_of(root / each) == signature]
    if not same:
        raise UserError(
            f"No {kind} in {root} was started with these arguments. {_listing(known, kind)} "
            "Name one with --study NAME --resume."
        )
    return max(same, key=lambda path: (path / file).stat().st_mtime)


def named(root: Path, file: str, name: str) -> Path:
    """Return the directory NAME below `root`.

    Raises:
        UserError: there is none; the nearest or the known ones are named.
    """
    kind = file.removesuffix(".json")
    known = sorted(path.parent.name for path in root.glob(f"*/{file}"))
    if name in known:
        return root / name
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean '{near[0]}'?" if near else _listing(known, kind)
    raise UserError(f"There is no {kind} '{name}' in {root}. {hint}")


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a study for this process; the lock goes with the process, however it ends.

    Raises:
        UserError: another process is running the study.
    """
    lock = FileLock(str(path / ".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(f"Another process is running the study '{path.name}'.") from None
    try:
        yield
    finally:
        lock.release()


def _listing(known: list[str], kind: str) -> str:
    many = "studies" if kind == "study" else f"{kind}s"
    shown = ", ".join(known[-5:])
    return f"Known {many}: {shown}." if known else f"There are no {many} yet."
