"""The studies on disk as the view reads them: their files only, each line once."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from knowledge_base.durable import reason_of
from knowledge_base.errors import UserError
from knowledge_base.limits import MAX_LINES_BYTES, check_file_size, check_inside
from knowledge_base.naming import did_you_mean
from knowledge_base.records import TrialRecord, without_earlier_parts
from knowledge_base.sharing import Claim, present
from knowledge_base.studies import StudyDirectory
from knowledge_base.study_lines import WRONG, first_line, trial_of

Stamp = tuple[int, int, int]
"""What tells a file from what it was: inode, size, time of change."""


@dataclass
class ShelvedStudy:
    """A study on disk that may go on while it is looked at.

    Attributes:
        name: as its address says it: that of its folder, after that of its comparison if it has
            one.
        directory: what it began with.
    """

    name: str
    directory: StudyDirectory
    _trials: list[TrialRecord] = field(default_factory=list, repr=False)
    _read: int = field(default=0, repr=False)
    _inode: int = field(default=0, repr=False)
    _lines: int = field(default=0, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def trials(self) -> list[TrialRecord]:
        """Return the finished trials, of which only those are read that came since the last time.

        Raises:
            UserError: the file cannot be read, or is too large.
        """
        with self._lock:
            try:
                self._catch_up()
            except OSError as error:
                raise UserError(f"{self._file} cannot be read: {reason_of(error)}.") from error
            return without_earlier_parts(self._trials)

    def running(self) -> list[Claim]:
        """Return what the processes try that work on it now; none where it does not run."""
        return present(self.directory.path)

    @property
    def planned(self) -> int | None:
        """Trials that it is to have, None if that is not known."""
        found = self.directory.settings.get("trials")
        return found if isinstance(found, int) else None

    @property
    def stamp(self) -> tuple[object, ...]:
        """What changes when a trial begins or ends, or the study ceases to run."""
        tried = [(claim.name, claim.configs) for claim in self.running()]
        return stamp_of(self._file), repr(tried)

    @property
    def _file(self) -> Path:
        return self.directory.path / "trials.jsonl"

    def _catch_up(self) -> None:
        found = stamp_of(self._file)
        if found is None:
            return
        check_inside(self._file)
        check_file_size(self._file, MAX_LINES_BYTES)
        inode, size, _ = found
        if inode != self._inode or size < self._read:  # Somebody put another file there.
            self._trials, self._read, self._lines, self._inode = [], 0, 0, inode
        if size == self._read:
            return
        with self._file.open("rb") as file:
            file.seek(self._read)
            new = file.read(size - self._read)
        whole = new[: new.rfind(b"\n") + 1]  # A line that is being written is read next time.
        self._read += len(whole)
        for line in whole.split(b"\n")[:-1]:
            self._lines += 1
            try:
                self._trials.append(trial_of(line, self.directory.format > 1))
            except WRONG as error:
                self.directory.warnings.tell(
                    f"{self._file}:{self._lines} is damaged ({first_line(error)}); it is left out."
                )


class Shelf:
    """The studies below a folder, those of comparisons included.

    Attributes:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        """Take the folder, which need not exist."""
        self.root: Path = root
        self._known: dict[str, tuple[Stamp | None, ShelvedStudy | UserError]] = {}
        self._lock: threading.Lock = threading.Lock()

    def names(self) -> list[str]:
        """Return the names of all studies."""
        own = [path.parent.name for path in self.root.glob("*/study.json")]
        compared = [
            f"{path.parent.parent.name}/{path.parent.name}"
            for path in self.root.glob("*/*/study.json")
            if (path.parent.parent / "comparison.json").is_file()
        ]
        return sorted(own + compared)

    def study(self, name: str) -> ShelvedStudy:
        """Return the study of a name; only names that `names` lists lead anywhere.

        Raises:
            UserError: there is none, or it is damaged.
        """
        known = self.names()
        if name not in known:
            hint = did_you_mean(name[:200], known)
            raise UserError(f"There is no study '{name[:200]}' in {self.root}. {hint}".strip())
        return self._study(name)

    def studies(self) -> tuple[list[ShelvedStudy], Sequence[str]]:
        """Return all studies, and what is wrong with those that cannot be read."""
        found, wrong = [], []
        for name in self.names():
            try:
                found.append(self._study(name))
            except UserError as error:
                wrong.append(str(error))
        return found, wrong

    def _study(self, name: str) -> ShelvedStudy:
        path = self.root / name
        stamp = stamp_of(path / "study.json")
        with self._lock:
            known = self._known.get(name)
            if known is None or known[0] != stamp:
                known = (stamp, _opened(name, path))
                self._known[name] = known
        if isinstance(known[1], UserError):
            raise known[1]
        return known[1]


def stamp_of(file: Path) -> Stamp | None:
    """Return what tells a file from what it was, None where there is none."""
    with suppress(OSError, ValueError):
        found = file.stat()
        return found.st_ino, found.st_size, found.st_mtime_ns
    return None


def _opened(name: str, path: Path) -> ShelvedStudy | UserError:
    try:
        return ShelvedStudy(name, StudyDirectory.open(path))
    except UserError as error:
        return error
