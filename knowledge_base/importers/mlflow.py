"""MLflow: tracking stores in SQLite (`sqlite:///mlflow.db`) and in folders of files (`mlruns`).

What is read of both: experiments, runs that were not deleted, parameters, metrics with steps.
MLflow itself is not needed. It keeps parameters as texts.
"""

import math
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from knowledge_base.errors import ContributionError
from knowledge_base.importers.base import ImportOptions
from knowledge_base.importers.contribution import Rejection
from knowledge_base.importers.foreign_files import read_text, read_yaml
from knowledge_base.importers.optuna_files import copied_database, has_tables, storage_file
from knowledge_base.importers.runs import Found, Run, RunsImporter
from knowledge_base.limits import MAX_ROWS
from knowledge_base.states import TrialState

STATES = {
    "FINISHED": TrialState.COMPLETE,
    "FAILED": TrialState.FAILED,
    "KILLED": TrialState.STOPPED,
}
"""States of runs that ended, by the names that MLflow gives them."""

CODES = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
"""The numbers that stand for states in a store of files."""

TABLES = {"experiments", "runs", "params", "metrics"}
"""Tables of a store in SQLite, of those that are read."""

TOLD_AS = "advisor.trial"
"""Tag of a run that was exported from here: the identity of the trial there."""

METRIC, DIRECTION = "advisor.metric", "advisor.direction"
"""Tags of an experiment that was exported from here."""

DEFAULT = "Default"
"""The experiment that MLflow makes by itself."""


class MlflowImporter(RunsImporter):
    """An experiment of a tracking store."""

    name = "mlflow"

    def accepts(self, source: str) -> bool:
        """Return whether it is a store of MLflow: its tables, or a folder of experiments."""
        if _is_database(source):
            return has_tables(source, TABLES)
        folder = _folder(source)
        return (folder / "meta.yaml").is_file() or any(folder.glob("*/meta.yaml"))

    def runs(self, source: str, options: ImportOptions) -> Found:
        """Read the runs of one experiment.

        Raises:
            ContributionError: there is no such store or experiment, or it is damaged.
        """
        read = _from_database if _is_database(source) else _from_files
        return read(source, options.study)


def _is_database(source: str) -> bool:
    return source.startswith("sqlite") or Path(source).suffix in (".db", ".sqlite", ".sqlite3")


def _folder(source: str) -> Path:
    return Path(source.removeprefix("file://"))


def _chosen(source: str, names: Sequence[str], wanted: str | None) -> str:
    """Return the name of the experiment that is read.

    Raises:
        ContributionError: it is not clear, or there is none of that name.
    """
    if wanted is not None and wanted in names:
        return wanted
    filled = [name for name in names if name != DEFAULT] or list(names)
    if wanted is None and len(filled) == 1:
        return filled[0]
    listed = ", ".join(sorted(names)) or "none"
    raise ContributionError(f"Say which experiment of {source} with `study`; it has: {listed}.")


