"""The journal: finished trials that are durable before anyone has the database's lock.

A segment is a bundle. It is written aside, flushed to disk and renamed into the journal,
so that it is there as a whole or not at all, whatever is killed and whenever. Whoever next
holds the database folds all segments in one transaction that leaves out what is stored
already, and deletes them after the commit: a crash in between folds them again, to no
effect. Segments of different processes never touch each other.
"""

import os
import shutil
import time
import uuid
from pathlib import Path

from knowledge_base.bundle import Bundle
from knowledge_base.errors import KnowledgeBaseError

STALE_SECONDS = 3600
DAMAGED = ".damaged"


class Journal:
    """Segments beside a database."""

    def __init__(self, database: Path) -> None:
        """Keep the segments of `database` in a folder of its name plus `.journal`."""
        self.path = database.with_name(database.name + ".journal")

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
            raise KnowledgeBaseError(f"The journal {self.path} cannot be written: {error}.") from error

    def segments(self) -> list[Path]:
        """Return the whole segments, oldest first."""
        return self._folders(lambda name: not name.startswith(".") and not name.endswith(DAMAGED))

    def damaged(self) -> list[Path]:
        """Return segments that were set aside because they could not be read."""
        return self._folders(lambda name: name.endswith(DAMAGED))

    def remove(self, segments: list[Path]) -> None:
        """Delete segments that are in the database, and what a killed writer left behind.

        A segment disappears as a whole for readers: it is renamed first.
        """
        for segment in segments:
            gone = segment.with_name(f".{segment.name}")
            try:
                segment.rename(gone)
            except FileNotFoundError:
                continue
            shutil.rmtree(gone, ignore_errors=True)
        for left in self._folders(lambda name: name.startswith(".")):
            if time.time() - left.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(left, ignore_errors=True)

    def set_aside_damaged(self, segments: list[Path]) -> list[Path]:
        """Rename the segments that cannot be read; return the others."""
        whole = []
        for segment in segments:
            try:
                Bundle.read(segment)
            except KnowledgeBaseError:
                if segment.exists():
                    segment.rename(segment.with_name(segment.name + DAMAGED))
            else:
                whole.append(segment)
        return whole

    def _folders(self, wanted) -> list[Path]:  # type: ignore[no-untyped-def]
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
