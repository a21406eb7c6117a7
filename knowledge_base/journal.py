"""The journal: finished trials that are durable before anyone has the database's lock.

A segment is a bundle. It is written aside, flushed to disk and renamed into the journal,
so that it is there as a whole or not at all, whatever is killed and whenever. Whoever next
holds the database folds all segments in one transaction that leaves out what is stored
already, and deletes them after the checkpoint. After a crash in between they are folded
again, without effect. Segments of different processes never touch each other.

A segment never changes, so a process reads each only once. It may be deleted at any time
by whoever folded it; a reader that holds the database then has its rows from there.
"""

import os
import shutil
import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from knowledge_base.bundle import Bundle
from knowledge_base.durable import new_folder, reason_of
from knowledge_base.errors import DamagedFileError, KnowledgeBaseError, TooLargeError, Warnings
from knowledge_base.limits import check_inside

STALE_SECONDS = 3600
"""Age from which nobody can be writing or deleting a folder whose name begins with a dot."""

DAMAGED = ".damaged"
"""How the names of segments end that were set aside because they cannot be read."""


def journal_of(database: Path) -> Path:
    """Return the folder of a database's journal: of its name plus `.journal`, beside it."""
    real = Path(os.path.realpath(database)) if database.is_symlink() else database
    return real.with_name(real.name + ".journal")


class Journal:
    """Segments beside a database."""

    def __init__(self, database: Path) -> None:
        """Keep the segments of `database` in a folder of its name plus `.journal`.

        Attributes:
            warnings: what could not be read, one line each, as far as it was looked at.
            closed: why the folder could not be looked into, "" where it could.
        """
        self.path = journal_of(database)
        self.warnings = Warnings()
        self.closed = ""
        self._read: dict[str, Bundle] = {}
        self._unreadable: dict[str, str] = {}

    def append(self, bundle: Bundle, same: Path | None = None) -> Path:
        """Store a bundle; it is durable on return.

        Args:
            bundle: any rows.
            same: segment of another journal beside this one that holds the same rows; its files
                become those of this segment, too, which is quicker than writing them again.

        Returns:
            The segment's folder.

        Raises:
            KnowledgeBaseError: the folder cannot be written to, or a cell cannot be stored.
        """
        bundle.check("What was to be stored")
        name = f"{time.time_ns():020d}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        try:
            with new_folder(self.path / name, private=True) as folder:
                if same is None or not _linked(same, folder):
                    bundle.write(folder, private=True)
        except OSError as error:
            raise KnowledgeBaseError(
                f"The journal {self.path} cannot be written: {reason_of(error)}. Nothing was "
                "stored."
            ) from error
        self._read[name] = bundle
        return self.path / name

    def segments(self) -> list[str]:
        """Return the names of the whole segments, oldest first."""
        return [n for n in self._names() if not n.startswith(".") and not n.endswith(DAMAGED)]

    def damaged(self) -> list[Path]:
        """Return segments that cannot be read, set aside or not."""
        self.load()
        aside = [name for name in self._names() if name.endswith(DAMAGED)]
        return [self.path / name for name in aside + sorted(self._unreadable)]

    def age(self) -> float:
        """Return the seconds since the oldest segment was written, 0 if there is none."""
        segments = self.segments()
        written = segments[0].split("-")[0] if segments else ""
        return time.time() - int(written) / 1e9 if written.isdigit() else 0.0

    def load(self) -> Mapping[str, Bundle]:
        """Return the segments that are there and can be read, oldest first, by name.

        What cannot be read is left out, and told in `warnings`.
        """
        loaded = {}
        for name in self.segments():
            bundle = self._read[name] if name in self._read else self._load(name)
            if bundle is not None:
                loaded[name] = bundle
        self._read = loaded
        return loaded

    def set_aside_damaged(self) -> None:
        """Rename the segments that `load` could not read."""
        for name in sorted(self._unreadable):
            with suppress(FileNotFoundError):  # Another process set it aside.
                (self.path / name).rename(self.path / (name + DAMAGED))
                self.warnings.tell(f"It was set aside as {self.path / (name + DAMAGED)}.")
        self._unreadable.clear()

    def remove(self, segments: Iterable[str]) -> None:
        """Delete segments that are in the database, and what killed writers left behind.

        A segment disappears as a whole for readers: it is renamed first.
        """
        for name in list(segments):
            gone = self.path / f".{name}"
            try:
                (self.path / name).rename(gone)
            except FileNotFoundError:
                continue  # Another process folded it too.
            except OSError as error:
                self.warnings.tell(f"{self.path / name} cannot be removed: {reason_of(error)}.")
                continue  # It is folded again without effect.
            shutil.rmtree(gone, ignore_errors=True)
            self._read.pop(name, None)
        self._remove_stale()

    def _load(self, name: str) -> Bundle | None:
        path = self.path / name
        if name in self._unreadable:
            return None
        try:
            check_inside(path)
            bundle = Bundle.read(path)
            bundle.check(str(path))
        except KnowledgeBaseError as error:
            # A segment that is no longer there has been folded meanwhile.
            if path.exists():
                self.warnings.tell(f"A journal segment is left out with its trials: {error}")
                if isinstance(error, DamagedFileError | TooLargeError):
                    self._unreadable[name] = str(error)
            return None
        return bundle

    def _remove_stale(self) -> None:
        """Remove what was left half-written or half-deleted, once nobody can be at it."""
        for name in self._names():
            left = self.path / name
            if not name.startswith("."):
                continue
            try:
                age = time.time() - left.stat().st_mtime
            except OSError:
                continue  # Its owner has just finished.
            if age > STALE_SECONDS and left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            elif age > STALE_SECONDS:
                with suppress(OSError):
                    left.unlink(missing_ok=True)

    def _names(self) -> list[str]:
        try:
            return sorted(os.listdir(self.path))
        except FileNotFoundError:
            return []
        except OSError as error:
            self.closed = f"The journal {self.path} cannot be read: {reason_of(error)}."
            self.warnings.tell(f"{self.closed} Trials that wait there are left out.")
            return []


def _linked(segment: Path, folder: Path) -> bool:
    """Give the files of a segment a second name in an empty folder, if that is possible.

    It is not where another process has just removed the segment, or where files have one name.
    """
    try:
        for path in segment.iterdir():
            os.link(path, folder / path.name)
        if segment.exists():  # Nobody began to remove it, so all of its files were seen.
            return True
    except OSError:
        pass  # What was linked so far goes, and the segment is written instead.
    for path in folder.iterdir():
        path.unlink()
    return False
