"""Trials of a study of Optuna as contributions to a knowledge base."""

from collections.abc import Sequence
from dataclasses import replace

from optuna import Study as OptunaStudy
from optuna.trial import FrozenTrial, TrialState

from advisor.integrations.optuna.history import (
    FAILED,
    curve_of,
    is_infeasible,
    is_stopped,
    reached,
)
from advisor.integrations.optuna.spaces import HostSpace
from advisor.training.outcome import Outcome
from advisor.tuning.study import Study
from advisor.tuning.told import record_of
from knowledge_base import KnowledgeBase
from knowledge_base.identity import digest
from knowledge_base.importers.optuna_identity import run_identity
from knowledge_base.records import EpochRecord, StudyRecord, TaskRecord, TrialRecord
from knowledge_base.states import TrialState as State


def contributed(
    study: OptunaStudy,
    trials: Sequence[FrozenTrial],
    space: HostSpace,
    task: TaskRecord,
    kb: KnowledgeBase,
    epochs: int | None,
    seed: int,
) -> list[TrialRecord]:
    """Add trials that are over to a knowledge base; what is there already is no second trial.

    Args:
        study: of Optuna.
        trials: of it that are over.
        space: in which they are told.
        task: that the study optimises.
        kb: where they go.
        epochs: that a whole training reports, None where that is not known.
        seed: as stored with trials.

    Returns:
        What was told; a trial outside of the space is not, nor one that an earlier version told.
    """
    begin = min((t.datetime_start for t in study.get_trials(deepcopy=False) if t.datetime_start),
                default=None)  # fmt: skip
    name = digest("optuna study", study.study_name, begin.isoformat() if begin else None)
    record = StudyRecord(
        study_id=digest("study of", name, task.task_id, space.definition.space_id),
        task_id=task.task_id,
        space_id=space.definition.space_id,
        name=task.name,
        strategy="optuna",
        seed=seed,
        source="advisor optuna",
    )
    ours = Study(record, task, space.definition)
    before = [digest("optuna trial", name, task.task_id, trial.number) for trial in trials]
    there = kb.existing_trials(before)  # As 0.1 told them.
    told: list[TrialRecord] = []
    configs = space.configs([trial.params for trial in trials])
    for trial, config, earlier in zip(trials, configs, before, strict=True):
        if config is None or earlier in there:
            continue
        outcome = _outcome(trial, epochs)
        start = trial.datetime_start.astimezone() if trial.datetime_start else None
        made = record_of(ours, trial.number, seed, config, outcome, start, told)
        identity = run_identity(trial, task.task_id)
        origin = f"{study.study_name}:{trial.number}"
        told.append(replace(made, trial_id=identity, origin=origin))
    if told:
        kb.append(ours.bundle(told))
    return told


def _outcome(trial: FrozenTrial, epochs: int | None) -> Outcome:
    """Return what came of a trial that is over."""
    curve = tuple(
        EpochRecord(epoch, val_metric=value)
        for epoch, value in enumerate(curve_of(trial, epochs), 1)
        if value is not None
    )
    seconds = trial.duration.total_seconds() if trial.duration else None
    value = reached(trial)
    state, error = State.COMPLETE, None
    if trial.state == TrialState.FAIL:
        state, error = State.FAILED, str(trial.system_attrs.get(FAILED) or "the objective failed")
    elif is_infeasible(trial):
        state, error = State.FAILED, "it is infeasible: a constraint is above 0"
    elif value is None:
        state, error = State.FAILED, "it was pruned before it reported anything"
    elif abs(value) == float("inf"):
        state, error = State.DIVERGED, f"the value told was {value}"
    elif is_stopped(trial, epochs):
        state = State.STOPPED
    return Outcome(state, value, curve=curve, epochs=len(curve) or None, error=error,
                   duration=seconds)  # fmt: skip
