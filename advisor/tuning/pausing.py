"""Trials that were put aside: how they go on, and how they are told where they do not."""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

from advisor.training.objective import Objective
from advisor.training.outcome import Outcome
from advisor.training.paused import StateLost
from advisor.training.report import Report
from advisor.tuning.paused_trial import PausedTrial
from advisor.tuning.tuner import Tuner
from knowledge_base.durable import reason_of
from knowledge_base.errors import LOG
from knowledge_base.records import PAUSED, EpochRecord, TrialRecord
from knowledge_base.states import TrialState


def epochs_of(curve: Sequence[EpochRecord]) -> str:
    """Return how many epochs there were, in words."""
    return "1 epoch" if len(curve) == 1 else f"{len(curve)} epochs"


def gone_on(tuner: Tuner, objective: Objective, standing: PausedTrial, report: Report) -> Outcome:
    """Take a paused trial up; where its state is lost, what it reached is what comes of it.

    Args:
        tuner: of the study.
        objective: what trains.
        standing: the trial.
        report: is told of its further epochs.
    """
    try:
        state = tuner.paused.state_of(standing)
        if standing.files:
            _bring_files(tuner, standing)
        return objective.go_on(standing.config, report, state)
    except StateLost as lost:
        LOG.warning("%s Its trial ends with what it had reached.", lost)
        return _as_it_stands(standing, _reason(standing, "its state is lost"))


def give_up(tuner: Tuner, objective: Objective, standing: PausedTrial) -> TrialRecord:
    """Tell a paused trial for whose state there is no room, and forget the state."""
    reason = _reason(standing, "there was no room for its state")
    return tuner.tell(
        standing.config, _concluded(tuner, objective, standing, reason), standing.started_at
    )


def tell_standing(
    tuner: Tuner, objective: Objective, deadline: float | None = None
) -> Iterator[TrialRecord]:
    """Tell all trials that stand paused, the best first; their states stay.

    What a run before told, and what has not gone on since then, is not told again, unless there
    was no time to judge it then.

    Args:
        tuner: of the study.
        objective: judges the best epoch of each.
        deadline: when no more are judged; the others have the value that their curve shows. The
            best one is judged whatever time it is.
    """
    tuner.paused.write()
    for place, standing in enumerate(tuner.paused.best_first()):
        reason = _reason(standing, "others promised more")
        judged = place == 0 or deadline is None or time.monotonic() < deadline
        if standing.told and (not judged or _has_networks(tuner, standing)):
            continue
        if judged:
            outcome = _concluded(tuner, objective, standing, reason)
        else:
            outcome = _as_it_stands(standing, reason)
        if standing.told and standing.line is not None:
            known = dict(standing.line.metrics)
            if known == outcome.stored_metrics or not outcome.metrics:
                continue
        if standing.files:
            with suppress(StateLost):  # It has a value without them.
                _bring_files(tuner, standing)
        yield tuner.tell_standing(standing, outcome)


def _has_networks(tuner: Tuner, standing: PausedTrial) -> bool:
    """Return whether the networks of a trial are kept, as which it was told."""
    networks, line = tuner.study.networks, standing.line
    return networks is not None and line is not None and networks.has(line.number)


def _concluded(tuner: Tuner, objective: Objective, standing: PausedTrial, reason: str) -> Outcome:
    try:
        return objective.conclude(standing.config, tuner.paused.state_of(standing), reason)
    except Exception as error:  # What it reached is known without its state.
        LOG.warning("A paused trial is told without its network: %s", error)
        return _as_it_stands(standing, reason)


def _as_it_stands(standing: PausedTrial, reason: str) -> Outcome:
    return Outcome(
        TrialState.STOPPED,
        value=standing.value,
        metrics=standing.metrics,
        curve=standing.curve,
        epochs=len(standing.curve),
        error=reason,
        duration=standing.seconds,
    )


def _bring_files(tuner: Tuner, standing: PausedTrial) -> None:
    """Copy what the user's function left into the folder of the trial that is told next.

    Raises:
        StateLost: it is not there, or cannot be copied.
    """
    files = tuner.paused.files_of(standing)
    if files is None or tuner.study.folders is None:
        raise StateLost("The files of a paused trial are gone.")
    try:
        place = tuner.make_folder()
        shutil.copytree(files, place, symlinks=True, dirs_exist_ok=True)
    except (OSError, shutil.Error) as error:
        told = reason_of(error) if isinstance(error, OSError) else str(error)
        raise StateLost(f"The files of a paused trial cannot be copied: {told}.") from error


def _reason(standing: PausedTrial, why: str) -> str:
    return f"{PAUSED}{epochs_of(standing.curve)}: {why}"
