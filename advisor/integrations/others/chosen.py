"""What is shown to another tool: trials by study, as they may be passed on."""

import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import pandas as pd

from knowledge_base import KnowledgeBase
from knowledge_base.chosen import studies_called
from knowledge_base.errors import UserError
from knowledge_base.records import TaskRecord
from knowledge_base.scrubbing import scrubbed
from knowledge_base.space import SpaceDefinition
from knowledge_base.states import TrialState
from knowledge_base.types import ConfigDict

Row: TypeAlias = Mapping[Hashable, Any]
"""A row of a frame."""


@dataclass(frozen=True)
class ShownTrial:
    """A trial as other tools are told of it.

    Attributes:
        trial_id, number, config, value, error: as stored; of the error what may be passed on.
        state: how it ended.
        curve: validation metric by epoch, which counts from 1.
        metrics: further numbers by name.
        about: what else is known of it, by name.
        started_at, ended_at: when, with the time zone.
    """

    trial_id: str
    number: int
    config: ConfigDict
    state: TrialState
    value: float | None
    error: str | None
    curve: Mapping[int, float]
    metrics: Mapping[str, float]
    about: Mapping[str, object]
    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True)
class ShownStudy:
    """Trials of one task in one space, under one name.

    Attributes:
        name: of the study, or of the task where several studies are shown as one.
        task: that they optimise.
        space: in which they were tried.
        trials: in the order of their start.
    """

    name: str
    task: TaskRecord
    space: SpaceDefinition
    trials: Sequence[ShownTrial]


def shown(kb: KnowledgeBase, task: str | None = None, study: str | None = None,
          ) -> Iterator[ShownStudy]:  # fmt: skip
    """Yield what is to be shown: one study, a whole task, or all studies of the user's own.

    Args:
        kb: where it is.
        task: identity of a task, or its first characters; its trials are shown as one study for
            each space.
        study: name or identity of a study.

    Raises:
        UserError: there is no such task or study, or nothing of the user's own.
    """
    tasks = {row["task_id"]: _task(row) for row in kb.tasks().to_dict("records")}
    studies = kb.studies().set_index("study_id")
    wanted = studies_called(kb, study) if study is not None else None
    if wanted is None and task is None:
        wanted = studies.index[studies["layer"] == "user"].tolist()
        if not wanted:
            raise UserError("There are no studies of your own; name one with `study`, or a `task`.")
    where = [] if wanted is None else [("study_id", "in", wanted)]
    trials = kb.trials(task=task, where=where)
    by = ["task_id", "space_id"] if wanted is None else ["study_id", "task_id", "space_id"]
    for key, group in trials.groupby(by, sort=False):
        task_id, space_id = str(key[-2]), str(key[-1])
        space = kb.space(space_id)
        name = tasks[task_id].name if wanted is None else str(studies.loc[str(key[0]), "name"])
        if wanted is None and trials["space_id"].nunique() > 1:
            name = f"{name} ({space.name} {space.version})"
        yield ShownStudy(name, tasks[task_id], space, _trials(kb, group, studies["created_at"]))


def _task(row: Row) -> TaskRecord:
    given = {name: str(row[name]) for name in ("name", "metric", "direction", "family")}
    some = {n: str(row[n]) for n in ("dataset_id", "target") if not pd.isna(row[n])}
    return TaskRecord(**given, **some)


def _trials(kb: KnowledgeBase, rows: pd.DataFrame, created: pd.Series) -> list[ShownTrial]:
    curves: dict[str, dict[int, float]] = {}
    for study in rows["study_id"].unique():
        found = kb.curves(study=str(study))
        points = zip(found["trial_id"], found["epoch"], found["val_metric"], strict=True)
        for trial_id, epoch, value in points:
            if not pd.isna(value):
                curves.setdefault(str(trial_id), {})[int(epoch)] = float(value)
    made = [_trial(row, curves.get(str(row["trial_id"]), {}), created[row["study_id"]])
            for row in rows.to_dict("records")]  # fmt: skip
    return sorted(made, key=lambda trial: (trial.started_at, trial.number))


def _trial(row: Row, curve: Mapping[int, float], created: pd.Timestamp) -> ShownTrial:
    """Return a stored row as it is shown; where its times are unknown, they are the study's."""
    begun: pd.Timestamp = created if pd.isna(row["started_at"]) else row["started_at"]
    start = pd.Timestamp(begun).tz_convert("UTC").to_pydatetime()
    seconds: float = 0.0 if pd.isna(row["duration"]) else float(row["duration"])
    names = ("epochs", "n_params", "seed", "labels")
    about = {name: row[name] for name in names if not pd.isna(row[name]) and row[name] != "[]"}
    value: float | None = None if pd.isna(row["value"]) else float(row["value"])
    return ShownTrial(
        trial_id=str(row["trial_id"]),
        number=int(row["number"]),
        config=json.loads(row["config"]),
        state=TrialState(row["state"]),
        value=value,
        error=None if pd.isna(row["error"]) else scrubbed(str(row["error"])),
        curve=curve,
        metrics=json.loads(row["metrics"]),
        about={name: v.item() if hasattr(v, "item") else v for name, v in about.items()},
        started_at=start,
        ended_at=start + timedelta(seconds=seconds),
    )
