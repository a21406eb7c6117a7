"""What a search and its worker processes say to each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from advisor.training.outcome import Outcome
from knowledge_base.records import EpochRecord, TrialRecord
from knowledge_base.types import Config


@dataclass(frozen=True)
class Job:
    """To a worker: what it is to train.

    Attributes:
        number: of the job; no other has it.
        configs: to be trained together if there are several.
        seconds: that it has, from when the worker hears of it; may be infinite.
        told: trials that ended since the worker's last job, without their curves.
        folder: where the user's function may keep files; None where there is no such place.
        measures: whether this is no trial, but trained on all folds to compare others with.
    """

    number: int
    configs: Sequence[Config]
    seconds: float
    told: Sequence[TrialRecord] = ()
    folder: Path | None = None
    measures: bool = False


@dataclass(frozen=True)
class Stop:
    """To a worker: one training is to end.

    Attributes:
        job: its number.
        place: of the training in it.
        reason: why.
    """

    job: int
    place: int
    reason: str


@dataclass(frozen=True)
class Ready:
    """From a worker: it has loaded what it needs, and waits for a job."""


@dataclass(frozen=True)
class Refused:
    """From a worker: it cannot load what is searched, and ends.

    Attributes:
        reason: in one line.
    """

    reason: str


@dataclass(frozen=True)
class Epoch:
    """From a worker: an epoch of a training ended.

    Attributes:
        job, place: of the training.
        record: of the epoch.
    """

    job: int
    place: int
    record: EpochRecord


@dataclass(frozen=True)
class Ended:
    """From a worker: a training ended.

    Attributes:
        job, place: of the training.
        outcome: what came of it.
    """

    job: int
    place: int
    outcome: Outcome


@dataclass(frozen=True)
class Done:
    """From a worker: all of a job ended, and it waits for the next."""

    job: int


@dataclass(frozen=True)
class Interrupted:
    """From a worker: the training raised `KeyboardInterrupt`, which ends the search."""
