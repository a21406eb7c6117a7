"""What a training reports to while it runs, and how it is told to end."""

from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

from knowledge_base.records import EpochRecord


class StopTrial(Exception):
    """Raised by a report when a trial is to end now; what it reached so far is kept."""


class PauseTrial(StopTrial):
    """Raised by a report after an epoch when a trial is to be put aside with its state.

    What cannot be taken up again ends, as for any `StopTrial`.
    """


@runtime_checkable
class Report(Protocol):
    """What a training tells how far it is; either method may raise `StopTrial`."""

    def __call__(self, epoch: EpochRecord) -> None:
        """Take note of an epoch that ended.

        Raises:
            StopTrial: the trial is to end now.
        """

    def check_time(self) -> None:
        """Look at the clock; called between batches, since an epoch may take long.

        Raises:
            StopTrial: the trial is to end now.
        """


@runtime_checkable
class Keeping(Protocol):
    """A report that has a place for files of the trial's own."""

    def make_folder(self) -> Path:
        """Return the folder of the trial, made if it is not there.

        Raises:
            UserError: it cannot be made.
        """


@runtime_checkable
class Resuming(Protocol):
    """A report of a trial that may have had a part before, with files of its own."""

    @property
    def resume(self) -> Path | None:
        """The folder as it was when the part before was put aside, None for the first part."""


Reporting: TypeAlias = Report | Callable[[EpochRecord], object] | None
"""What users may give as a report: one, a plain function of an epoch, or none."""


@runtime_checkable
class Timed(Protocol):
    """A report that knows how much time there is."""

    def seconds_left(self) -> float:
        """Return how many seconds the trial still has; infinity without a limit."""


def seconds_left(report: Report) -> float:
    """Return how many seconds a trial still has, as far as its report knows of a limit."""
    return report.seconds_left() if isinstance(report, Timed) else inf


class _Called:
    """A plain function as a report; it is not asked within epochs."""

    def __init__(self, function: Callable[[EpochRecord], object] | None = None) -> None:
        self._function = function

    def __call__(self, epoch: EpochRecord) -> None:
        if self._function is not None:
            self._function(epoch)

    def check_time(self) -> None:
        return None


def as_report(given: Reporting) -> Report:
    """Return what a user gave as a report: itself, a plain function wrapped, or a silent one."""
    return given if isinstance(given, Report) else _Called(given)
