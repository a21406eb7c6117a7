"""Running studies on disk: `study.json`, and one line of `trials.jsonl` per finished trial.

Every line is flushed to disk before `append` returns. A process that is killed while it writes
leaves a half line at the end, which readers never see, and which the next writer cuts off.

`study.json` and each line end with a checksum since format 2 (see `checksums`). A study that was
begun before keeps its format, so that the version that began it can go on with it.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import numpy as np

from knowledge_base.arrays import read_arrays, write_arrays
from knowledge_base.bundle import Bundle, MetafeatureKey, Record
from knowledge_base.checksums import sealed, unsealed
from knowledge_base.durable import (
    append_line,
    ends_within_a_line,
    flush_folder,
    private_folder,
    reason_of,
    tighten,
    whole_lines,
    write_text,
)
from knowledge_base.errors import UserError, Warnings
from knowledge_base.limits import (
    MAX_DOCUMENT_BYTES,
    MAX_LINES_BYTES,
    check_file_size,
    check_inside,
)
from knowledge_base.locking import LOCK, hold
from knowledge_base.records import (
    DatasetRecord,
    StudyRecord,
    TaskRecord,
    TrialRecord,
    without_earlier_parts,
)
from knowledge_base.space import SpaceDefinition
from knowledge_base.study_lines import WRONG, first_line, line_of, trial_of
from knowledge_base.types import JsonObject

FORMAT = 2
"""Version of `study.json`; newer ones are refused. Version 1 had no checksums."""

ARRAYS = "past.npz"
"""File with what a search knows of past tasks."""


class StudyDirectory:
    """A study with its task, space, data set and trials, as files.

    Attributes:
        path: the folder.
        study, task, space, dataset, metafeatures: what the trials belong to.
        metafeatures_version: version of the list of metafeatures.
        settings: settings that the study was started with; only its writer knows their form.
        format: version of its files.
        warnings: what was met and left out while reading, one line each.
    """

    def __init__(self, path: Path, content: JsonObject) -> None:
        """Take the parsed `study.json`; use `create` or `open`."""
        # Whoever evaluates a trial may change the working directory.
        self.path = Path(os.path.abspath(path))
        self.format: int = content["format"]
        self.warnings = Warnings()
        self._tight = False
        study = dict(content["study"])
        study["created_at"] = datetime.fromisoformat(study["created_at"])
        self.study = StudyRecord(**study)
        self.task = TaskRecord(**content["task"])
        self.space = SpaceDefinition.from_dict(content["space"], where=str(path), stored=True)
        known = content.get("dataset")
        self.dataset = DatasetRecord(**known) if known else None
        self.metafeatures: dict[str, float] = content.get("metafeatures") or {}
        self.metafeatures_version: int = content.get("metafeatures_version", 1)
        self.settings: JsonObject = content.get("settings") or {}

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        study: StudyRecord,
        task: TaskRecord,
        space: SpaceDefinition,
        dataset: DatasetRecord | None = None,
        metafeatures: Mapping[str, float] | None = None,
        metafeatures_version: int = 1,
        settings: Mapping[str, object] | None = None,
        arrays: Mapping[str, np.ndarray] | None = None,
    ) -> "StudyDirectory":
        """Make the folder and its `study.json`, whole or not at all.

        Args:
            path: of the folder.
            study, task, space, dataset, metafeatures, metafeatures_version: what the trials
                belong to.
            settings: what the study was started with.
            arrays: what the search knows of past tasks; kept in a file of their own.

        Raises:
            UserError: the folder cannot be written to, or another process or study has it.
        """
        finite = {k: v for k, v in (metafeatures or {}).items() if v == v}
        content = {
            "format": FORMAT,
            "study": {**asdict(study), "created_at": study.created_at.isoformat()},
            "task": asdict(task),
            "space": space.to_dict(),
            "dataset": asdict(dataset) if dataset is not None else None,
            "metafeatures": finite,
            "metafeatures_version": metafeatures_version,
            "settings": dict(settings or {}),
        }
        try:
            new = not path.exists() or not any(path.iterdir())
            private_folder(path)
        except OSError as error:
            raise UserError(f"The study {path} cannot be written: {reason_of(error)}.") from error
        try:
            lock = hold(path)  # Another process may be making a study here.
        except UserError:
            if new:
                with suppress(OSError):  # Something else is in it by now.
                    path.rmdir()
            raise
        try:
            if (path / "study.json").exists():
                raise UserError(f"{path} holds a study already; add `resume` to go on with it.")
            if arrays:  # first, so that no study is without what it was started with
                write_arrays(path / ARRAYS, arrays, private=True)
            write_text(path / "study.json", sealed(json.dumps(content, indent=2)), private=True)
            flush_folder(path.parent)
        except OSError as error:
            if new:
                with suppress(OSError):  # Something else is in it by now.
                    (path / ARRAYS).unlink(missing_ok=True)
                    (path / LOCK).unlink(missing_ok=True)
                    path.rmdir()
            raise UserError(f"The study {path} cannot be written: {reason_of(error)}.") from error
        finally:
            lock.release()
        return cls.open(path)

    @classmethod
    def open(cls, path: str | Path) -> "StudyDirectory":
        """Open a folder that `create` made.

        Raises:
            UserError: the folder is no study, damaged, or of a newer format.
        """
        path = Path(path)
        file = path / "study.json"
        if not file.is_file():
            raise UserError(f"{path} is not a study directory (it has no study.json).")
        try:
            check_inside(file)
            check_file_size(file, MAX_DOCUMENT_BYTES)
            text = file.read_bytes()
            content = unsealed(text, "it")
            if not isinstance(content["format"], int) or content["format"] < 1:
                raise ValueError(f"its format is {content['format']!r}")
            if content["format"] > 1:
                unsealed(text, "it", must=True)
            if content["format"] > FORMAT:
                raise UserError(f"The study {path} was written by a newer Advisor; upgrade.")
            return cls(path, content)
        except OSError as error:
            raise UserError(f"{file} cannot be read: {reason_of(error)}.") from error
        except WRONG as error:
            raise UserError(f"{file} is damaged: {first_line(error)}.") from error

    def change_settings(self, changed: Mapping[str, object]) -> None:
        """Set some of the settings anew, in `study.json`, too, whole or not at all.

        Raises:
            UserError: the folder cannot be written to.
        """
        self.settings = {**self.settings, **changed}
        file = self.path / "study.json"
        try:
            content = {**unsealed(file.read_bytes(), "it"), "settings": self.settings}
            text = json.dumps(content, indent=2)
            write_text(file, sealed(text) if self.format > 1 else text, private=True)
        except OSError as error:
            raise UserError(
                f"The study {self.path} cannot be written: {reason_of(error)}."
            ) from error
        except WRONG as error:
            raise UserError(f"{file} is damaged: {first_line(error)}.") from error

    def arrays(self) -> dict[str, np.ndarray] | None:
        """Return the arrays of `create`, None if there are none or they cannot be read."""
        return read_arrays(self.path / ARRAYS)

    def append(self, trial: TrialRecord) -> None:
        """Store a finished trial; durable on return.

        Raises:
            UserError: the line cannot be written; nothing of it stays.
        """
        text = line_of(trial)
        try:
            self._tighten()
            line = sealed(text) if self.format > 1 else text
            append_line(self._lines, line.encode(), private=True)
        except OSError as error:
            raise UserError(f"{self._lines} cannot be written: {reason_of(error)}.") from error

    def _tighten(self) -> None:
        """Close what an older version made for all to read, once."""
        if not self._tight:
            for path in (self.path, self._lines, *(self.path / n for n in ("study.json", ARRAYS))):
                tighten(path)
            self._tight = True

    def trials(self) -> list[TrialRecord]:
        """Return the finished trials in their order, as far as their lines are whole.

        A half-written last line does not count. It and damaged lines are left out, and told in
        `warnings`. Of a trial that was told as paused and went on, the last line counts.

        Raises:
            UserError: the file cannot be read, or is too large.
        """
        try:
            check_inside(self._lines)
            if self._lines.is_file():
                check_file_size(self._lines, MAX_LINES_BYTES)
            lines = whole_lines(self._lines)
            if ends_within_a_line(self._lines):
                self.warnings.tell(f"{self._lines} ends within a line, which is left out.")
        except OSError as error:
            raise UserError(f"{self._lines} cannot be read: {reason_of(error)}.") from error
        found = []
        for number, line in enumerate(lines, start=1):
            try:
                found.append(trial_of(line, self.format > 1))
            except WRONG as error:
                told = f"{self._lines}:{number} is damaged ({first_line(error)}); it is left out."
                self.warnings.tell(told)
        return without_earlier_parts(found)

    @property
    def written(self) -> int:
        """Bytes of the trials so far; each that is stored makes them more."""
        try:
            return self._lines.stat().st_size
        except OSError:
            return 0

    @property
    def _lines(self) -> Path:
        return self.path / "trials.jsonl"

    def bundle(self) -> Bundle:
        """Return the trials with everything that they refer to.

        Raises:
            UserError: something in the folder cannot be stored.
        """
        records: list[Record] = [self.study, self.task, self.space, *self.trials()]
        metafeatures: dict[MetafeatureKey, Mapping[str, float]] = {}
        if self.dataset is not None:
            records.append(self.dataset)
            key = (self.dataset.dataset_id, self.task.target or "", self.metafeatures_version)
            metafeatures[key] = self.metafeatures
        try:
            return Bundle.from_records(records, metafeatures=metafeatures)
        except WRONG as error:
            raise UserError(
                f"{self.path / 'study.json'} is damaged: {first_line(error)}."
            ) from error
