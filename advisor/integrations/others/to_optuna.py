"""Studies for Optuna's storages: `optuna-dashboard` and all else that reads these shows them."""

import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast

from advisor.integrations.others.chosen import ShownStudy, ShownTrial
from knowledge_base.errors import UserError
from knowledge_base.importers.optuna_files import TASK, TASK_PARTS, TOLD_AS
from knowledge_base.space import Hyperparameter
from knowledge_base.states import TrialState

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution, CategoricalChoiceType
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

STATES = {
    TrialState.COMPLETE: "COMPLETE",
    TrialState.STOPPED: "PRUNED",
    TrialState.FAILED: "FAIL",
    TrialState.DIVERGED: "FAIL",
}
"""States by the names that Optuna has for them."""


def export(studies: Iterable[ShownStudy], url: str) -> int:
    """Add studies to a storage; trials that were added before are not added again.

    Args:
        studies: what is shown.
        url: of the storage, such as "sqlite:///x.db", or "journal:FILE".

    Returns:
        How many trials were added.

    Raises:
        UserError: Optuna is not installed, the storage cannot be used, or has a study of one of the
            names that goes another way.
    """
    try:
        import optuna
    except ImportError:
        raise UserError(
            "Optuna is not installed; run: pip install 'advisor-automl[optuna]'"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage, added = _storage(url), 0
    for shown in studies:
        way = optuna.study.StudyDirection[shown.task.direction.upper()]
        study = optuna.create_study(
            storage=storage, study_name=shown.name, direction=way, load_if_exists=True
        )
        if study.direction.name.lower() != shown.task.direction:
            raise UserError(f"{url} has another study '{shown.name}', which is to "
                            f"{study.direction.name.lower()}; name another storage.")  # fmt: skip
        added += _add(study, shown)
    return added


def distribution(h: Hyperparameter) -> "BaseDistribution":
    """Return a hyperparameter as Optuna's distribution."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if h.choices:
        return CategoricalDistribution(list(h.choices))
    assert h.low is not None
    assert h.high is not None
    if h.kind == "int":
        step = 1 if h.step is None else int(h.step)
        return IntDistribution(int(h.low), int(h.high), log=h.log, step=step)
    return FloatDistribution(float(h.low), float(h.high), log=h.log, step=h.step)


def _storage(url: str) -> "BaseStorage":
    """Open or make a storage.

    Raises:
        UserError: it is none of Optuna's, or cannot be used.
    """
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    try:
        if "://" not in url or url.startswith("journal:"):
            file = url.removeprefix("journal://").removeprefix("journal:")
            return JournalStorage(JournalFileBackend(file))
        return optuna.storages.get_storage(url)
    except Exception as error:  # Its drivers raise errors of many kinds.
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UserError(f"{url} cannot be used as a storage of Optuna: {reason[:200]}") from error


def _add(study: "Study", shown: ShownStudy) -> int:
    """Add the trials that a study lacks; return how many."""
    storage = study._storage
    said = {part: getattr(shown.task, part) for part in TASK_PARTS}
    storage.set_study_system_attr(study._study_id, TASK, said)
    with warnings.catch_warnings():  # That Optuna may change the function is for us alone.
        warnings.simplefilter("ignore")
        study.set_metric_names([shown.task.metric])
    there = {trial.system_attrs.get(TOLD_AS) for trial in study.get_trials(deepcopy=False)}
    known = {name: distribution(h) for name, h in shown.space.hyperparameters.items()}
    new = [trial for trial in shown.trials if trial.trial_id not in there]
    for trial in new:
        study.add_trial(_frozen(trial, known))
    return len(new)


def _frozen(trial: ShownTrial, known: Mapping[str, "BaseDistribution"]) -> "FrozenTrial":
    """Return a trial as Optuna keeps it; epoch 1 is its step 0, as its examples count."""
    from optuna.trial import FrozenTrial
    from optuna.trial import TrialState as OptunaState

    told: dict[str, object] = {**trial.about, **trial.metrics, "advisor_number": trial.number}
    if trial.error is not None:
        told["error"] = trial.error
    if trial.state is TrialState.DIVERGED:
        told["state"] = str(trial.state)
    state = OptunaState[STATES[trial.state]]
    params = {name: _within(value, known[name]) for name, value in trial.config.items()}
    return FrozenTrial(
        number=-1,  # Optuna numbers it.
        trial_id=-1,
        state=state,
        value=None if state == OptunaState.FAIL else trial.value,
        datetime_start=trial.started_at.astimezone().replace(tzinfo=None),
        datetime_complete=trial.ended_at.astimezone().replace(tzinfo=None),
        params=params,
        distributions={name: known[name] for name in params},
        user_attrs=told,
        system_attrs={TOLD_AS: trial.trial_id},
        intermediate_values={epoch - 1: value for epoch, value in trial.curve.items()},
    )


def _within(value: object, asked: "BaseDistribution") -> "CategoricalChoiceType":
    """Return a value as a distribution has it: ends of a range are hit within rounding only."""
    from optuna.distributions import FloatDistribution

    if isinstance(asked, FloatDistribution) and isinstance(value, int | float):
        return min(max(float(value), asked.low), asked.high)
    return cast("CategoricalChoiceType", value)
