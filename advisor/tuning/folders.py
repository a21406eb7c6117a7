"""Folders of a user's own that belong to trials, kept for the best of them."""

import os
import re
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

from knowledge_base.durable import reason_of
from knowledge_base.errors import UserError, Warnings
from knowledge_base.records import TrialRecord
from knowledge_base.states import Direction

FOLDER = "trials"
"""Where they lie in the directory of the study, by the numbers of their trials."""

_NAME = re.compile(r"(\d{6,})|\.\d{6,}\.gone|\.([0-9a-f]{32})-\d+\.running", re.ASCII)
"""A folder of a trial, one that is being removed, or one of a trial that has no number yet, with
the name of the process that tries it; nothing else there is ours."""


class TrialFolders:
    """What the user's function wrote for the best trials of a study.

    Only what lies in the folder of the study is ever made or removed: links are not followed.

    Attributes:
        folder: of all of them; it is made with the first one.
        warnings: what could not be removed, one line each.
        in_use: names of the folders and processes of trials that run and have not ended.
    """

    def __init__(self, study: Path, direction: str, most: int) -> None:
        """Name the folder; nothing is made.

        Args:
            study: directory of the study.
            direction: "minimize" or "maximize" the values of trials.
            most: how many trials keep theirs.
        """
        self.folder, self._most = study / FOLDER, most
        self._sign = 1.0 if direction == Direction.MINIMIZE else -1.0
        self.warnings = Warnings()
        self.in_use: Collection[str] = ()

    def make(self, number: int) -> Path:
        """Return the folder of the trial with this number, made if it is not there.

        Raises:
            UserError: it cannot be made, or a link is in its place.
        """
        return make_folder(self._path(number))

    def unnumbered(self, process: str, job: int) -> Path:
        """Return where the folder of a trial is while it has no number; nothing is made.

        Args:
            process: name of the process that tries it, 32 hexadecimal digits.
            job: what it calls the trial.
        """
        return self.folder / f".{process}-{job}.running"

    def settle(self, path: Path | None, number: int) -> None:
        """Give the folder of a trial that ended its place by its number, if it was made.

        What a process left there that was killed before it wrote a trial of that number goes.

        Args:
            path: as `unnumbered` gave it; None for a trial without a folder.
            number: of the trial.

        Raises:
            UserError: it cannot be moved.
        """
        target = self._path(number)
        try:
            if os.path.lexists(target):
                self._remove(target)
            if path is not None and path.is_dir() and not path.is_symlink():
                path.rename(target)
        except OSError as error:
            raise UserError(f"The folder {target} cannot be made: {reason_of(error)}.") from error

    def of(self, number: int) -> Path | None:
        """Return the folder of the trial with this number, None where it has none."""
        path = self._path(number)
        linked = self.folder.is_symlink() or path.is_symlink()
        return path if path.is_dir() and not linked else None

    def sort_out(self, trials: Sequence[TrialRecord]) -> None:
        """Remove the folders of all but the best trials, and of what is no finished trial.

        Whenever the process is killed meanwhile, the best trials have theirs, whole: a folder is
        first renamed, so that half of one is never taken for the folder of its trial. What cannot
        be removed is told in `warnings`.

        Args:
            trials: all of the study so far.
        """
        if self.folder.is_symlink():
            self.warnings.tell(f"{self.folder} is a link, which is not followed.")
            return
        if not self.folder.is_dir():
            return
        counting = [trial for trial in trials if trial.counts]
        ranked = sorted(counting, key=lambda t: (self._sign * (t.value or 0.0), t.number))
        having = [trial.number for trial in ranked if self.of(trial.number) is not None]
        staying = {self._path(number).name for number in having[: self._most]}
        try:
            found = sorted(path for path in self.folder.iterdir() if _NAME.fullmatch(path.name))
        except OSError as error:
            self.warnings.tell(f"{self.folder} cannot be read: {reason_of(error)}.")
            return
        for path in found:
            if path.name not in staying and not self._is_in_use(path.name):
                self._remove(path)

    def _is_in_use(self, name: str) -> bool:
        found = _NAME.fullmatch(name)
        return name in self.in_use or (found is not None and found[2] in self.in_use)

    def _remove(self, path: Path) -> None:
        try:
            if path.is_symlink() or not path.is_dir():
                path.unlink(missing_ok=True)
                return
            aside = path
            if not path.name.startswith("."):
                aside = path.with_name(f".{path.name}.gone")
                if os.path.lexists(aside):
                    self._remove(aside)
                path.rename(aside)
            shutil.rmtree(aside)
        except OSError as error:
            told = f"The folder {path} of a trial cannot be removed: {reason_of(error)}."
            self.warnings.tell(told)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}"


def make_folder(path: Path) -> Path:
    """Return a folder of a trial, made if it is not there, as that of all trials is.

    Raises:
        UserError: it cannot be made, or a link is in its place.
    """
    try:
        for each in (path.parent, path):
            if each.is_symlink():
                raise UserError(f"{each} is a link, which is not followed; remove it.")
            each.mkdir(exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder {path} cannot be made: {reason_of(error)}.") from error
    return path
