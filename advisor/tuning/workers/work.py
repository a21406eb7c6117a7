"""A job of a crew, from when it is asked for until all of it ended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from advisor.training.outcome import Outcome
from advisor.tuning.batches import Watch
from knowledge_base.types import ConfigDict

Then: TypeAlias = Callable[[Outcome], object]
"""What is done with the outcome of what is no trial."""


@dataclass
class Work:
    """A job, from when it is asked for until all of it ended.

    Attributes:
        configs: what is trained; together, if there are several.
        need: bytes that it is estimated to need beside the data; None if unknown.
        then: for what is no trial, what is done with its outcome.
        deadline: when all of it ends.
        left: places of the configurations that have not ended.
        watches: what hears of the epochs of each.
        started_at, began: when it began; `began` as `time.monotonic` says it.
    """

    configs: Sequence[ConfigDict]
    need: int | None
    deadline: float | None
    then: Then | None = None
    number: int = 0
    left: set[int] = field(default_factory=set)
    watches: list[Watch] = field(default_factory=list)
    folder: Path | None = None
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = 0.0
