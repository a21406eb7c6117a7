"""TensorBoard: event files below a folder, in which the plug-in `hparams` says the parameters.

A session is a folder whose events name parameters. Its curves are the scalars of the folder and of
folders below that are no sessions; PyTorch's `add_hparams` writes each session into a folder below
the one with the curves, which then belong to it.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from knowledge_base.errors import ContributionError
from knowledge_base.importers.base import ImportOptions
from knowledge_base.importers.contribution import Rejection
from knowledge_base.importers.foreign_files import below, moment
from knowledge_base.importers.runs import Found, Run, RunsImporter
from knowledge_base.importers.wire import Fields, inner, message, real, records, text, whole
from knowledge_base.states import TrialState
from knowledge_base.types import ConfigDict

TOLD_AS = "advisor.trial"
"""Parameter of a session that a search of ours wrote: the identity of its trial."""

MARK = ".tfevents."
"""What the names of event files have in them."""

STATES = {1: TrialState.COMPLETE, 2: TrialState.FAILED}
"""States of sessions that ended, by the numbers that the plug-in gives them."""


@dataclass
class Folder:
    """What the events of one folder say.

    Attributes:
        files: names of the event files.
        params: parameters of the session; None where it is none.
        status: number of the state in which the session ended, None while it has not.
        begun, ended: seconds since 1970.
        scalars: values of each tag by their steps.
    """

    files: list[str] = field(default_factory=list)
    params: ConfigDict | None = None
    status: int | None = None
    begun: float | None = None
    ended: float | None = None
    scalars: dict[str, dict[int, float]] = field(default_factory=dict)


class TensorboardImporter(RunsImporter):
    """The sessions below a folder of logs."""

    name = "tensorboard"

    def accepts(self, source: str) -> bool:
        """Return whether there are event files that are not those of another tool's runs."""
        folder = Path(source)
        if not folder.is_dir() or any(folder.glob("*/params.json")):
            return False
        return any(True for _ in folder.rglob(f"*{MARK}*"))

    def runs(self, source: str, options: ImportOptions) -> Found:
        """Read the sessions below a folder.

        Raises:
            ContributionError: there are none.
        """
        top = Path(source)
        if not top.is_dir():
            raise ContributionError(f"There is no folder {source}.")
        folders: dict[Path, Folder] = {}
        rejected: list[Rejection] = []
        for path in below(top, lambda name: MARK in name):
            where = path.relative_to(top).as_posix()
            try:
                _read(path, folders.setdefault(path.parent, Folder()))
            except (ContributionError, ValueError, OSError) as error:
                rejected.append(Rejection(where, f"it cannot be read: {error}"))
        sessions = {p: f for p, f in folders.items() if f.params is not None}
        if not sessions and not rejected:
            raise ContributionError(
                f"The event files below {source} have no parameters: write them with "
                "SummaryWriter.add_hparams, or with the plug-in hparams."
            )
        runs = [_run(top, path, folders) for path in sorted(sessions)]
        runs.sort(key=lambda run: (run.started_at is None, run.started_at or datetime.min))
        return Found(top.resolve().name, runs, rejected=tuple(rejected))


def _run(top: Path, path: Path, folders: Mapping[Path, Folder]) -> Run:
    """Return a session with all curves that belong to it."""
    found = folders[path]
    curves = dict(found.scalars)
    for other, folder in folders.items():
        if folder.params is not None:
            continue
        if path in other.parents and _owner(other, folders) == path:
            prefix = other.relative_to(path).as_posix()
            curves |= {f"{prefix}/{tag}": points for tag, points in folder.scalars.items()}
        beside = [p for p, f in folders.items() if p.parent == other and f.params is not None]
        if other == path.parent and beside == [path]:
            curves = {**folder.scalars, **curves}
    seconds = None
    if found.ended and found.begun and found.ended >= found.begun:
        seconds = found.ended - found.begun
    params = dict(found.params or {})
    told = params.pop(TOLD_AS, None)
    return Run(
        run_id="/".join(sorted(found.files)[:1]),
        origin=path.relative_to(top.parent).as_posix(),
        params=params,
        state=None if found.status is None else STATES.get(found.status),
        curves={tag: sorted(points.items()) for tag, points in curves.items()},
        started_at=moment(found.begun),
        seconds=seconds,
        error="the session failed" if found.status == 2 else None,
        told_as=told if isinstance(told, str) else None,
    )


def _owner(path: Path, folders: Mapping[Path, Folder]) -> Path | None:
    """Return the nearest session above a folder."""
    sessions = (p for p in path.parents if p in folders and folders[p].params is not None)
    return next(sessions, None)


def _read(path: Path, folder: Folder) -> None:
    """Add the events of a file to what is known of its folder.

    Raises:
        ContributionError, ValueError, OSError: it is damaged.
    """
    folder.files.append(path.name)
    for record in records(path):
        event = message(record)
        wall, step = real(event, 1), whole(event, 2)
        folder.begun = wall if folder.begun is None else folder.begun
        for summary in inner(event, 5):
            for value in inner(summary, 1):
                _take(value, step, folder)


def _take(value: Fields, step: int, folder: Folder) -> None:
    tag = text(value, 1)
    for metadata in inner(value, 9):
        for plugin in inner(metadata, 1):
            if text(plugin, 1) == "hparams":
                _session(plugin, folder)
                return
    number = real(value, 2)
    for tensor in inner(value, 8):
        number = _of_tensor(tensor) if number is None else number
    if number is not None and tag:
        folder.scalars.setdefault(tag, {})[step] = number


def _of_tensor(tensor: Fields) -> float | None:
    """Return the number in a tensor of one float or double, None for any other."""
    content = [value for value in tensor.get(4, ()) if isinstance(value, bytes)]
    kinds = {1: ("<f", 5), 2: ("<d", 6)}
    kind = whole(tensor, 1)
    if kind not in kinds:
        return None
    code, place = kinds[kind]
    if content and len(content[-1]) == struct.calcsize(code):
        return float(struct.unpack(code, content[-1])[0])
    return real(tensor, place)


def _session(plugin: Fields, folder: Folder) -> None:
    """Take what the plug-in says when a session begins and ends."""
    for content in inner(plugin, 2):
        for begun in inner(content, 3):
            folder.params = {}
            folder.begun = real(begun, 5) or folder.begun
            for entry in inner(begun, 1):
                for value in inner(entry, 2):
                    folder.params[text(entry, 1)] = _value(value)
        for ended in inner(content, 4):
            folder.status = whole(ended, 1)
            folder.ended = real(ended, 2)


def _value(value: Fields) -> object:
    """Return a value of protobuf's JSON: a number, text, truth value or None."""
    number = real(value, 2)
    if number is not None:
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    if 3 in value:
        return text(value, 3)
    return bool(whole(value, 4)) if 4 in value else None
