"""Running studies on disk: `study.json`, and one line of `trials.jsonl` per finished trial.

Every line is flushed to disk before `append` returns. A process that is killed while it writes
leaves a half line at the end, which readers never see, and which the next writer cuts off.

`study.json` and each line end with a checksum since format 2 (see `checksums`). A study that was
begun before keeps its format, so that the version that began it can go on with it.
"""

import json
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import numpy as np
from filelock import BaseFileLock, FileLock, Timeout

from knowledge_base.arrays import read_arrays, write_arrays
from knowledge_base.bundle import Bundle, MetafeatureKey, Record
from knowledge_base.checksums import sealed, unsealed
from knowledge_base.durable import (
    append_line,
    ends_within_a_line,
    flush_folder,
    reason_of,
    whole_lines,
    write_text,
)
from knowledge_base.errors import LOG, UserError
from knowledge_base.limits import (
    MAX_DOCUMENT_BYTES,
    MAX_LINE_BYTES,
    MAX_LINES_BYTES,
    check_file_size,
    check_inside,
)
from knowledge_base.naming import did_you_mean
from knowledge_base.records import DatasetRecord, EpochRecord, StudyRecord, TaskRecord, TrialRecord
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import JsonObject

FORMAT = 2
"""Version of `study.json`; newer ones are refused. Version 1 had no checksums."""

ARRAYS = "past.npz"
"""File with what a search knows of past tasks."""

MAX_NAME = 150
"""Characters that the name of a study may have."""


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
        self.warnings: list[str] = []
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
            UserError: the folder cannot be written to.
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
            new = not path.exists()
            path.mkdir(parents=True, exist_ok=True)
            try:
                if arrays:  # first, so that no study is without what it was started with
                    write_arrays(path / ARRAYS, arrays)
                write_text(path / "study.json", sealed(json.dumps(content, indent=2)))
                flush_folder(path.parent)
            except OSError:
                if new:
                    with suppress(OSError):  # Something else is in it by now.
                        (path / ARRAYS).unlink(missing_ok=True)
                        path.rmdir()
                raise
        except OSError as error:
            raise UserError(f"The study {path} cannot be written: {reason_of(error)}.") from error
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
            content = unsealed(file.read_bytes(), "it")
            if not isinstance(content["format"], int) or content["format"] < 1:
                raise ValueError(f"its format is {content['format']!r}")
            if content["format"] > FORMAT:
                raise UserError(f"The study {path} was written by a newer Advisor; upgrade.")
            return cls(path, content)
        except OSError as error:
            raise UserError(f"{file} cannot be read: {reason_of(error)}.") from error
        except _WRONG as error:
            raise UserError(f"{file} is damaged: {_line(error)}.") from error

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
            write_text(file, sealed(text) if self.format > 1 else text)
        except OSError as error:
            raise UserError(
                f"The study {self.path} cannot be written: {reason_of(error)}."
            ) from error
        except _WRONG as error:
            raise UserError(f"{file} is damaged: {_line(error)}.") from error

    def arrays(self) -> dict[str, np.ndarray] | None:
        """Return the arrays of `create`, None if there are none or they cannot be read."""
        return read_arrays(self.path / ARRAYS)

    def append(self, trial: TrialRecord) -> None:
        """Store a finished trial; durable on return.

        Raises:
            UserError: the line cannot be written; nothing of it stays.
        """
        row = asdict(trial)
        row["started_at"] = trial.started_at.isoformat() if trial.started_at else None
        row["curve"] = [{k: v for k, v in asdict(e).items() if v is not None} for e in trial.curve]
        text = json.dumps(row)
        try:
            append_line(self._lines, (sealed(text) if self.format > 1 else text).encode())
        except OSError as error:
            raise UserError(f"{self._lines} cannot be written: {reason_of(error)}.") from error

    def trials(self) -> list[TrialRecord]:
        """Return the finished trials in their order, as far as their lines are whole.

        A half-written last line does not count. It and damaged lines are left out, and told in
        `warnings`.

        Raises:
            UserError: the file cannot be read, or is too large.
        """
        try:
            check_inside(self._lines)
            if self._lines.is_file():
                check_file_size(self._lines, MAX_LINES_BYTES)
            lines = whole_lines(self._lines)
            if ends_within_a_line(self._lines):
                self._warn(f"{self._lines} ends within a line, which is left out.")
        except OSError as error:
            raise UserError(f"{self._lines} cannot be read: {reason_of(error)}.") from error
        found = []
        for number, line in enumerate(lines, start=1):
            try:
                found.append(self._trial(line))
            except _WRONG as error:
                self._warn(f"{self._lines}:{number} is damaged ({_line(error)}); it is left out.")
        return found

    @property
    def _lines(self) -> Path:
        return self.path / "trials.jsonl"

    def _warn(self, line: str) -> None:
        if line not in self.warnings:
            self.warnings.append(line)
            LOG.warning(line)

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
        except _WRONG as error:
            raise UserError(f"{self.path / 'study.json'} is damaged: {_line(error)}.") from error

    def _trial(self, line: bytes) -> TrialRecord:
        """Return the trial of a line.

        Raises:
            ValueError, KeyError, TypeError: it is damaged.
        """
        if len(line) > MAX_LINE_BYTES:
            raise ValueError(f"it has {len(line):,} bytes; at most {MAX_LINE_BYTES:,} are read")
        row = unsealed(line, "it")
        row["curve"] = tuple(EpochRecord(**epoch) for epoch in row["curve"])
        if row.get("labels") is not None:
            row["labels"] = tuple(row["labels"])
        if row["started_at"]:
            row["started_at"] = datetime.fromisoformat(row["started_at"])
        trial = TrialRecord(**row)
        _check_types(trial)
        return trial


