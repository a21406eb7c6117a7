"""The history of a study: by trial and by seconds, with what the past expected."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.curves.normal import cumulative
from advisor.report.content.base import LeftOut
from advisor.report.content.source import StudySource, error_of
from knowledge_base.records import TrialRecord
from knowledge_base.types import ConfigDict


@dataclass(frozen=True)
class Step:
    """A trial in the history of its study.

    Attributes:
        number: of the trial.
        state: how it ended, such as "complete".
        value: on validation rows, None where it has none that counts.
        error: its standard error over folds, None of a single fold.
        best: the best value up to it, None before the first.
        seconds: since the study began, when it ended; None where that was not stored.
        duration: seconds that it took, None where that was not stored.
        warm: whether the past proposed it at the start.
        taken: whether it was not trained, but taken from the store.
        expected: share of random configurations that past tasks expected it to beat, in [0, 1];
            None without a past.
        reached: share of this study's other trials that it beat, in [0, 1]; None without a value.
        config: its active hyperparameters.
        note: why it has no value or ended early, empty where neither holds.
    """

    number: int
    state: str
    value: float | None
    error: float | None
    best: float | None
    seconds: float | None
    duration: float | None
    warm: bool
    taken: bool
    expected: float | None
    reached: float | None
    config: ConfigDict
    note: str


@dataclass(frozen=True)
class History:
    """All trials of a study in their order.

    Attributes:
        metric, direction: what is optimised.
        steps: one per trial.
        default: value of the library default, where it was tried; None otherwise.
    """

    metric: str
    direction: str
    steps: Sequence[Step]
    default: float | None

    @property
    def timed(self) -> bool:
        """Whether it is known when trials ended."""
        return any(step.seconds is not None for step in self.steps)

    @property
    def informed(self) -> bool:
        """Whether the past expected something."""
        return any(step.expected is not None for step in self.steps)


def history_of(source: StudySource) -> History | LeftOut:
    """Return the history of a study."""
    if not source.trials:
        return LeftOut("No trial has finished yet, so there is no history.")
    expected, reached = _expected(source), _reached(source.sign * source.values)
    ended = _ended(source.trials)
    steps: list[Step] = []
    best: float | None = None
    for place, trial in enumerate(source.trials):
        if trial.counts and trial.value is not None:
            better = best is None or source.sign * trial.value > source.sign * best
            best = trial.value if better else best
        steps.append(_step(source, trial, best, ended[place], expected[place], reached[place]))
    task, default = source.directory.task, source.directory.space.default()
    tried = (t.value for t in source.trials if t.counts and dict(t.config) == default)
    return History(task.metric, str(task.direction), steps, next(tried, None))


def _step(
    source: StudySource,
    trial: TrialRecord,
    best: float | None,
    seconds: float | None,
    expected: float | None,
    reached: float | None,
) -> Step:
    return Step(
        trial.number,
        str(trial.state),
        trial.value if trial.counts else None,
        error_of(trial) if trial.counts else None,
        best,
        seconds,
        trial.duration,
        source.is_warm(trial),
        trial.taken,
        expected,
        reached,
        dict(trial.config),
        trial.error or "",
    )


def _ended(trials: Sequence[TrialRecord]) -> list[float | None]:
    """Return after how many seconds of the search each trial ended, None where it is not stored.

    Time in which no trial ran is left out, so that a study that was resumed the next day has no
    night in it.
    """
    known = sorted(
        (trial.started_at.timestamp(), trial.duration or 0.0, place)
        for place, trial in enumerate(trials)
        if trial.started_at is not None and trial.duration is not None
    )
    found: list[float | None] = [None] * len(trials)
    idle, busy_until = (known[0][0] if known else 0.0), 0.0
    for start, duration, place in known:
        idle += max(start - idle - busy_until, 0.0)
        found[place] = start - idle + duration
        busy_until = max(busy_until, start - idle + duration)
    return found


def _expected(source: StudySource) -> list[float | None]:
    """Return the share of random configurations that the past expects each trial to beat."""
    if source.prior is None or source.past_scores is None:
        return [None] * len(source.trials)
    return [float(share) for share in source.prior.weights @ cumulative(source.past_scores)]


def _reached(good: np.ndarray) -> list[float | None]:
    """Return the share of the other values that each one beats, ties counting half.

    Args:
        good: larger is better, NaN without a value, shape (n,).
    """
    known = good[np.isfinite(good)]
    if len(known) < 2:
        return [None] * len(good)
    below = (good[:, None] > known).sum(1) + 0.5 * ((good[:, None] == known).sum(1) - 1)
    shares = below / (len(known) - 1)
    return [
        float(share) if np.isfinite(value) else None
        for share, value in zip(shares, good, strict=True)
    ]
