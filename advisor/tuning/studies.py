"""Study directories of one knowledge base: naming, finding and locking them."""

import difflib
import re
from collections.abc import Iterator
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


def new_directory(root: Path, settings: TuneSettings, name: str | None) -> Path:
    """Return a path for a new study: NAME, or the label with the first free number.

    Raises:
        UserError: a study of that name is there already.
    """
    if name is not None:
        if re.fullmatch(r"[\w.-]+", name) is None:
            raise UserError(f"--study '{name}' may hold letters, digits, '.', '_' and '-' only.")
        if (root / name).exists():
            raise UserError(f"The study '{name}' exists already; add --resume to go on with it.")
        return root / name
    label = re.sub(r"[^\w.-]+", "-", settings.label)
    numbers = (number for number in range(1, 1_000_000))
    return next(path for n in numbers if not (path := root / f"{label}-{n}").exists())


def find_directory(root: Path, settings: TuneSettings, name: str | None) -> Path:
    """Return the study to resume: NAME, or the newest that the same command started.

    Raises:
        UserError: there is no such study; the known ones are listed.
    """
    if name is not None:
        return find_study(root, name)
    known = _known(root)
    same = [
        root / study
        for study in known
        if StudyDirectory.open(root / study).settings.get("signature") == settings.signature
    ]
    if not same:
        raise UserError(
            f"No study in {root} was started with these arguments. {_listing(known)} "
            "Name one with --study NAME --resume."
        )
    return max(same, key=lambda path: (path / "study.json").stat().st_mtime)


def find_study(root: Path, name: str) -> Path:
    """Return the study of that name.

    Raises:
        UserError: there is none; the nearest or the known ones are named.
    """
    known = _known(root)
    if name in known:
        return root / name
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean '{near[0]}'?" if near else _listing(known)
    raise UserError(f"There is no study '{name}' in {root}. {hint}")


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


def _known(root: Path) -> list[str]:
    return sorted(path.parent.name for path in root.glob("*/study.json"))


def _listing(known: list[str]) -> str:
    shown = ", ".join(known[-5:])
    return f"Known studies: {shown}." if known else "There are no studies yet."
