"""Running studies on disk: `study.json`, and one line of `trials.jsonl` per finished trial.

Every line is flushed to disk before `append` returns. A process that is killed while it
writes leaves a half line at the end, which is never seen and cut off before the next one.
"""

import difflib
import json
import os
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from knowledge_base.bundle import Bundle
from knowledge_base.errors import ContributionError, UserError
from knowledge_base.records import DatasetRecord, EpochRecord, StudyRecord, TaskRecord, TrialRecord
from knowledge_base.space import SpaceDefinition

FORMAT = 1


class StudyDirectory:
    """A study with its task, space, data set and trials, as files.

    Attributes:
        path: the folder.
        study, task, space, dataset, metafeatures: what the trials belong to.
        metafeatures_version: version of the list of metafeatures.
        settings: what the study was started with, as its writer wants it back.
    """

    def __init__(self, path: Path, content: Mapping[str, Any]) -> None:
        """Take the parsed `study.json`; use `create` or `open`."""
        self.path = path
        study = dict(content["study"])
        study["created_at"] = datetime.fromisoformat(study["created_at"])
        self.study = StudyRecord(**study)
        self.task = TaskRecord(**content["task"])
        self.space = SpaceDefinition.from_dict(content["space"], where=str(path))
        known = content.get("dataset")
        self.dataset = DatasetRecord(**known) if known else None
        self.metafeatures: dict[str, float] = content.get("metafeatures") or {}
        self.metafeatures_version: int = content.get("metafeatures_version", 1)
        self.settings: dict[str, Any] = content.get("settings") or {}

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
        settings: Mapping[str, Any] | None = None,
    ) -> "StudyDirectory":
        """Make the folder and its `study.json`, whole or not at all.

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
            path.mkdir(parents=True, exist_ok=True)
            temporary = path / f".study.{uuid.uuid4().hex}"
            with temporary.open("w", encoding="utf-8") as file:
                json.dump(content, file, indent=2)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path / "study.json")
        except OSError as error:
            raise UserError(f"The study {path} cannot be written: {error}.") from error
        return cls.open(path)

    @classmethod
    def open(cls, path: str | Path) -> "StudyDirectory":
        """Open a folder that `create` made.

        Raises:
            UserError: it is none, damaged, or of a newer format.
        """
        path = Path(path)
        file = path / "study.json"
        if not file.is_file():
            raise UserError(f"{path} is not a study directory (it has no study.json).")
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            if content["format"] > FORMAT:
                raise UserError(f"The study {path} was written by a newer Advisor; upgrade.")
            return cls(path, content)
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"{file} is damaged: {error}.") from error

    def append(self, trial: TrialRecord) -> None:
        """Store a finished trial; durable on return."""
        row = asdict(trial)
        row["started_at"] = trial.started_at.isoformat() if trial.started_at else None
        row["curve"] = [{k: v for k, v in asdict(e).items() if v is not None} for e in trial.curve]
        line = json.dumps(row).encode() + b"\n"
        with (self.path / "trials.jsonl").open("ab+") as file:
            self._cut_half_line(file)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def trials(self) -> list[TrialRecord]:
        """Return the finished trials in their order; a half-written last line is none.

        Raises:
            ContributionError: a line in the middle is damaged.
        """
        file = self.path / "trials.jsonl"
        text = file.read_bytes() if file.is_file() else b""
        lines = text[: text.rfind(b"\n") + 1].splitlines()
        return [self._trial(line, number) for number, line in enumerate(lines, start=1)]

    def bundle(self) -> Bundle:
        """Return the trials with everything that they refer to."""
        records: list[Any] = [self.study, self.task, self.space, *self.trials()]
        metafeatures = {}
        if self.dataset is not None:
            records.append(self.dataset)
            key = (self.dataset.dataset_id, self.task.target or "", self.metafeatures_version)
            metafeatures[key] = self.metafeatures
        return Bundle.from_records(records, metafeatures=metafeatures)

    def _trial(self, line: bytes, number: int) -> TrialRecord:
        try:
            row = json.loads(line)
            row["curve"] = tuple(EpochRecord(**epoch) for epoch in row["curve"])
            if row.get("labels") is not None:
                row["labels"] = tuple(row["labels"])
            if row["started_at"]:
                row["started_at"] = datetime.fromisoformat(row["started_at"])
            return TrialRecord(**row)
        except (ValueError, KeyError, TypeError) as error:
            where = self.path / "trials.jsonl"
            raise ContributionError(f"{where}:{number} is damaged: {error}.") from error

    @staticmethod
    def _cut_half_line(file: Any) -> None:
        size = file.seek(0, os.SEEK_END)
        if size == 0:
            return
        file.seek(size - 1)
        if file.read(1) != b"\n":
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)
        file.seek(0, os.SEEK_END)


def new_path(root: Path, label: str, name: str | None, kind: str = "study") -> Path:
    """Return a path for a new study: NAME, or the label with the first free number.

    Args:
        root: folder of studies.
        label: of what is searched.
        name: as the user wants it.
        kind: of what the directory will hold; part of its label unless it is a study.

    Raises:
        UserError: one of that name is there already.
    """
    if name is not None:
        if re.fullmatch(r"[\w.-]+", name) is None:
            raise UserError(f"--study '{name}' may hold letters, digits, '.', '_' and '-' only.")
        if (root / name).exists():
            raise UserError(f"The {kind} '{name}' exists already; add --resume to go on with it.")
        return root / name
    label = re.sub(r"[^\w.-]+", "-", label)
    label = label if kind == "study" else f"{label}-{kind}"
    numbers = (number for number in range(1, 1_000_000))
    return next(path for n in numbers if not (path := root / f"{label}-{n}").exists())


def find_study(root: Path, name: str | None, signature: str) -> Path:
    """Return the study NAME below `root`, or the newest that was started with a signature.

    Raises:
        UserError: there is no such study; the known ones are listed.
    """

    def signature_of(path: Path) -> str | None:
        return StudyDirectory.open(path).settings.get("signature")

    return find(root, "study.json", name, signature, signature_of)


def find(
    root: Path,
    file: str,
    name: str | None,
    signature: str,
    signature_of: Callable[[Path], str | None],
) -> Path:
    """Return the directory NAME below `root`, or the newest one with a signature.

    Args:
        root: folder of directories.
        file: what each of them holds, such as "study.json".
        name: as the user gave it.
        signature: to look for without a name.
        signature_of: reads that of a directory.

    Raises:
        UserError: there is none; the known ones are listed.
    """
    kind = file.removesuffix(".json")
    known = sorted(path.parent.name for path in root.glob(f"*/{file}"))
    if name is not None:
        return named(root, file, name)
    same = [root / each for each in known if signature_of(root / each) == signature]
    if not same:
        raise UserError(
            f"No {kind} in {root} was started with these arguments. {_listing(known, kind)} "
            "Name one with --study NAME --resume."
        )
    return max(same, key=lambda path: (path / file).stat().st_mtime)


def named(root: Path, file: str, name: str) -> Path:
    """Return the directory NAME below `root`.

    Raises:
        UserError: there is none; the nearest or the known ones are named.
    """
    kind = file.removesuffix(".json")
    known = sorted(path.parent.name for path in root.glob(f"*/{file}"))
    if name in known:
        return root / name
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean '{near[0]}'?" if near else _listing(known, kind)
    raise UserError(f"There is no {kind} '{name}' in {root}. {hint}")


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


def _listing(known: list[str], kind: str) -> str:
    many = "studies" if kind == "study" else f"{kind}s"
    shown = ", ".join(known[-5:])
    return f"Known {many}: {shown}." if known else f"There are no {many} yet."
