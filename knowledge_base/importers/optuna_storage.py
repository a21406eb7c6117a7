"""Optuna studies, from SQLite (`sqlite:///study.db`), journal files, servers, and as objects.

Optuna is imported only on use. Both storages hold JSON; nothing is unpickled, and nothing is
written into them. Optuna knows no conditions: which parameters a trial has depends on others, and
is found from all trials; see `optuna_conditions`. Where no condition explains why a trial lacks
a parameter, as in a study whose space grew, the trial keeps a space without it.
"""

import math
from pathlib import Path
from typing import TYPE_CHECKING, cast

from knowledge_base.errors import ContributionError
from knowledge_base.identity import digest
from knowledge_base.importers.base import Importer, ImportOptions, check_direction
from knowledge_base.importers.checks import assemble_all, task_of
from knowledge_base.importers.contribution import Contribution, Rejection
from knowledge_base.importers.optuna_files import (
    TOLD_AS,
    StoredStudy,
    has_tables,
    is_server,
    of_object,
    read_study,
    without_password,
)
from knowledge_base.importers.optuna_identity import run_identity
from knowledge_base.importers.optuna_space import StudySpace, space_of
from knowledge_base.records import EpochRecord, StudyRecord, TaskRecord, TrialRecord
from knowledge_base.space import SpaceDefinition
from knowledge_base.states import TrialState

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial

STATES = {
    "COMPLETE": TrialState.COMPLETE,
    "FAIL": TrialState.FAILED,
    "PRUNED": TrialState.STOPPED,
}
"""States of finished trials by the names that Optuna gives them."""

OF_MLFLOW = {"experiments", "runs"}
"""Tables by which a database is one of MLflow."""

CONSTRAINTS = "constraints"
"""System attribute in which samplers of Optuna keep constraints; above 0 they are violated."""


class OptunaImporter(Importer):
    """A study of Optuna; its distributions become our search space."""

    name = "optuna"

    def accepts(self, source: str) -> bool:
        """Return whether it is a storage URL or a journal file; MLflow has such URLs, too."""
        if source.startswith(("sqlite://", "sqlite+")):
            return not has_tables(source, OF_MLFLOW)
        return is_server(source) or source.startswith("journal:") or Path(source).suffix == ".log"

    def accepts_object(self, source: object) -> bool:
        """Return whether it is a study of Optuna, in whichever storage."""
        return type(source).__module__.startswith("optuna.") and hasattr(source, "get_trials")

    def read_object(self, source: object, options: ImportOptions) -> Contribution:
        """Read the finished trials of a study.

        Raises:
            ContributionError: it has several objectives, or no finished trial.
        """
        study = cast("Study", source)
        return self._read(of_object(study), f"study {study.study_name}", options)

    def read(self, source: str, options: ImportOptions) -> Contribution:
        """Read the finished trials of one study.

        Raises:
            ContributionError: Optuna is not installed, there is no such storage or study, or the
                study has several objectives.
        """
        return self._read(read_study(source, options.study), source, options)

    def _read(self, study: StoredStudy, source: str, options: ImportOptions) -> Contribution:
        if len(study.directions) > 1:
            raise ContributionError(f"The study '{study.name}' has several objectives; only "
                                    "studies of one can be imported.")  # fmt: skip
        trials = [trial for trial in study.trials if trial.state.name in STATES]
        if not any(trial.params for trial in trials):
            raise ContributionError(f"The study '{study.name}' has no finished trials.")
        space = space_of(study.name, trials)
        direction = check_direction(study.directions[0])
        said = study.task
        task = task_of(options, said.get("name", study.name),
                       options.metric or said.get("metric", "value"), direction,
                       options.family or said.get("family", space.definition.name))  # fmt: skip
        studies: dict[str, tuple[SpaceDefinition, StudyRecord]] = {}
        good: list[TrialRecord] = []
        rejected: list[Rejection] = []
        known_as: dict[str, list[str]] = {}
        for trial in trials:
            where = f"{study.name}:{trial.number}"
            problem = _problem(trial, space)
            if problem:
                rejected.append(Rejection(where, problem))
                continue
            own = space.own(space.config(trial.params))
            if own.space_id not in studies:
                record = _study(study, task, own, source, options)
                studies[own.space_id] = own, record
            good.append(_trial(trial, space, *studies[own.space_id], where))
            exported = trial.system_attrs.get(TOLD_AS)
            known_as[good[-1].trial_id] = [good[-1].trial_id]
            known_as[good[-1].trial_id] += [exported] if isinstance(exported, str) else []
        made = assemble_all(good, rejected, task, list(studies.values()), options)
        warnings = [*space.warnings, *_unfinished(study, len(trials))]
        if options.direction not in (None, direction):
            warnings.append(f"The study '{study.name}' is to {direction}, and so are its trials, "
                            f"whatever `direction` says.")  # fmt: skip
        return Contribution(made.bundle, made.rejected, tuple(warnings), True, known_as=known_as)


