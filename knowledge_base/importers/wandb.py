"""Weights & Biases: offline runs, the folders `offline-run-*` with a file `run-ID.wandb` each.

The file is a log in the format of LevelDB (github.com/google/leveldb, doc/log_format.md) of
messages of protobuf (wandb_internal.proto). Whatever was uploaded lies in such files, too.
"""

import json
import math
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from knowledge_base.errors import ContributionError
from knowledge_base.importers.base import ImportOptions
from knowledge_base.importers.contribution import Rejection
from knowledge_base.importers.foreign_files import moment, number
from knowledge_base.importers.inferred import flat
from knowledge_base.importers.runs import Found, Run, RunsImporter
from knowledge_base.importers.wire import Fields, inner, message, text, whole
from knowledge_base.limits import MAX_LINE_BYTES, check_file_size, check_inside
from knowledge_base.naming import did_you_mean
from knowledge_base.states import TrialState
from knowledge_base.types import ConfigDict

BLOCK = 32768
"""Bytes of a block of the log."""

MAGIC = b":W&B"
"""What a log begins with."""

RUN, EXIT, HISTORY, SUMMARY, CONFIG = 17, 18, 2, 3, 5
"""Numbers of the kinds of records that are read, in the message `Record`."""

OWN = "_"
"""How names begin of what the tool adds to each step, and to the configuration."""


@dataclass
class Log:
    """What the log of a run says.

    Attributes:
        run_id, project: of the run.
        params: its configuration, nested.
        begun: seconds since 1970.
        exit_code: with which it ended, None while it has not.
        seconds: what it took.
        curves: values of each metric by their steps.
        summary: values that stand for the whole run: the last ones, or what the program set.
    """

    run_id: str = ""
    project: str = ""
    params: ConfigDict = field(default_factory=dict)
    begun: float | None = None
    exit_code: int | None = None
    seconds: float | None = None
    curves: dict[str, dict[int, float]] = field(default_factory=dict)
    summary: ConfigDict = field(default_factory=dict)


class WandbImporter(RunsImporter):
    """The runs of one project below a folder."""

    name = "wandb"

    def accepts(self, source: str) -> bool:
        """Return whether it is the log of a run, or a folder with some."""
        return bool(_files(Path(source)))

    def runs(self, source: str, options: ImportOptions) -> Found:
        """Read the runs of a project.

        Raises:
            ContributionError: there are none, or it is not clear of which project.
        """
        files = _files(Path(source))
        if not files:
            raise ContributionError(f"{source} has no run of Weights & Biases (run-ID.wandb).")
        projects: dict[str, dict[str, Run]] = {}
        rejected: list[Rejection] = []
        for path in files:
            where = f"{path.parent.name}/{path.name}"
            try:
                log = _read(path)
            except (ContributionError, ValueError, OSError, struct.error) as error:
                rejected.append(Rejection(where, f"it cannot be read: {error}"))
                continue
            run = _run(log, where)
            projects.setdefault(log.project, {}).setdefault(run.run_id, run)
        if not projects:
            return Found(Path(source).resolve().name, [], rejected=tuple(rejected))
        name = next(iter(projects)) if len(projects) == 1 else options.study
        if name not in projects:
            hint = did_you_mean(name or "", projects,
                                otherwise=f"There are: {', '.join(sorted(projects))}.")  # fmt: skip
            raise ContributionError(f"Say with `study` which project of {source} to read. {hint}")
        runs = sorted(projects[name].values(), key=lambda run: (str(run.started_at), run.run_id))
        return Found(name or "wandb", runs, rejected=tuple(rejected))


def _files(path: Path) -> list[Path]:
    """Return the logs of runs; links such as `latest-run` are not followed."""
    if path.suffix == ".wandb" and path.is_file():
        return [path]
    for pattern in ("run-*.wandb", "*run-*/run-*.wandb", "wandb/*run-*/run-*.wandb"):
        found = sorted(file for file in path.glob(pattern) if not file.parent.is_symlink())
        if found:
            return found
    return []