_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("study_id", "trial_id", "state"), (str,)),
    **dict.fromkeys(("error", "origin"), (str, type(None))),
    **dict.fromkeys(("config", "metrics"), (dict,)),
    "number": (int,),
    **dict.fromkeys(("epochs", "n_params", "seed"), (int, type(None))),
    **dict.fromkeys(("value", "duration"), (float, int, type(None))),
}
"""What the fields of a trial may be; a line may say anything."""


def _check_types(trial: TrialRecord) -> None:
    """Look whether a trial that was read can be stored.

    Raises:
        TypeError, ValueError: it cannot.
    """
    for name, kinds in _TYPES.items():
        value = getattr(trial, name)
        if not isinstance(value, kinds) or isinstance(value, bool):
            raise TypeError(f"its {name} is {str(value)[:40]!r}")
        if isinstance(value, int) and abs(value) >= 2**63:
            raise ValueError(f"its {name} has more than 64 bits")
    for epoch in trial.curve:
        for name, value in vars(epoch).items():
            if not isinstance(value, (int,) if name == "epoch" else (float, int, type(None))):
                raise TypeError(f"{name} of an epoch is {str(value)[:40]!r}")
            if isinstance(value, int) and abs(value) >= 2**63:
                raise ValueError(f"{name} of an epoch has more than 64 bits")
    trial.row()  # Its configuration, metrics and labels have a form as JSON.


_WRONG = (ValueError, KeyError, TypeError, AttributeError, OverflowError)
"""What reading a damaged or made-up line may raise."""


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def new_path(root: Path, label: str, name: str | None, kind: str = "study") -> Path:
    """Return a path for a new study: its name, or a label with the first free number.

    Args:
        root: folder of studies.
        label: label of what is searched, such as a data set's name.
        name: name that the user wants, None for one made from the label.
        kind: what the directory will hold; becomes part of the label unless it is a study.

    Raises:
        UserError: the name holds other characters than it may, or is there already.
    """
    if name is not None:
        if re.fullmatch(r"[\w-][\w.-]*", name) is None or len(name) > MAX_NAME:
            raise UserError(
                f"`study` {name[:MAX_NAME]!r} may hold letters, digits, '.', '_' and '-' only, not "
                f"begin with '.', and have {MAX_NAME} characters at most."
            )
        if (root / name).exists():
            raise UserError(f"The {kind} '{name}' exists already; add `resume` to go on with it.")
        return root / name
    label = re.sub(r"[^\w.-]+", "-", label).lstrip(".")[:MAX_NAME] or kind
    label = label if kind == "study" else f"{label}-{kind}"
    numbers = (number for number in range(1, 1_000_000))
    return next(path for n in numbers if not (path := root / f"{label}-{n}").exists())


