"""A study that several processes share through a knowledge base, and how its trials are known."""

import json
import uuid
from pathlib import Path
from typing import Any  # Cells of a frame have no type.

import pandas as pd

from knowledge_base import KnowledgeBase
from knowledge_base.errors import UserError
from knowledge_base.identity import digest
from knowledge_base.records import EpochRecord, TaskRecord, TrialRecord
from knowledge_base.space import SpaceDefinition


def check_identity(
    study_id: str | None, trial_id: str | int | None, directory: str | Path | None
) -> None:
    """Refuse what cannot be meant by a shared study.

    Raises:
        UserError: a trial is named without its study, the study has no name, or it is kept in a
            folder, which is one process's.
    """
    if study_id is None:
        if trial_id is not None:
            raise UserError("`trial_id` names a trial of a shared study; give `study_id`, too.")
        return
    if not isinstance(study_id, str) or not study_id.strip():
        raise UserError(f"`study_id` is to be a text, not {study_id!r}.")
    if directory is not None:
        raise UserError(
            "`study_id` is of a study that processes share through `kb`; `directory` keeps one of "
            "a process's own. Give one of them."
        )


def shared_study(study_id: str | None, task: TaskRecord, space: SpaceDefinition) -> str:
    """Return the identity of a study: the same for all that give the same name, task and space."""
    if study_id is None:
        return uuid.uuid4().hex
    return digest("shared study", study_id, task.task_id, space.space_id)


def stored_trials(kb: KnowledgeBase, study_id: str) -> list[TrialRecord]:
    """Return what a knowledge base has of a study, in the order in which its trials began.

    Args:
        kb: where its processes tell their trials.
        study_id: its identity; may be unknown, which gives none.
    """
    if study_id not in set(kb.studies()["study_id"]):
        return []
    frame = kb.trials(study=study_id)
    curves = dict(list(kb.curves(study=study_id).groupby("trial_id", sort=False)))
    order = frame.sort_values(["started_at", "trial_id"], kind="stable")
    return [_record(row, curves.get(row["trial_id"])) for _, row in order.iterrows()]


def _record(row: pd.Series, curve: pd.DataFrame | None) -> TrialRecord:
    """Return a row of the trials, with those of its curve, as a record."""
    points = [] if curve is None else curve.sort_values("epoch").to_dict("records")
    epochs = EpochRecord.__dataclass_fields__
    labels = _known(row["labels"])
    return TrialRecord(
        study_id=row["study_id"],
        number=int(row["number"]),
        config=json.loads(row["config"]),
        state=row["state"],
        value=_known(row["value"]),
        metrics=json.loads(row["metrics"]),
        duration=_known(row["duration"]),
        epochs=_whole(row["epochs"]),
        n_params=_whole(row["n_params"]),
        seed=_whole(row["seed"]),
        error=_known(row["error"]),
        started_at=_known(row["started_at"]),
        origin=_known(row["origin"]),
        labels=None if labels is None else tuple(json.loads(labels)),
        curve=tuple(EpochRecord(**{n: _known(p[n]) for n in epochs if n in p}) for p in points),
        trial_id=row["trial_id"],
    )


def _whole(cell: object) -> int | None:
    known = _known(cell)
    return None if known is None else int(known)


def _known(cell: Any) -> Any:
    """Return a cell, None where it is empty."""
    return None if pd.isna(cell) else cell
