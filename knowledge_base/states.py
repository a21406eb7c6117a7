"""How trials end and which way metrics go, as enumerations whose members are their stored texts."""

from enum import StrEnum


class TrialState(StrEnum):
    """How a trial ended."""

    COMPLETE = "complete"
    """It has a value."""

    FAILED = "failed"
    """It raised an error, or was skipped; it has no value."""

    DIVERGED = "diverged"
    """Its loss was no longer finite; it has no value."""

    STOPPED = "stopped"
    """It was cut short; it may have a value."""


class Direction(StrEnum):
    """Whether a metric is to be made small or large."""

    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"