def find_study(
    root: Path,
    name: str | None,
    signatures: Collection[str],
    same: Callable[[StudyDirectory], bool] = lambda directory: True,
) -> Path:
    """Return the study of a name below `root`, or the newest that has one of the signatures.

    Args:
        root: folder of studies.
        name: name as the user gave it, None to look for the signatures.
        signatures: digests of the settings that a study was started with.
        same: whether a study of such a signature is one that may be meant.

    Raises:
        UserError: there is no such study; the known ones are listed.
    """

    def signature_of(path: Path) -> str | None:
        directory = StudyDirectory.open(path)
        signature: str | None = directory.settings.get("signature")
        return signature if signature not in signatures or same(directory) else None

    return find(root, "study.json", name, signatures, signature_of)


def find(
    root: Path,
    file: str,
    name: str | None,
    signatures: Collection[str],
    signature_of: Callable[[Path], str | None],
) -> Path:
    """Return the directory of a name below `root`, or the newest that has one of the signatures.

    Args:
        root: folder of directories.
        file: name of the file by which they are known, such as "study.json".
        name: name as the user gave it, None to look for the signatures.
        signatures: digests of the settings that a directory was started with.
        signature_of: function that reads the signature of a directory.

    Raises:
        UserError: there is no such directory; the known ones are listed.
    """
    if name is not None:
        return named(root, file, name)
    kind, known = _known(root, file)
    same = []
    for each in known:
        with suppress(UserError):  # A damaged one stops none of the others.
            same += [root / each] if signature_of(root / each) in signatures else []
    if not same:
        raise UserError(
            f"No {kind} in {root} was started with these arguments. {_listing(known, kind)} "
            "Name one with `study=NAME` and `resume`."
        )
    return max(same, key=lambda path: (path / file).stat().st_mtime)


def named(root: Path, file: str, name: str) -> Path:
    """Return the directory of a name below `root`.

    Raises:
        UserError: there is no such directory; the nearest or the known ones are named.
    """
    kind, known = _known(root, file)
    if name in known:
        return root / name
    hint = did_you_mean(name, known, otherwise=_listing(known, kind))
    raise UserError(f"There is no {kind} '{name}' in {root}. {hint}")


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a study for this process; the lock goes with the process, however it ends.

    Raises:
        UserError: another process is running the study.
    """
    lock = hold(path)
    try:
        yield
    finally:
        lock.release()


def hold(path: Path) -> BaseFileLock:
    """Take a study for this process, until the lock is released or collected, or the process ends.

    Raises:
        UserError: another process is running the study, or another part of this one; or its
            folder cannot be written to.
    """
    lock = FileLock(str(path / ".lock"), thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f"Another process is running the study '{path.name}', or another tuner of this "
            "process is; its `close()` gives the study free."
        ) from None
    except OSError as error:
        raise UserError(f"The study {path} cannot be written: {error}.") from error
    return lock


def _known(root: Path, file: str) -> tuple[str, list[str]]:
    """Return what the directories are, such as "study", and the names of all below `root`."""
    names = sorted(path.parent.name for path in root.glob(f"*/{file}"))
    return file.removesuffix(".json"), names


def _listing(known: list[str], kind: str) -> str:
    many = "studies" if kind == "study" else f"{kind}s"
    shown = ", ".join(known[-5:])
    return f"Known {many}: {shown}." if known else f"There are no {many} yet."
