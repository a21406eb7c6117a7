"""What the time of a search is for: its trials, a network of all known rows, and the model."""

import time
from dataclasses import dataclass, field

from knowledge_base.records import TrialRecord

SHARE_OF_FINAL = 0.05
"""Share of the time limit that is left for making the model of what was trained."""

LEAST_FOR_FINAL, MOST_OF_SHORT = 0.5, 0.25
"""Seconds that are left for it at least, where they are no more than this share of the limit."""

SHARE_OF_FIRST_REFIT = 0.15
"""Share of the time limit that is left for one network of all known rows before any trial ended."""

MOST_OF_REFIT = 0.3
"""Share of the time limit that such a network may have at most."""

MORE_ROWS = 1.5
"""Times the seconds of a trial that one network of all known rows may take."""

SHARE_OF_DEFAULT = 0.1
"""Share of the time limit that measuring the library default may take, as a trial took it."""

SHARE_OF_TRIAL = 0.15
"""Share of the time limit that a recommended configuration is expected to take at most.

A model of several configurations is better than one of few: with a half of the limit, 16 to 20 s
were over after one or two trials on 8 tables of 1,600 to 5,000 rows, and the error was on 7 of them
larger, by a tenth in the mean."""

SHARE_IN_STACK = 0.5
"""What a network of a further fold takes, of the time of one that is trained alone."""


def seconds_of_network(limit: float, folds: int) -> float:
    """Return how long one network may train, for a configuration to leave time for several others.

    Args:
        limit: seconds of the whole search.
        folds: on how many of them a configuration is trained.
    """
    return SHARE_OF_TRIAL * limit / (1 + (folds - 1) * SHARE_IN_STACK)


@dataclass(frozen=True)
class TimeLimit:
    """The time of one run of a search, from when this was made.

    Attributes:
        seconds: of the whole run; None is no limit, and nothing ends then.
        refits: whether one network of all known rows is trained in the end.
        begun: when the run began, as `time.monotonic` says it.
    """

    seconds: float | None
    refits: bool = False
    # The clock is looked up when it is asked: a benchmark puts that of the processor in its place.
    begun: float = field(default_factory=lambda: time.monotonic())

    @property
    def for_final(self) -> float:
        """Share that is left for making the model."""
        if not self.seconds:
            return SHARE_OF_FINAL
        return max(SHARE_OF_FINAL, min(LEAST_FOR_FINAL / self.seconds, MOST_OF_SHORT))

    def for_refit(self, best: TrialRecord | None) -> float:
        """Return the share that one network of all known rows may need.

        Its epochs go over more rows than those of a fold, but there are hardly ever more of them.
        The folds of a trial took less than one after another would, since they train as one, but
        more than one of them.

        Args:
            best: the best trial so far, None before any has a value.
        """
        if not self.seconds or not self.refits:  # There is no share of no time.
            return 0.0
        if best is None or best.duration is None:
            return SHARE_OF_FIRST_REFIT
        return min(MORE_ROWS * best.duration / self.seconds, MOST_OF_REFIT)

    def after_trials(self, best: TrialRecord | None) -> float:
        """Return the share that is left for all that comes after the trials.

        Args:
            best: as for `for_refit`.
        """
        return self.for_final + self.for_refit(best)

    def trials_end(self, best: TrialRecord | None) -> float | None:
        """Return when no trial is to run any more.

        Args:
            best: as for `for_refit`.
        """
        return self._before_end(self.after_trials(best))

    @property
    def refit_ends(self) -> float | None:
        """When the network of all known rows is to be trained."""
        return self._before_end(self.for_final)

    @property
    def choice_ends(self) -> float | None:
        """When what is averaged is to be chosen; then follows what it is worth, and the disk."""
        return self._before_end(self.for_final / 2)

    def has_time_for_default(self, trial: TrialRecord) -> bool:
        """Whether the library default may be measured between trials.

        Args:
            trial: the last one, which says how long that takes.
        """
        return self.seconds is None or (trial.duration or 0.0) < SHARE_OF_DEFAULT * self.seconds

    def _before_end(self, share: float) -> float | None:
        return None if self.seconds is None else self.begun + (1 - share) * self.seconds