def _from_database(source: str, wanted: str | None) -> Found:
    address = source if source.startswith("sqlite") else f"sqlite:///{source}"
    path, _ = storage_file(address)
    try:
        with copied_database(path) as copy, closing(sqlite3.connect(copy)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            return _experiment(connection, source, wanted)
    except sqlite3.Error as error:
        raise ContributionError(f"{source} is no store of MLflow: {error}.") from error


def _experiment(connection: sqlite3.Connection, source: str, wanted: str | None) -> Found:
    """Read an experiment of a database.

    Raises:
        ContributionError: it is not clear which, or there are too many rows.
        sqlite3.Error: the database is damaged, or lacks tables.
    """
    sql = (
        "SELECT experiment_id, name FROM experiments WHERE lifecycle_stage = 'active' AND "
        "experiment_id IN (SELECT experiment_id FROM runs WHERE lifecycle_stage = 'active')"
    )
    experiments = {str(name): key for key, name in connection.execute(sql)}
    name = _chosen(source, list(experiments), wanted)
    within = ("run_uuid IN (SELECT run_uuid FROM runs WHERE experiment_id = ? AND "
              "lifecycle_stage = 'active')")  # fmt: skip
    key = (experiments[name],)
    (count,) = connection.execute(f"SELECT count(*) FROM metrics WHERE {within}", key).fetchone()
    if count > MAX_ROWS:
        raise ContributionError(f"{source} has more than {MAX_ROWS:,} values of metrics.")
    params: dict[str, dict[str, object]] = {}
    for run, param, value in connection.execute(
        f"SELECT run_uuid, key, value FROM params WHERE {within} ORDER BY key", key
    ):
        params.setdefault(run, {})[param] = value
    curves: dict[str, dict[str, list[tuple[int, float]]]] = {}
    for run, metric, step, value, is_nan in connection.execute(
        f"SELECT run_uuid, key, step, value, is_nan FROM metrics WHERE {within} "
        "ORDER BY step, timestamp", key
    ):  # fmt: skip
        number = math.nan if is_nan else float(value)
        curves.setdefault(run, {}).setdefault(metric, []).append((int(step), number))
    rows = connection.execute(
        "SELECT run_uuid, status, start_time, end_time FROM runs WHERE experiment_id = ? AND "
        "lifecycle_stage = 'active' ORDER BY start_time, run_uuid", key
    )  # fmt: skip
    exported = _exported(connection, within, key)
    runs = [
        Run(run, f"{name}:{run}", params.get(run, {}), STATES.get(status), curves.get(run, {}),
            _time(start), _seconds(start, end), _error(status), exported.get(run))
        for run, status, start, end in rows
    ]  # fmt: skip
    said = _said(connection, key)
    return Found(name, runs, None, said.get(METRIC), said.get(DIRECTION), from_texts=True)


def _exported(connection: sqlite3.Connection, within: str, key: tuple[object]) -> dict[str, str]:
    """Return the identities of runs that are exported trials; older stores have no tags."""
    sql = f"SELECT run_uuid, value FROM tags WHERE key = '{TOLD_AS}' AND {within}"
    with suppress(sqlite3.OperationalError):
        return dict(connection.execute(sql, key).fetchall())
    return {}


def _said(connection: sqlite3.Connection, key: tuple[object]) -> dict[str, str]:
    """Return what the tags of an experiment say of its metric."""
    sql = "SELECT key, value FROM experiment_tags WHERE experiment_id = ?"
    with suppress(sqlite3.OperationalError):
        return dict(connection.execute(sql, key).fetchall())
    return {}


def _from_files(source: str, wanted: str | None) -> Found:
    """Read an experiment of a folder of files.

    Raises:
        ContributionError: there is none, or it is not clear which.
    """
    top = _folder(source)
    folders = [top] if (top / "meta.yaml").is_file() else sorted(
        path.parent for path in top.glob("*/meta.yaml")
    )  # fmt: skip
    experiments = {}
    for folder in folders:
        meta = read_yaml(folder / "meta.yaml")
        has_runs = any(folder.glob("*/meta.yaml"))
        if meta.get("lifecycle_stage", "active") == "active" and has_runs:
            experiments[str(meta.get("name", folder.name))] = folder
    if not folders:
        raise ContributionError(f"{source} is no store of MLflow: it has no meta.yaml.")
    name = _chosen(source, list(experiments), wanted)
    found: list[Run] = []
    rejected: list[Rejection] = []
    for file in sorted(experiments[name].glob("*/meta.yaml")):
        where = f"{name}:{file.parent.name}"
        try:
            run = _run_of_files(file.parent, where)
        except (ContributionError, ValueError) as error:
            rejected.append(Rejection(where, f"it cannot be read: {error}"))
            continue
        found += [run] if run is not None else []
    found.sort(key=lambda run: (run.started_at or datetime.min.replace(tzinfo=UTC), run.run_id))
    tags = dict(_entries(experiments[name] / "tags"))
    metric, direction = (read_text(tags[n]).strip() if n in tags else None
                         for n in (METRIC, DIRECTION))  # fmt: skip
    return Found(name, found, None, metric, direction, True, tuple(rejected))


def _run_of_files(folder: Path, where: str) -> Run | None:
    """Return a run, None for one that was deleted.

    Raises:
        ContributionError, ValueError: a file of it is damaged.
    """
    meta = read_yaml(folder / "meta.yaml")
    if meta.get("lifecycle_stage", "active") != "active":
        return None
    params = {name: read_text(path).strip("\n") for name, path in _entries(folder / "params")}
    curves = {}
    for name, path in _entries(folder / "metrics"):
        lines = [line.split() for line in read_text(path).splitlines() if line.strip()]
        if any(len(line) not in (2, 3) for line in lines):
            raise ContributionError(f"the metric {name} has a line that is no time, value and step")
        points = [(int(line[2]) if len(line) == 3 else 0, float(line[1])) for line in lines]
        curves[name] = sorted(points, key=lambda point: point[0])
    start, end = meta.get("start_time"), meta.get("end_time")
    status = CODES.get(meta["status"], "") if isinstance(meta.get("status"), int) else ""
    run = str(meta.get("run_id") or meta.get("run_uuid") or folder.name)
    told = folder / "tags" / TOLD_AS
    exported = read_text(told).strip() if told.is_file() else None
    return Run(run, where, params, STATES.get(status), curves, _time(start), _seconds(start, end),
               _error(status), exported)  # fmt: skip


def _entries(folder: Path) -> list[tuple[str, Path]]:
    """Return the files below a folder by their names, in which a slash makes folders."""
    if not folder.is_dir():
        return []
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(path.relative_to(folder).as_posix(), path) for path in files]


def _time(milliseconds: object) -> datetime | None:
    if not isinstance(milliseconds, int) or isinstance(milliseconds, bool):
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _seconds(start: object, end: object) -> float | None:
    if not isinstance(start, int) or not isinstance(end, int) or end < start:
        return None
    return (end - start) / 1000


def _error(status: str) -> str | None:
    return "the run failed" if status == "FAILED" else None
