"""CSV and JSON Lines files with one trial per row."""

import json
from pathlib import Path

import pandas as pd

from knowledge_base.errors import ContributionError
from knowledge_base.identity import digest
from knowledge_base.importers.base import Importer, ImportOptions
from knowledge_base.importers.checks import assemble, check_direction, task_of, value_reasons
from knowledge_base.importers.contribution import Contribution, Rejection
from knowledge_base.naming import did_you_mean, nearest
from knowledge_base.records import StudyRecord, TrialRecord
from knowledge_base.space import SpaceDefinition
from knowledge_base.states import TrialState
from knowledge_base.types import Config, JsonObject

SEPARATORS = {".csv": ",", ".tsv": "\t"}
JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
NUMBERS = {"duration": float, "epochs": int, "n_params": int, "seed": int, "number": int}
EXTRA = ("state", "error", "started_at", *NUMBERS)
"""Columns that a table may have beside hyperparameters and the metric."""


class TableImporter(Importer):
    """One trial per row: a column per hyperparameter, a metric, optional further columns."""

    name = "table"

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
        frame = _plain_names(_read(path), options.space)
        column = _metric_column(frame, options, path)
        _check_columns(frame, options.space, column, path)
        task = task_of(options, path.stem, options.metric or column, direction,
                       options.family or options.space.name)  # fmt: skip
        study = StudyRecord(
            study_id=digest("table study", task.task_id, options.space.space_id),
            task_id=task.task_id,
            space_id=options.space.space_id,
            name=f"{path.stem} (imported)",
            source=f"table {path.name}",
            contributor=options.contributor,
        )
        trials, rejected = _rows(frame, column, options.space, study, path)
        return assemble(trials, rejected, task, options.space, study, options)


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise ContributionError(f"The file {path} does not exist.")
    try:
        if path.suffix.lower() in JSON_SUFFIXES:
            lines = path.read_text(encoding="utf-8").splitlines()
            frame = pd.DataFrame([_flat(json.loads(line)) for line in lines if line.strip()])
        else:
            separator = SEPARATORS.get(path.suffix.lower(), ",")
            frame = pd.read_csv(path, sep=separator, dtype=object, keep_default_na=False,
                                na_values=[""])  # fmt: skip
    except (ValueError, TypeError, AttributeError) as error:
        raise ContributionError(f"{path} cannot be read: {error}.") from error
    if frame.empty:
        raise ContributionError(f"{path} has no rows.")
    return frame


def _flat(row: JsonObject) -> JsonObject:
    config = row.pop("config", None) or {}
    return {**row, **config}


def _plain_names(frame: pd.DataFrame, space: SpaceDefinition) -> pd.DataFrame:
    prefixed = {f"config.{name}": name for name in space.hyperparameters}
    return frame.rename(columns=prefixed)


def _metric_column(frame: pd.DataFrame, options: ImportOptions, path: Path) -> str:
    wanted = [options.metric_column, options.metric, "value"]
    for name in wanted:
        if name is not None and name in frame.columns:
            return name
    named = options.metric_column or options.metric or "value"
    hint = did_you_mean(named, frame.columns, otherwise="Name it with `metric`.")
    raise ContributionError(f"{path} has no metric column '{named}'. {hint}")


def _check_columns(frame: pd.DataFrame, space: SpaceDefinition, metric: str, path: Path) -> None:
    known = [*space.hyperparameters, metric, *EXTRA]
    for column in frame.columns:
        if column not in known:
            near = nearest(column, known)
            hint = f"did you mean '{near}'?" if near else "drop it, or add it to the space."
            raise ContributionError(f"{path}: the column '{column}' is unknown; {hint}")
    conditional = {condition["child"] for condition in space.conditions}
    for name, hyperparameter in space.hyperparameters.items():
        optional = name in conditional or hyperparameter.kind == "constant"
        if name not in frame.columns and not optional:
            raise ContributionError(f"{path} has no column for the hyperparameter '{name}'.")


def _rows(
    frame: pd.DataFrame, metric: str, space: SpaceDefinition, study: StudyRecord, path: Path
) -> tuple[list[TrialRecord], list[Rejection]]:
    states = frame["state"] if "state" in frame else pd.Series(index=frame.index, dtype=object)
    states = states.fillna(str(TrialState.COMPLETE)).astype(str).str.lower()
    for hyperparameter in space.hyperparameters.values():
        if hyperparameter.kind == "constant" and hyperparameter.name not in frame:
            frame[hyperparameter.name] = hyperparameter.default
    reasons = value_reasons(states, frame[metric])
    for other in (space.validate(frame), *(_number_reasons(frame, n) for n in NUMBERS)):
        reasons = reasons.where(reasons != "", other)
    first_line = 1 if path.suffix.lower() in JSON_SUFFIXES else 2
    where = [f"{path.name}:{first_line + i}" for i in range(len(frame))]
    good = (reasons == "").to_numpy()
    rejected = [Rejection(where[i], reasons.iloc[i]) for i in range(len(frame)) if not good[i]]
    kept = frame[good]
    configs = space.records(space.clean(kept))
    places = [place for place, is_good in zip(where, good, strict=True) if is_good]
    values = pd.to_numeric(kept[metric]).tolist()
    rows: list[JsonObject] = kept.to_dict("records")  # type: ignore[assignment]
    trials = [
        _trial(number, config, state, value, row, place, study)
        for number, (config, state, value, row, place) in enumerate(
            zip(configs, states[good], values, rows, places, strict=True)
        )
    ]
    return trials, rejected


def _number_reasons(frame: pd.DataFrame, name: str) -> pd.Series:
    reasons = pd.Series("", index=frame.index, dtype=object)
    if name in frame:
        given = frame[name].notna()
        numbers = pd.to_numeric(frame[name], errors="coerce")
        wrong = given & ~(numbers >= 0)
        if NUMBERS[name] is int:
            wrong |= given & (numbers != numbers.round())
        reasons[wrong] = frame.loc[wrong, name].map(f"{name} = {{!r}} is not possible".format)
    return reasons


def _trial(
    position: int,
    config: Config,
    state: str,
    value: float,
    row: JsonObject,
    where: str,
    study: StudyRecord,
) -> TrialRecord:
    known = {
        name: kind(float(row[name]))
        for name, kind in NUMBERS.items()
        if name in row and pd.notna(row[name])
    }
    number = known.pop("number", None)
    finite = float(value) if pd.notna(value) else None
    # The content is the identity, so that a copied or reordered file changes nothing.
    identity = digest("table trial", study.study_id, config, state, finite, known, number)
    error = row.get("error")
    return TrialRecord(
        study_id=study.study_id,
        number=position if number is None else number,
        config=config,
        state=state,
        value=finite,
        error=str(error) if isinstance(error, str) else None,
        origin=where,
        trial_id=identity,
        **known,
    )
