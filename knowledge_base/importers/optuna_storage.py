"""Optuna studies, from SQLite (`sqlite:///study.db`) and journal files.

Optuna is imported only here, on use. Both storages hold JSON; nothing is unpickled. Optuna
knows no conditions: a parameter that some trials lack becomes conditional on the one
categorical parameter whose value says whether it is there; where there is none, the trials
without it are rejected.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge_base.errors import ContributionError
from knowledge_base.identity import digest
from knowledge_base.importers.base import Importer, ImportOptions
from knowledge_base.importers.checks import assemble, task_of
from knowledge_base.importers.contribution import Contribution, Rejection
from knowledge_base.records import EpochRecord, StudyRecord, TrialRecord
from knowledge_base.space import SpaceDefinition
from knowledge_base.states import TrialState
from knowledge_base.types import JsonObject

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.storages import BaseStorage
    from optuna.study import Study
    from optuna.trial import FrozenTrial

STATES = {
    "COMPLETE": TrialState.COMPLETE,
    "FAIL": TrialState.FAILED,
    "PRUNED": TrialState.STOPPED,
}
"""States of finished trials by the names that Optuna gives them."""


class OptunaImporter(Importer):
    """A study of Optuna; its distributions become our search space."""

    name = "optuna"

    def accepts(self, source: str) -> bool:
        """Return whether it is a storage URL or a journal file."""
        return source.startswith(("sqlite://", "journal:")) or Path(source).suffix == ".log"

    def read(self, source: str, options: ImportOptions) -> Contribution:
        """Read the finished trials of one study.

        Raises:
            ContributionError: Optuna is not installed, there is no such storage or study, or the
                study has several objectives.
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


def _load(source: str, name: str | None) -> "Study":
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
    except Exception as error:  # Its drivers raise errors of many kinds for other files.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ContributionError(f"{source} is not an Optuna storage: {reason}") from error
    if name is None and len(names) == 1:
        name = names[0]
    if name not in names:
        listed = ", ".join(sorted(names)) or "none"
        raise ContributionError(f"Say which study of {source} with `study`; it has: {listed}.")
    return optuna.load_study(study_name=name, storage=storage)


def _storage(source: str) -> "BaseStorage":
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


def _space(name: str, trials: Sequence["FrozenTrial"]) -> SpaceDefinition:
    found: dict[str, list[BaseDistribution]] = {}
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


def _hyperparameter(name: str, distributions: Sequence["BaseDistribution"]) -> JsonObject:
    """Return our form of a distribution; ranges that changed are widened to hold all."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    kinds = {type(distribution) for distribution in distributions}
    if len(kinds) > 1:
        raise ContributionError(f"The Optuna parameter '{name}' changed its kind during the study.")
    categories = [d for d in distributions if isinstance(d, CategoricalDistribution)]
    if categories:
        choices = list(dict.fromkeys(choice for d in categories for choice in d.choices))
        return {"type": "categorical", "name": name, "choices": choices}
    ranges = [d for d in distributions if isinstance(d, FloatDistribution | IntDistribution)]
    low, high = min(d.low for d in ranges), max(d.high for d in ranges)
    if low == high:
        return {"type": "constant", "name": name, "value": low}
    # Optuna's steps make fewer values than our uniform range, which holds all of them.
    kind = "uniform_int" if isinstance(ranges[0], IntDistribution) else "uniform_float"
    log = all(d.log for d in ranges)
    return {"type": kind, "name": name, "lower": low, "upper": high, "log": log}


def _condition(
    name: str,
    found: Mapping[str, Sequence["BaseDistribution"]],
    trials: Sequence["FrozenTrial"],
) -> JsonObject | None:
    """Return the condition on the one categorical parameter that says whether `name` is there."""
    from optuna.distributions import CategoricalDistribution

    for parent, distributions in found.items():
        categorical = isinstance(distributions[0], CategoricalDistribution)
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
    trials: Sequence["FrozenTrial"], space: SpaceDefinition, study: StudyRecord
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


def _problem(trial: "FrozenTrial", space: SpaceDefinition) -> str:
    import pandas as pd

    value = _value(trial)
    if value is not None and not math.isfinite(value):
        return "the value is not finite"
    if not trial.params:
        return "it has no parameters"
    return str(space.validate(pd.DataFrame([trial.params], dtype=object)).iloc[0])


def _value(trial: "FrozenTrial") -> float | None:
    """Return the value of a complete trial; Optuna raises for one with several."""
    return trial.value if STATES[trial.state.name] is TrialState.COMPLETE else None


def _trial(
    trial: "FrozenTrial", space: SpaceDefinition, study: StudyRecord, where: str
) -> TrialRecord:
    finite = {s: v for s, v in trial.intermediate_values.items() if math.isfinite(v)}
    state = STATES[trial.state.name]
    value = finite[max(finite)] if state is TrialState.STOPPED and finite else _value(trial)
    seconds = trial.duration.total_seconds() if trial.duration else None
    return TrialRecord(
        study_id=study.study_id,
        number=trial.number,
        config=space.complete(trial.params),
        state=state,
        value=value,
        duration=seconds,
        epochs=len(finite) or None,
        started_at=trial.datetime_start.astimezone() if trial.datetime_start else None,
        origin=where,
        curve=tuple(EpochRecord(epoch=s + 1, val_metric=v) for s, v in sorted(finite.items())),
        trial_id=digest("optuna trial", study.study_id, trial.number),
    )
