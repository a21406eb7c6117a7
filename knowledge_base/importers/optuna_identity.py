"""The identity of a trial of Optuna, one for all who tell of it: our sampler, and the importer."""

from typing import TYPE_CHECKING

from knowledge_base.identity import digest

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


def run_identity(trial: "FrozenTrial", task_id: str) -> str:
    """Return the digest of what makes a trial this one, wherever its storage lies.

    Neither the space nor the name of the study counts: the space of a study grows with it, and
    two studies may have one name. The microsecond of the start tells runs apart.

    Args:
        trial: that is over, as its storage has it.
        task_id: of the task that it belongs to.
    """
    start = trial.datetime_start.isoformat() if trial.datetime_start else None
    params = sorted((name, repr(value)) for name, value in trial.params.items())
    values = [repr(value) for value in trial.values or ()]
    return digest("optuna run", task_id, trial.number, start, params, values)
