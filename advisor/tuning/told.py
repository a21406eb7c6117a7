"""What a tuner makes of an outcome: the trial that is stored, and what its strategy sees of it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from advisor.diagnosis import labelled, remedies_for
from advisor.strategies import Observation
from advisor.training.outcome import Outcome
from advisor.tuning.study import Study
from knowledge_base.records import TAKEN, TrialRecord, fold_values
from knowledge_base.states import TrialState
from knowledge_base.types import Config


def record_of(
    study: Study,
    number: int,
    seed: int,
    config: Config,
    outcome: Outcome,
    started_at: datetime | None,
    before: Sequence[TrialRecord],
) -> TrialRecord:
    """Return a trial with its diagnosis.

    Args:
        study: that it belongs to.
        number, seed: as stored with it.
        config: the configuration tried.
        outcome: what came of it.
        started_at: when it started; default now.
        before: the trials of the study so far, by which it is judged.

    Raises:
        SpaceError: `config` is not in the space.
    """
    trial = TrialRecord(
        study_id=study.record.study_id,
        number=number,
        config=study.space.complete(dict(config)),
        state=outcome.state,
        value=outcome.value,
        metrics=outcome.stored_metrics,
        duration=outcome.duration,
        epochs=outcome.epochs,
        n_params=outcome.n_params,
        seed=seed,
        error=outcome.stored_error,
        started_at=started_at or datetime.now(UTC),
        origin=f"{TAKEN}{outcome.taken_from}"
        if outcome.taken_from
        else f"{study.record.name}:{len(before)}",
        curve=tuple(outcome.curve),
    )
    return labelled(trial, study.task, study.space, study.dataset, before)


def observation_of(trial: TrialRecord, study: Study) -> Observation:
    """Return a trial as strategies see it."""
    # A stopped trial's value belongs to fewer epochs, yet it is better than no value.
    value = trial.value if trial.state in (TrialState.COMPLETE, TrialState.STOPPED) else None
    remedies = [
        remedy
        for label in trial.labels or ()
        for remedy in remedies_for(label, study.space, dict(trial.config))
    ]
    return Observation(
        trial.config,
        value,
        trial.duration,
        tuple(epoch.val_metric for epoch in trial.curve),
        trial.gradients or None,
        tuple(remedies) if trial.labels else None,
        fold_values(trial.metrics),
        finished=trial.state != TrialState.STOPPED,
    )
