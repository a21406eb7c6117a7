"""The journal: finished trials that are durable before anyone has the database's lock.

A segment is a bundle. It is written aside, flushed to disk and renamed into the journal,
so that it is there as a whole or not at all, whatever is killed and whenever. Whoever next
holds the database folds all segments in one transaction that leaves out what is stored
already, and deletes them after the checkpoint: a crash in between folds them again, to no
effect. Segments of different processes never touch each other.

A segment never changes, so a process reads each only once. It may be deleted at any time
by whoever folded it; a reader that holds the database then has its rows from there.
"""

import os
import shutil
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

from knowledge_base.bundle import Bundle
from knowledge_base.errors import DamagedFileError, KnowledgeBaseError

STALE_SECONDS = 3600
DAMAGED = ".damaged"


class Journal:
    """Segments beside a database."""

    def __init__(self, database: Path) -> None:
        """Keep the segments of `database` in a folder of its name plus `.journal`."""
        self.path = database.with_name(database.name + ".journal")
        self._read: dict[Path, Bundle] = {}
        self._unreadable: set[Path] = set()

    def append(self, bundle: Bundle) -> None:
        """Store a bundle; it is durable on return.

        Raises:
            KnowledgeBaseError: the folder cannot be written to.
        """
        name = f"{time.time_ns():020d}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        temporary = self.path / f".{name}"
        try:
            temporary.mkdir(parents=True)
            bundle.write(temporary)
            _flush_folder(temporary)
            temporary.rename(self.path / name)
            _flush_folder(self.path)
        except OSError as error:
            shutil.rmtree(temporary, ignore_errors=True)
            raise KnowledgeBaseError(
                f"The journal {self.path} cannot be written: {error}."
            ) from error
        self._read[self.path / name] = bundle

    def segments(self) -> list[Path]:
        """Return the whole segments, oldest first."""
        return self._folders(lambda name: not name.startswith(".") and not name.endswith(DAMAGED))

    def damaged(self) -> list[Path]:
        """Return segments that cannot be read, set aside or not."""
        self.load()
        aside = self._folders(lambda name: name.endswith(DAMAGED))
        return aside + sorted(path for path in self._unreadable if path.exists())

    def age(self) -> float:
        """Return the seconds since the oldest segment was written, 0 if there is none."""
        segments = self.segments()
        written = segments[0].name.split("-")[0] if segments else ""
        return time.time() - int(written) / 1e9 if written.isdigit() else 0.0

    def load(self) -> Mapping[Path, Bundle]:
        """Return the segments that are there and can be read, oldest first.

        Raises:
            KnowledgeBaseError: there is no permission to read one.
        """
        loaded = {}
        for path in self.segments():
            bundle = self._load(path)
            if bundle is not None:
                loaded[path] = bundle
        self._read = loaded
        return loaded

    def set_aside_damaged(self) -> None:
        """Rename the segments that `load` could not read."""
        for path in self._unreadable:
            if path.exists():
                path.rename(path.with_name(path.name + DAMAGED))
        self._unreadable.clear()

    def remove(self, segments: Mapping[Path, Bundle]) -> None:
        """Delete segments that are in the database, and what killed writers left behind.

        A segment disappears as a whole for readers: it is renamed first.
        """
        for segment in list(segments):
            gone = segment.with_name(f".{segment.name}")
            try:
                segment.rename(gone)
            except FileNotFoundError:
                continue
            shutil.rmtree(gone, ignore_errors=True)
            self._read.pop(segment, None)
        self._remove_stale()

    def _load(self, path: Path) -> Bundle | None:
        if path in self._read:
            return self._read[path]
        if path in self._unreadable:
            return None
        try:
            return Bundle.read(path)
        except DamagedFileError:
            if path.exists():
                self._unreadable.add(path)
            return None
        except KnowledgeBaseError:
            if path.exists():
                raise
            return None  # folded meanwhile

    def _remove_stale(self) -> None:
        """Remove what was left half-written or half-deleted, once nobody can be at it."""
        for left in self._folders(lambda name: name.startswith(".")):
            try:
                age = time.time() - left.stat().st_mtime
            except FileNotFoundError:
                continue  # its owner has just finished
            if age > STALE_SECONDS and left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            elif age > STALE_SECONDS:
                left.unlink(missing_ok=True)

    def _folders(self, wanted: Callable[[str], bool]) -> list[Path]:
        try:
            names = sorted(os.listdir(self.path))
        except FileNotFoundError:
            return []
        return [self.path / name for name in names if wanted(name)]


def _flush_folder(path: Path) -> None:
    """Flush a folder's entries; without it a rename may be lost in a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
