"""Several processes on one study: who is there, what each of them tries, and whose turn it is.

Each process has a file in the study's folder that says what it tries, and a lock on one beside
it. The lock goes with the process, however that ends, so that the others can tell what is being
tried from what a killed process left. What is read and written here is so in turn, under one
short lock; so is each trial's line.
"""

import json
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from knowledge_base.errors import UserError
from knowledge_base.locking import hold, is_held
from knowledge_base.types import ConfigDict, JsonObject

FOLDER = ".running"
"""Where the processes of a study have their files, in its folder."""

TURN = ".turn"
"""File in a study's folder that is locked for the time of a question or an answer."""

PATIENCE = 120.0
"""Seconds after which a turn that does not come is an error; a question may take some."""


@dataclass(frozen=True)
class Claim:
    """What a process of a study is doing.

    Attributes:
        configs: configurations that it tries.
        number: of the trial that it has a folder for already; None where it has none.
        name: of its files.
    """

    configs: Sequence[ConfigDict] = ()
    number: int | None = None
    name: str = ""


@dataclass
class Place:
    """The place of this process among those of a study, from `take_place` until `leave`.

    Attributes:
        path: the study's folder.
        name: of this process among the others; no process ever has it again.
    """

    path: Path
    name: str = field(default_factory=lambda: uuid.uuid4().hex)
    _leading: BaseFileLock | None = field(default=None, repr=False)
    _present: BaseFileLock | None = field(default=None, repr=False)
    _turns: int = field(default=0, repr=False)

    def leads(self) -> bool:
        """Return whether this process is the one that makes the study's model.

        It is the one that began or resumed the study; if that is gone, who asks first.
        """
        if self._leading is None:
            with suppress(UserError):
                self._leading = hold(self.path)
        return self._leading is not None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Keep the other processes from asking and telling meanwhile; may be nested.

        Raises:
            UserError: the folder cannot be written to, or another process keeps its turn.
        """
        if self._turns:
            self._turns += 1
            try:
                yield
            finally:
                self._turns -= 1
            return
        lock = FileLock(str(self.path / TURN), thread_local=False)
        try:
            lock.acquire(timeout=PATIENCE)
        except Timeout:
            raise UserError(
                f"Another process on the study '{self.path.name}' has kept its turn for "
                f"{PATIENCE:.0f} s; end it, and go on with `resume`."
            ) from None
        except OSError as error:
            raise UserError(f"The study {self.path} cannot be written: {error}.") from error
        self._turns = 1
        try:
            yield
        finally:
            self._turns = 0
            lock.release()

    def claim(self, claim: Claim) -> None:
        """Let the others know what this process tries; called in turn.

        Raises:
            UserError: the folder cannot be written to.
        """
        content = {**asdict(claim), "pid": os.getpid(), "at": datetime.now(UTC).isoformat()}
        try:
            self._file(self.name).write_text(json.dumps(content), encoding="utf-8")
        except OSError as error:
            raise UserError(f"The study {self.path} cannot be written: {error}.") from error

    def others(self) -> list[Claim]:
        """Return what the other living processes try; called in turn.

        What dead ones left is removed.
        """
        found = []
        for file in sorted(self._folder.glob("*.json")):
            if file.stem == self.name:
                continue
            if self._is_dead(file.stem):
                self._remove(file.stem)
                continue
            with suppress(OSError, ValueError, TypeError, KeyError):  # It has only just come.
                found.append(_claim_of(file))
        return found

    def leave(self) -> None:
        """Give the place up; twice does no harm."""
        if self._present is not None:
            with suppress(UserError), self.turn():
                self._present.release()
                self._remove(self.name)
            self._present = None
        if self._leading is not None:
            self._leading.release()
            self._leading = None

    @property
    def _folder(self) -> Path:
        return self.path / FOLDER

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _lock(self, name: str) -> BaseFileLock:
        return FileLock(str(self._folder / f"{name}.lock"), thread_local=False)

    def _is_dead(self, name: str) -> bool:
        lock = self._lock(name)
        try:
            lock.acquire(timeout=0)
        except (Timeout, OSError):
            return False
        lock.release()
        return True

    def _remove(self, name: str) -> None:
        for suffix in ("json", "lock"):
            with suppress(OSError):
                (self._folder / f"{name}.{suffix}").unlink(missing_ok=True)

    def _enter(self) -> None:
        with self.turn():
            try:
                self._folder.mkdir(exist_ok=True)
                self._present = self._lock(self.name)
                self._present.acquire(timeout=0)
            except OSError as error:
                raise UserError(f"The study {self.path} cannot be written: {error}.") from error
            self.claim(Claim())


def take_place(path: Path, join: bool = False) -> Place:
    """Return a place for this process among those that run a study.

    Args:
        path: the study's folder.
        join: whether others may be running it.

    Raises:
        UserError: another process is running the study, and this one does not join it; or its
            folder cannot be written to.
    """
    place = Place(path)
    if not join:
        place._leading = hold(path)
    else:
        place.leads()
    try:
        place._enter()
    except BaseException:
        place.leave()
        raise
    return place


def present(path: Path) -> list[Claim]:
    """Return what the living processes of a study try, for who only looks; nothing is written.

    What is being written just now counts as a claim of nothing.

    Args:
        path: the study's folder.
    """
    found = []
    for file in sorted((path / FOLDER).glob("*.json")):
        if is_held(file.with_suffix(".lock")):
            claim = Claim(name=file.stem)
            with suppress(OSError, ValueError, TypeError, KeyError):
                claim = _claim_of(file)
            found.append(claim)
    return found


def _claim_of(file: Path) -> Claim:
    """Return what a file of a process says that it tries.

    Raises:
        OSError, ValueError, TypeError, KeyError: the file is not there, or being written.
    """
    content: JsonObject = json.loads(file.read_text(encoding="utf-8"))
    return Claim([dict(config) for config in content["configs"]], content["number"], file.stem)
