"""CSV and JSON Lines files with one trial per row."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from knowledge_base.errors import ContributionError
from knowledge_base.identity import digest
from knowledge_base.importers.base import Importer, ImportOptions, check_direction
from knowledge_base.importers.checks import assemble, task_of, value_reasons
from knowledge_base.importers.contribution import Contribution, Rejection
from knowledge_base.importers.rows import CONFIG, JSON_SUFFIXES, SEPARATORS, Rows, read_rows
from knowledge_base.naming import did_you_mean, nearest
from knowledge_base.records import StudyRecord, TrialRecord
from knowledge_base.space import SpaceDefinition
from knowledge_base.space.entries import shown
from knowledge_base.states import TrialState
from knowledge_base.types import Config

NUMBERS = {"duration": float, "epochs": int, "n_params": int, "seed": int, "number": int}
EXTRA = ("state", "error", "started_at", *NUMBERS)
"""Columns that a table may have beside hyperparameters and the metric."""

MOST = 2**63 - 1
"""Largest whole number that is stored."""

_WHOLE = re.compile(r"[+-]?[0-9]{1,40}")


class TableImporter(Importer):
    """One trial per row: a column per hyperparameter, a metric, optional further columns.

    A column `config.NAME` is the hyperparameter NAME, also where NAME is the name of the metric
    or of one of the further columns (`EXTRA`). A plain column NAME is the hyperparameter of that
    name, unless there is `config.NAME` too.
    """

    name = "table"
    takes_space = True

    def accepts(self, source: str) -> bool:
        """Return whether the name is one of a CSV or JSON Lines file."""
        return Path(source).suffix.lower() in (*SEPARATORS, *JSON_SUFFIXES)

    def read(self, source: str, options: ImportOptions) -> Contribution:
        """Read the file and check every row.

        Raises:
            ContributionError: the file is missing or unreadable, or has unknown or missing
                columns; the options lack the space or the direction.
        """
        path = Path(source)
        if options.space is None:
            raise ContributionError(f"Say which search space {path} is from, with `space=FILE`.")
        direction = check_direction(options.direction)
        rows = read_rows(path)
        space = _version_of(rows, options.space, options.earlier)
        columns = _columns(rows, options, space, path)
        task = task_of(options, path.stem, options.metric or columns.metric, direction,
                       options.family or space.name)  # fmt: skip
        study = StudyRecord(
            study_id=digest("table study", task.task_id, space.space_id),
            task_id=task.task_id,
            space_id=space.space_id,
            name=f"{path.stem} (imported)",
            source=f"table {path.name}",
            contributor=options.contributor,
        )
        trials, rejected = _trials(rows, columns, space, study)
        del rows  # Of a large file, they are more than the trials.
        return assemble(trials, rejected, task, space, study, options)


@dataclass(frozen=True)
class _Columns:
    """What the columns of a table are.

    Attributes:
        config: columns of each hyperparameter; of two, a row may fill one.
        metric: the column of the metric.
        extra: those of `EXTRA` that are there.
    """

    config: Mapping[str, tuple[str, ...]]
    metric: str
    extra: frozenset[str]


def _columns(rows: Rows, options: ImportOptions, space: SpaceDefinition, path: Path) -> _Columns:
    found = set(rows.columns)
    metric = _metric_column(found, options, space, path)
    config: dict[str, tuple[str, ...]] = {}
    for name in space.hyperparameters:
        prefixed = CONFIG + name
        beside = prefixed in found and (name in EXTRA or name == metric)
        names = (prefixed,) if beside else (prefixed, name)
        config[name] = tuple(column for column in names if column in found)
    used = {column for columns in config.values() for column in columns}
    extra = frozenset(name for name in EXTRA if name in found - used - {metric})
    known = [*space.hyperparameters, metric, *EXTRA]
    for column in rows.columns:
        if column not in used and column != metric and column not in extra:
            near = nearest(column.removeprefix(CONFIG)[:200], known)
            hint = f"did you mean '{near}'?" if near else "drop it, or add it to the space."
            raise ContributionError(f"{path}: the column {shown(column)} is unknown; {hint}")
    missing = _without_column(found, space)
    if missing:
        raise ContributionError(f"{path} has no column for the hyperparameter '{missing[0]}'.")
    return _Columns(config, metric, extra)


def _without_column(found: set[str], space: SpaceDefinition) -> list[str]:
    """Return the hyperparameters that every configuration has and none of the columns is."""
    conditional = {condition["child"] for condition in space.conditions}
    return [
        name
        for name, hyperparameter in space.hyperparameters.items()
        if name not in conditional and hyperparameter.kind != "constant"
        if not {name, CONFIG + name} & found
    ]


def _version_of(
    rows: Rows, space: SpaceDefinition, earlier: Sequence[SpaceDefinition]
) -> SpaceDefinition:
    """Return the newest version all of whose hyperparameters are there, the present if none is."""
    found = set(rows.columns)
    versions = (space, *earlier)
    return next((v for v in versions if not _without_column(found, v)), space)


def _metric_column(
    found: set[str], options: ImportOptions, space: SpaceDefinition, path: Path
) -> str:
    wanted = [options.metric_column, options.metric, "value"]
    for name in wanted:
        taken = name in space.hyperparameters and f"{CONFIG}{name}" not in found
        if name is not None and name in found and not taken:
            return name
    named = options.metric_column or options.metric or "value"
    if named in found:
        raise ContributionError(
            f"{path}: '{named}' is a hyperparameter of the space; call its column "
            f"'config.{named}', so that '{named}' is the metric."
        )
    hint = did_you_mean(named, found, otherwise="Name it with `metric`.")
    raise ContributionError(f"{path} has no metric column '{named}'. {hint}")


def _trials(
    rows: Rows, columns: _Columns, space: SpaceDefinition, study: StudyRecord
) -> tuple[list[TrialRecord], list[Rejection]]:
    frame = pd.DataFrame(
        {name: _configured(rows, columns, space, name) for name in space.hyperparameters},
        index=range(len(rows.cells)),
        dtype=object,
    )
    states = [_text(str(row.get("state", TrialState.COMPLETE)).lower()) if "state" in columns.extra
              else str(TrialState.COMPLETE) for row in rows.cells]  # fmt: skip
    metric = _objects([_metric(row.get(columns.metric)) for row in rows.cells])
    clean, outside = space.check(frame)
    reasons = [_row_reason(row, columns) for row in rows.cells]
    for others in (value_reasons(_objects(states), metric), outside):
        reasons = [reason or str(other) for reason, other in zip(reasons, others, strict=True)]
    good = [place for place, reason in enumerate(reasons) if not reason]
    rejected = [
        Rejection(rows.place(rows.lines[place]), reason)
        for place, reason in enumerate(reasons)
        if reason
    ]
    configs = space.records(clean.iloc[good])
    values = pd.to_numeric(metric.iloc[good]).tolist()
    trials = [
        _trial(number, config, states[place], value, rows, place, columns, study)
        for number, (place, config, value) in enumerate(zip(good, configs, values, strict=True))
    ]
    in_order = sorted([*rows.rejected, *rejected], key=lambda r: int(r.where.rpartition(":")[2]))
    return trials, in_order


def _objects(cells: list[object] | list[str]) -> pd.Series:
    return pd.Series(cells, index=range(len(cells)), dtype=object)


def _configured(rows: Rows, columns: _Columns, space: SpaceDefinition, name: str) -> list[object]:
    """Return the cells of a hyperparameter; a constant need not be given."""
    h = space.hyperparameters[name]
    default = h.default if h.kind == "constant" else None
    names = columns.config[name]
    return [next((row[n] for n in names if n in row), default) for row in rows.cells]


def _metric(cell: object) -> object:
    """Return a cell of the metric; what pandas would take for a number comes as text."""
    if isinstance(cell, int) and not isinstance(cell, bool):
        return cell if abs(cell) <= MOST else shown(cell)
    if isinstance(cell, str):
        return _text(cell)
    return cell if isinstance(cell, float | None) else shown(cell)


def _row_reason(row: Mapping[str, object], columns: _Columns) -> str:
    """Return why the further columns of a row are wrong, '' if they are not."""
    for name, names in columns.config.items():
        if len(names) > 1 and all(n in row for n in names):
            return f"{name} is there twice, as {names[0]} and {names[1]}"
    for name in NUMBERS:
        if name in columns.extra and name in row and _number(name, row[name]) is None:
            return f"{name} = {shown(row[name])} is not possible"
    if "started_at" in columns.extra and "started_at" in row and not _time(row["started_at"]):
        return f"started_at = {shown(row['started_at'])} is no time such as 2024-03-31T14:30:00"
    return ""


def _number(name: str, cell: object) -> float | None:
    """Return a cell of a column of `NUMBERS`, None for what is no such number."""
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return None
    text = cell.strip() if isinstance(cell, str) else cell
    if isinstance(text, str) and _WHOLE.fullmatch(text):
        text = int(text)  # Floats would round whole numbers beyond 2**53.
    try:
        number = text if isinstance(text, int) else float(text)
        if isinstance(cell, str) and "_" in cell:
            return None
        if NUMBERS[name] is float:
            number = float(number)
    except (ValueError, OverflowError):
        return None
    if not (math.isfinite(number) if isinstance(number, float) else True) or number < 0:
        return None
    if NUMBERS[name] is float:
        return number
    whole = int(number)
    return whole if whole == number and whole <= MOST else None


def _time(cell: object) -> datetime | None:
    """Return a time in ISO 8601, None for anything else; without a zone it is in UTC."""
    if not isinstance(cell, str):
        return None
    try:
        found = datetime.fromisoformat(cell.strip())
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _trial(
    position: int,
    config: Config,
    state: str,
    value: float,
    rows: Rows,
    place: int,
    columns: _Columns,
    study: StudyRecord,
) -> TrialRecord:
    row = rows.cells[place]
    known = {
        name: _number(name, row[name]) for name in NUMBERS if name in columns.extra and name in row
    }
    finite = float(value) if pd.notna(value) else None
    error = row.get("error") if "error" in columns.extra else None
    started = _time(row.get("started_at")) if "started_at" in columns.extra else None
    number = known.pop("number", None)
    return TrialRecord(
        study_id=study.study_id,
        number=position if number is None else int(number),
        config=config,
        state=state,
        value=finite,
        error=_text(error) if isinstance(error, str) else None,
        started_at=started,
        origin=rows.place(rows.lines[place]),
        trial_id=_identity(config, state, finite, row, columns, study),
        **known,  # type: ignore[arg-type]
    )


def _identity(
    config: Config,
    state: str,
    value: float | None,
    row: Mapping[str, object],
    columns: _Columns,
    study: StudyRecord,
) -> str:
    """Return the digest of what a row says, so that a copied or reordered file changes nothing.

    Older versions took a hyperparameter such as `epochs` for the column of that name as well;
    here it counts as it did, so that trials which they imported are recognised.
    """
    known = {}
    for name in NUMBERS:
        sources = (name,) if name in columns.extra else columns.config.get(name, ())
        cell = next((row[source] for source in sources if source in row), None)
        number = None if cell is None else _number(name, cell)
        if number is not None:
            known[name] = number
    number = known.pop("number", None)
    return digest("table trial", study.study_id, config, state, value, known, number)


def _text(text: str) -> str:
    """Return a text as it can be stored: half of a surrogate pair is written out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
