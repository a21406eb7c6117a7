"""The learning curves of a study, with the ends that were expected of trials when they stopped."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.curves import SHARES, CurveGP, PastCurves, at_rungs, quantiles
from advisor.report.content.base import LeftOut
from advisor.report.content.source import StudySource, ended_early
from knowledge_base.records import TrialRecord

MOST_FORECASTS = 24
"""Stopped trials whose ends are foretold: the last ones."""

MOST_SEEN = 60
"""Earlier trials that a forecast looks at: the last ones."""

LEVELS = (0.1, 0.5, 0.9)
EPOCHS = "epochs"


@dataclass(frozen=True)
class End:
    """What was expected of a trial's end when it stopped.

    Attributes:
        epoch: the configured last one.
        low, middle, high: 10%, 50% and 90% quantiles of its best value by then.
    """

    epoch: int
    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class LearningCurve:
    """One trial's curve.

    Attributes:
        number, state: of the trial.
        epochs: of its points.
        values: the metric on validation rows, or the loss where the metric is not known; None
            where a point has none.
        stopped: why it ended early, empty where it did not.
        end: what was expected of it then, None where nothing was.
    """

    number: int
    state: str
    epochs: Sequence[int]
    values: Sequence[float | None]
    stopped: str
    end: End | None


@dataclass(frozen=True)
class Curves:
    """The curves of a study.

    Attributes:
        shown: what their values are, such as "accuracy" or "validation loss".
        direction: of the values.
        best: number of the best trial, None without one.
        curves: of all trials that have one.
        note: why no ends were expected, in a sentence; empty where they were, or none stopped.
    """

    shown: str
    direction: str
    best: int | None
    curves: Sequence[LearningCurve]
    note: str


def curves_of(source: StudySource) -> Curves | LeftOut:
    """Return the learning curves of a study."""
    with_curve = [trial for trial in source.trials if trial.curve]
    if not with_curve:
        return LeftOut(
            "No trial told its epochs, so there are no learning curves; a function of your own "
            "tells them with `report(...)`."
        )
    metric = any(epoch.val_metric is not None for trial in with_curve for epoch in trial.curve)
    task = source.directory.task
    ends, note = _ends(source, with_curve) if metric else ({}, "")
    curves = [
        LearningCurve(
            trial.number,
            str(trial.state),
            [epoch.epoch for epoch in trial.curve],
            [epoch.val_metric if metric else epoch.val_loss for epoch in trial.curve],
            (trial.error or "stopped") if ended_early(trial) else "",
            ends.get(trial.number),
        )
        for trial in with_curve
    ]
    best = None if source.best is None else source.best.number
    shown = task.metric if metric else "validation loss"
    return Curves(shown, str(task.direction) if metric else "minimize", best, curves, note)


def _ends(source: StudySource, trials: Sequence[TrialRecord]) -> tuple[dict[int, End], str]:
    """Return the ends that were expected of stopped trials by number, or why there are none."""
    stopped = [trial for trial in trials if ended_early(trial)][-MOST_FORECASTS:]
    if not stopped:
        return {}, ""
    past = _past_curves(source)
    if past is None:
        return {}, (
            "The search knew no learning curves of past tasks, so no end was expected of the "
            "trials that stopped; they ended by rungs, by the clock or by being put aside."
        )
    found = {}
    for trial in stopped:
        end = _end(source, past, trial)
        if end is not None:
            found[trial.number] = end
    return found, ""


def _past_curves(source: StudySource) -> PastCurves | None:
    arrays = None if source.prior is None else source.prior.curves
    try:
        return None if arrays is None else PastCurves.from_arrays(arrays)
    except (KeyError, ValueError):
        return None


def _end(source: StudySource, past: PastCurves, trial: TrialRecord) -> End | None:
    """Return what the curves before a trial, and its own, say of its end."""
    before = [t for t in source.trials if t.number < trial.number and t.curve][-MOST_SEEN:]
    seen = [*before, trial]
    values = np.array([_at_rungs(source, past, t, t is not trial) for t in seen])
    there = np.isfinite(values).any(1)
    configured = _epochs(past, trial)
    if not there[-1] or configured <= len(trial.curve):
        return None
    inputs = source.encoder.encode([t.config for t in seen])[there]
    model = CurveGP(past, inputs, values[there])
    row = np.array([len(inputs) - 1])
    forecasts = model.forecasts(inputs[row], row, range(len(SHARES)))
    reached = np.array([np.nanmax(values[-1])])
    low, middle, high = source.sign * quantiles(forecasts, LEVELS, reached)[0]
    return End(configured, float(min(low, high)), float(middle), float(max(low, high)))


def _at_rungs(source: StudySource, past: PastCurves, trial: TrialRecord, over: bool) -> np.ndarray:
    values = [epoch.val_metric for epoch in trial.curve]
    epochs = max(_epochs(past, trial), len(values))
    return at_rungs(values, epochs, source.sign, over and not ended_early(trial))


def _epochs(past: PastCurves, trial: TrialRecord) -> int:
    given = trial.config.get(EPOCHS, past.epochs)
    return int(given) if isinstance(given, int | float) and given >= 1 else 0
