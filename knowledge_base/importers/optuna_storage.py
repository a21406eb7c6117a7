"""Optuna studies, from SQLite (`sqlite:///study.db`) and journal files.

Optuna is imported only here, on use. Both storages hold JSON; nothing is unpickled. Optuna
knows no conditions: a parameter that some trials lack becomes conditional on the one
categorical parameter whose value says whether it is there; where there is none, the trials
without it are rejected.
"""

import math
from pathlib import Path
from typing import Any

from knowledge_base.errors import ContributionError
from knowledge_base.identity import digest
from knowledge_base.importers.base import Importer, ImportOptions
from knowledge_base.importers.checks import assemble, task_of
from knowledge_base.importers.contribution import Contribution, Rejection
from knowledge_base.records import EpochRecord, StudyRecord, TrialRecord
from knowledge_base.space import SpaceDefinition

STATES = {"COMPLETE": "complete", "FAIL": "failed", "PRUNED": "stopped"}


class OptunaImporter(Importer):
    """A study of Optuna; its distributions become our search space."""

    name = "optuna"

    def accepts(self, source: str) -> bool:
        """Return whether it is a storage URL or a journal file."""
        return source.startswith(("sqlite://", "journal:")) or Path(source).suffix == ".log"

    def read(self, source: str, options: ImportOptions) -> Contribution:
        """Read the finished trials of one study.

        Raises:
            ContributionError: Optuna is not installed, no such storage or study, or several
                objectives.
        """
        study = _load(source, options.study)
        if len(study.directions) > 1:
            raise ContributionError(f"The study '{study.study_name}' has several objectives; only "
                                    "studies of one can be imported.")  # fmt: skip
        trials = [trial for trial in study.trials if trial.state.name in STATES]
        if not trials:
            raise ContributionError(f"The study '{study.study_name}' has no finished trials.")
        space = _space(study.study_name, trials)
        direction = study.direction.name.lower()
        task = task_of(options, study.study_name, options.metric or "value", direction,
                       options.family or space.name)  # fmt: skip
        record = StudyRecord(
            study_id=digest("optuna study", study.study_name, task.task_id, space.space_id),
            task_id=task.task_id,
            space_id=space.space_id,
            name=study.study_name,
            strategy="optuna",
            source=f"optuna {source}",
            contributor=options.contributor,
        )
        good, rejected = _trials(trials, space, record)
        return assemble(good, rejected, task, space, record, options)


def _load(source: str, name: str | None) -> Any:
    try:
        import optuna
    except ImportError:
        raise ContributionError(
            "Optuna is not installed; run: pip install 'advisor-automl[optuna]'"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        storage = _storage(source)
        names = optuna.get_all_study_names(storage)
    except ContributionError:
        raise
    except Exception as error:  # whatever its drivers raise for a file that is no storage
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ContributionError(f"{source} is not an Optuna storage: {reason}") from error
    if name is None and len(names) == 1:
        name = names[0]
    if name not in names:
        listed = ", ".join(sorted(names)) or "none"
        raise ContributionError(f"Say which study of {source} with --study; it has: {listed}.")
    return optuna.load_study(study_name=name, storage=storage)


def _storage(source: str) -> Any:
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend

    if source.startswith("sqlite://"):
        path = Path(source.removeprefix("sqlite:///"))
    else:
        path = Path(source.removeprefix("journal://").removeprefix("journal:"))
    if not path.is_file():
        raise ContributionError(f"The Optuna storage {path} does not exist.")
    if source.startswith("sqlite://"):
        return RDBStorage(source)
    return JournalStorage(JournalFileBackend(str(path)))


def _space(name: str, trials: list[Any]) -> SpaceDefinition:
    found: dict[str, list[Any]] = {}
    for trial in trials:
        for parameter, distribution in trial.distributions.items():
            found.setdefault(parameter, []).append(distribution)
    hyperparameters = [_hyperparameter(key, distributions) for key, distributions in found.items()]
    conditions = [
        condition
        for parameter, distributions in found.items()
        if len(distributions) < len(trials)
        and (condition := _condition(parameter, found, trials)) is not None
    ]
    definition = {"name": name, "hyperparameters": hyperparameters, "conditions": conditions}
    return SpaceDefinition.from_dict(definition, where=f"the Optuna study '{name}'")


def _hyperparameter(name: str, distributions: list[Any]) -> dict[str, Any]:
    """Return our form of a distribution; ranges that changed are widened to hold all."""
    kinds = {type(distribution).__name__ for distribution in distributions}
    if len(kinds) > 1:
        raise ContributionError(f"The Optuna parameter '{name}' changed its kind during the study.")
    first = distributions[0]
    if kinds == {"CategoricalDistribution"}:
        choices = list(dict.fromkeys(choice for d in distributions for choice in d.choices))
        return {"type": "categorical", "name": name, "choices": choices}
    low, high = min(d.low for d in distributions), max(d.high for d in distributions)
    if low == high:
        return {"type": "constant", "name": name, "value": low}
    # A step is coarser than our uniform range; its values are legal there all the same.
    kind = "uniform_int" if isinstance(first.low, int) else "uniform_float"
    log = all(d.log for d in distributions)
    return {"type": kind, "name": name, "lower": low, "upper": high, "log": log}


def _condition(name: str, found: dict[str, list[Any]], trials: list[Any]) -> dict[str, Any] | None:
    for parent, distributions in found.items():
        categorical = type(distributions[0]).__name__ == "CategoricalDistribution"
        if parent == name or not categorical or len(distributions) < len(trials):
            continue
        having = {t.params[parent] for t in trials if name in t.params}
        lacking = {t.params[parent] for t in trials if name not in t.params}
        if not having & lacking:
            return {
                "type": "IN",
                "child": name,
                "parent": parent,
                "values": sorted(having, key=str),
            }
    return None


def _trials(
    trials: list[Any], space: SpaceDefinition, study: StudyRecord
) -> tuple[list[TrialRecord], list[Rejection]]:
    good, rejected = [], []
    for trial in trials:
        where = f"{study.name}:{trial.number}"
        problem = _problem(trial, space)
        if problem:
            rejected.append(Rejection(where, problem))
        else:
            good.append(_trial(trial, space, study, where))
    return good, rejected


def _problem(trial: Any, space: SpaceDefinition) -> str:
    import pandas as pd

    if trial.state.name == "COMPLETE" and not math.isfinite(trial.value):
        return "the value is not finite"
    frame = pd.DataFrame([trial.params], dtype=object)
    return space.validate(frame).iloc[0] if trial.params else "it has no parameters"


def _trial(trial: Any, space: SpaceDefinition, study: StudyRecord, where: str) -> TrialRecord:
    finite = {s: v for s, v in trial.intermediate_values.items() if math.isfinite(v)}
    value = trial.value if trial.state.name == "COMPLETE" else None
    if trial.state.name == "PRUNED" and finite:
        value = finite[max(finite)]
    seconds = trial.duration.total_seconds() if trial.duration else None
    return TrialRecord(
        study_id=study.study_id,
        number=trial.number,
        config=space.complete(trial.params),
        state=STATES[trial.state.name],
        value=value,
        duration=seconds,
        epochs=len(finite) or None,
        started_at=trial.datetime_start.astimezone() if trial.datetime_start else None,
        origin=where,
        curve=tuple(EpochRecord(epoch=s + 1, val_metric=v) for s, v in sorted(finite.items())),
        trial_id=digest("optuna trial", study.study_id, trial.number),
    )