def _study(
    study: StoredStudy,
    task: TaskRecord,
    space: SpaceDefinition,
    source: str,
    options: ImportOptions,
) -> StudyRecord:
    """Return the record of the trials of a study that have one space."""
    return StudyRecord(
        study_id=digest("optuna study", study.name, task.task_id, space.space_id, _start(study)),
        task_id=task.task_id,
        space_id=space.space_id,
        name=study.name,
        strategy="optuna",
        source=f"optuna {without_password(source)}",
        contributor=options.contributor,
    )


def _start(study: StoredStudy) -> str | None:
    """Return when the first trial began, which tells studies of one name apart."""
    first = study.trials[0].datetime_start if study.trials else None
    return first.isoformat() if first else None


def _unfinished(study: StoredStudy, finished: int) -> list[str]:
    left = len(study.trials) - finished
    if not left:
        return []
    return [f"{left} of {len(study.trials)} trials are not finished; contribute the study again "
            "when they are."]  # fmt: skip


def _problem(trial: "FrozenTrial", space: StudySpace) -> str:
    """Return why a trial cannot be taken, '' if it can."""
    value = _value(trial)
    if value is not None and not math.isfinite(value):
        return "the value is not finite"
    if not trial.params:
        return "it has no parameters"
    constraints = trial.system_attrs.get(CONSTRAINTS) or ()
    violated = [c for c in constraints if isinstance(c, int | float) and not c <= 0]
    if violated:
        return f"it is infeasible: a constraint is {violated[0]:g}, above 0"
    doubt = space.doubt(trial.params)
    if doubt:
        return doubt
    config = space.config(trial.params)
    definition = space.own(config)
    reason = str(definition.validate(definition.frame([config])).iloc[0])
    missing = reason.removesuffix(" is missing")
    if reason and missing in definition.hyperparameters and trial.state.name != "COMPLETE":
        return f"{reason}: the trial ended before it asked for it"
    return reason


def _value(trial: "FrozenTrial") -> float | None:
    """Return the value of a complete trial; Optuna raises for one with several."""
    return trial.value if STATES[trial.state.name] is TrialState.COMPLETE else None


def _trial(
    trial: "FrozenTrial", space: StudySpace, own: SpaceDefinition, study: StudyRecord, where: str
) -> TrialRecord:
    finite = {s: v for s, v in trial.intermediate_values.items() if math.isfinite(v)}
    state = STATES[trial.state.name]
    value = finite[max(finite)] if state is TrialState.STOPPED and finite else _value(trial)
    seconds = trial.duration.total_seconds() if trial.duration else None
    return TrialRecord(
        study_id=study.study_id,
        number=trial.number,
        config=own.complete(space.config(trial.params)),
        state=state,
        value=value,
        duration=seconds,
        epochs=len(finite) or None,
        started_at=trial.datetime_start.astimezone() if trial.datetime_start else None,
        origin=where,
        curve=tuple(EpochRecord(epoch=s + 1, val_metric=v) for s, v in sorted(finite.items())),
        trial_id=run_identity(trial, study.task_id),
    )
