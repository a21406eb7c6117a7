"""The trials of a study that stand paused: their states in memory and on disk, both bounded."""

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from advisor.predictor.tensors import write_tensors
from advisor.training.paused import Paused, StateLost
from advisor.tuning.paused_trial import PausedTrial, packed, unpacked
from knowledge_base.durable import reason_of
from knowledge_base.errors import LOG, UserError
from knowledge_base.records import TrialRecord
from knowledge_base.space import SpaceDefinition
from knowledge_base.states import Direction
from knowledge_base.types import ConfigDict

FOLDER = "paused"
"""Where they lie in the directory of the study."""

MOST = 100
"""Trials that may stand paused."""

MOST_BYTES = 1_000_000_000
"""What their states may take together, on disk, or in memory where there is no directory."""

MEMORY = 250_000_000
"""Bytes of states that stay in memory where they lie on disk, too."""

WRITE_AFTER = 2.0
"""Seconds of training that a kill may cost: when so much is paused and not on disk, it is written;
a file for each of many short epochs would take longer than they do."""

_FILE = re.compile(r"(\d{6,})\.safetensors", re.ASCII)
_FILES_OF = re.compile(r"(\d{6,})-(\d+)", re.ASCII)
"""A folder of the user's function as it was after a part."""


class PausedTrials:
    """Those of a study, by their keys."""

    def __init__(self, study: Path | None, direction: str) -> None:
        """Begin without any.

        Args:
            study: its directory; None keeps everything in memory.
            direction: "minimize" or "maximize" the values.
        """
        self.folder = None if study is None else study / FOLDER
        self._sign = 1.0 if direction == Direction.MAXIMIZE else -1.0
        self._found: dict[int, PausedTrial] = {}
        self._unwritten: dict[int, float] = {}
        self._next = 0

    def __len__(self) -> int:
        """Return how many there are, those that were taken up and run included."""
        return len(self._found)

    def all(self) -> list[PausedTrial]:
        """Return them in the order in which they were first put aside."""
        return [self._found[key] for key in sorted(self._found)]

    def best_first(self) -> list[PausedTrial]:
        """Return them by their values; equal ones, and those without, in their order."""
        worst = -float("inf")
        return sorted(
            self.all(), key=lambda t: -(worst if t.value is None else self._sign * t.value)
        )

    def find(self, config: ConfigDict) -> PausedTrial | None:
        """Return the trial with a configuration."""
        return next((trial for trial in self.all() if trial.config == config), None)

    def new_key(self) -> int:
        """Return a key that no other has."""
        self._next += 1
        return self._next - 1

    def put(self, trial: PausedTrial, files: Path | None = None) -> list[PausedTrial]:
        """Put a trial aside with its state.

        Args:
            trial: with the state in memory, and the key that it had, or a new one.
            files: folder of the trial with files of the user's function; it is taken away.

        Returns:
            What finds no room, the worst first; it is still there, for `remove`.

        Raises:
            UserError: it cannot be written.
        """
        before = self._found.get(trial.key)
        assert trial.state is not None
        trial.size, trial.files = trial.state.size, files is not None
        if files is not None and self.folder is not None:
            self._take(files, self._files_of(trial))
            trial.size += _size_of(self._files_of(trial))
        self._found[trial.key] = trial
        spent = trial.seconds - (0.0 if before is None else before.seconds)
        self._unwritten[trial.key] = self._unwritten.get(trial.key, 0.0) + spent
        crowded = self._crowded()
        if files is not None or sum(self._unwritten.values()) >= WRITE_AFTER:
            self.write({crowd.key for crowd in crowded})
        return crowded

    def write(self, without: set[int] | frozenset[int] = frozenset()) -> None:
        """Write what is not on disk yet; durable on return.

        Args:
            without: keys of those that are given up anyway.

        Raises:
            UserError: it cannot be written.
        """
        if self.folder is None or not self._unwritten.keys() - without:
            return
        try:
            self.folder.mkdir(exist_ok=True)
            for key in sorted(self._unwritten.keys() - without):
                trial = self._found[key]
                if trial.state is not None:
                    write_tensors(self._path(key), packed(trial).packed())
                self._unwritten.pop(key)
                self._remove_parts(key, before=trial.parts)
        except OSError as error:
            raise UserError(f"{self.folder} cannot be written: {reason_of(error)}.") from error
        kept = 0
        for trial in reversed(self.all()):
            kept += 0 if trial.state is None else trial.state.size
            if kept > MEMORY and trial.key not in self._unwritten:
                trial.state = None

    def state_of(self, trial: PausedTrial) -> Paused:
        """Return the state of a trial.

        Raises:
            StateLost: it is damaged or gone.
        """
        if trial.state is not None:
            return trial.state
        try:
            return unpacked(self._path(trial.key))[1]
        except UserError as error:
            raise StateLost(str(error)) from error

    def files_of(self, trial: PausedTrial) -> Path | None:
        """Return the folder that the user's function filled before it was put aside."""
        path = self._files_of(trial) if trial.files and self.folder is not None else None
        return path if path is not None and path.is_dir() and not path.is_symlink() else None

    def remove(self, trial: PausedTrial) -> None:
        """Forget a trial, on disk, too."""
        self._found.pop(trial.key, None)
        self._unwritten.pop(trial.key, None)
        if self.folder is not None:
            try:
                self._path(trial.key).unlink(missing_ok=True)
                self._remove_parts(trial.key)
            except OSError as error:
                LOG.warning("%s cannot be removed: %s.", self._path(trial.key), reason_of(error))

    def read(self, space: SpaceDefinition, trials: Sequence[TrialRecord]) -> None:
        """Take what is on disk, and nothing else; what is damaged is left out with a word.

        Nothing is changed there, since another process may be running the study.

        Args:
            space: of the study.
            trials: lines of the study; what one of them ended does not count.
        """
        if self.folder is None:
            return
        self._found.clear()
        self._unwritten.clear()
        lines = {trial.started_at: trial for trial in trials}
        for path in self._files():
            if not (named := _FILE.fullmatch(path.name)):
                continue
            key = int(named[1])
            self._next = max(self._next, key + 1)
            try:
                trial = unpacked(path)[0]
                trial.config = space.complete(trial.config)
            except UserError as error:
                LOG.warning("%s Its trial does not go on.", error)
                continue
            trial.key, trial.line = key, lines.get(trial.started_at)
            # A kill may have come between the line of a trial and the removal of its state.
            if trial.line is None or trial.line.paused:
                self._found[key] = trial

    def sort_out(self) -> None:
        """Remove what is on disk and belongs to no trial that stands paused.

        Only who runs the study may do that.
        """
        for path in self._files():
            state, files = _FILE.fullmatch(path.name), _FILES_OF.fullmatch(path.name)
            try:
                if state is not None and int(state[1]) not in self._found:
                    path.unlink()
                elif files is not None and not self._is_of(int(files[1]), int(files[2])):
                    shutil.rmtree(path)
            except OSError as error:
                LOG.warning("%s cannot be removed: %s.", path, reason_of(error))

    def _is_of(self, key: int, parts: int) -> bool:
        trial = self._found.get(key)
        return trial is not None and trial.files and trial.parts == parts

    def _files(self) -> list[Path]:
        """Return what lies in the folder, in its order."""
        if self.folder is None or self.folder.is_symlink() or not self.folder.is_dir():
            return []
        return sorted(self.folder.iterdir())

    def _crowded(self) -> list[PausedTrial]:
        """Return the worst of those that have no room, as few as need be."""
        kept, found = self.best_first(), []
        while kept and (len(kept) > MOST or sum(trial.size for trial in kept) > MOST_BYTES):
            found.append(kept.pop())
        return found

    def _path(self, key: int) -> Path:
        assert self.folder is not None
        return self.folder / f"{key:06d}.safetensors"

    def _files_of(self, trial: PausedTrial) -> Path:
        assert self.folder is not None
        return self.folder / f"{trial.key:06d}-{trial.parts}"

    def _take(self, files: Path, place: Path) -> None:
        """Rename a folder of the user's function, so that what is written later is apart.

        Raises:
            UserError: it cannot be.
        """
        try:
            place.parent.mkdir(exist_ok=True)
            if os.path.lexists(place):
                shutil.rmtree(place)
            files.rename(place)
        except OSError as error:
            raise UserError(f"{files} cannot be renamed: {reason_of(error)}.") from error

    def _remove_parts(self, key: int, before: int | None = None) -> None:
        """Remove folders of a trial, all or those of earlier parts."""
        assert self.folder is not None
        for path in self.folder.glob(f"{key:06d}-*"):
            of = _FILES_OF.fullmatch(path.name)
            if of is not None and (before is None or int(of[2]) < before):
                shutil.rmtree(path, ignore_errors=True)


def _size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