def _run(log: Log, where: str) -> Run:
    state = None
    if log.exit_code is not None:
        state = TrialState.COMPLETE if log.exit_code == 0 else TrialState.FAILED
    return Run(
        run_id=f"{log.project}/{log.run_id}",
        origin=where,
        params={n: v for n, v in flat(log.params).items() if not n.startswith(OWN)},
        state=state,
        curves={name: sorted(points.items()) for name, points in log.curves.items()},
        started_at=moment(log.begun),
        seconds=log.seconds,
        error=f"it ended with code {log.exit_code}" if log.exit_code else None,
    )


def _read(path: Path) -> Log:
    """Return what the log of a run says.

    Raises:
        ContributionError, ValueError, OSError: it is damaged.
    """
    log = Log()
    for record in _records(path):
        fields = message(record)
        for run in inner(fields, RUN):
            log.run_id, log.project = text(run, 1) or log.run_id, text(run, 3) or log.project
            for config in inner(run, 4):
                _configure(config, log.params)
            for begun in inner(run, 17):
                log.begun = whole(begun, 1) + whole(begun, 2) / 1e9
        for config in inner(fields, CONFIG):
            _configure(config, log.params)
        for history in inner(fields, HISTORY):
            _log(history, log)
        for summary in inner(fields, SUMMARY):
            log.summary |= dict(_items(summary, 1))
        for ended in inner(fields, EXIT):
            log.exit_code = whole(ended, 1)
            log.seconds = float(whole(ended, 2))
    _sum_up(log)
    return log


def _items(fields: Fields, field_number: int) -> Iterator[tuple[str, object]]:
    """Yield names and values of items; nested names are joined by dots.

    Raises:
        ValueError: a value is no JSON.
    """
    for item in inner(fields, field_number):
        nested = [part.decode() for part in item.get(2, ()) if isinstance(part, bytes)]
        yield ".".join(nested) or text(item, 1), json.loads(text(item, 16) or "null")


def _configure(config: Fields, params: ConfigDict) -> None:
    for name, value in _items(config, 1):
        # Older versions wrap values: {"value": ..., "desc": ...}.
        wrapped = (
            isinstance(value, Mapping) and set(value) <= {"value", "desc"} and "value" in value
        )
        params[name] = value["value"] if wrapped and isinstance(value, Mapping) else value
    for name, _ in _items(config, 2):
        params.pop(name, None)


def _log(history: Fields, log: Log) -> None:
    found = dict(_items(history, 1))
    steps = inner(history, 2)
    step = whole(steps[-1], 1) if steps else int(number(found.get("_step")) or 0)
    for name, value in _measured(found).items():
        log.curves.setdefault(name, {})[step] = value


def _sum_up(log: Log) -> None:
    """Add what was set only in the summary (`run.summary["best"] = ...`), at the last step."""
    last = max((step for points in log.curves.values() for step in points), default=0)
    for name, value in _measured(log.summary).items():
        log.curves.setdefault(name, {last: value})


def _measured(found: ConfigDict) -> dict[str, float]:
    """Return the numbers that a program logged, without what the tool adds."""
    measured: dict[str, float] = {}
    for name, value in flat(found).items():
        known = math.nan if value in ("NaN", "Infinity", "-Infinity") else number(value)
        if known is not None and not name.startswith(OWN) and name not in ("epoch", "step"):
            measured[name] = known
    return measured


def _records(path: Path) -> Iterator[bytes]:
    """Yield the records of a log; one that was being written ends it.

    Raises:
        ContributionError: it is no such log, is damaged, or too large.
    """
    check_inside(path)
    check_file_size(path)
    whole_record = b""
    with path.open("rb") as file:
        if file.read(7)[:4] != MAGIC:
            raise ContributionError(f"{path} is no log of a run.")
        while True:
            left = BLOCK - file.tell() % BLOCK
            if left < 7:
                file.seek(left, 1)
                continue
            head = file.read(7)
            if len(head) < 7:
                return
            crc, size, kind = struct.unpack("<IHB", head)
            data = file.read(size)
            if len(data) < size:
                return
            if zlib.crc32(data, zlib.crc32(bytes([kind]))) != crc:
                raise ContributionError(f"{path} is damaged: a record has another checksum.")
            whole_record = data if kind in (1, 2) else whole_record + data
            if len(whole_record) > MAX_LINE_BYTES:
                raise ContributionError(f"{path} has a record of more than {MAX_LINE_BYTES} bytes.")
            if kind in (1, 4):
                yield whole_record
