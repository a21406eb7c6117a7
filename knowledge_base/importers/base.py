"""The base of all importers: from somebody's file to a contribution."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from knowledge_base.errors import ContributionError
from knowledge_base.importers.contribution import Contribution
from knowledge_base.records import DatasetRecord
from knowledge_base.schema import DIRECTIONS
from knowledge_base.space import SpaceDefinition
from knowledge_base.states import Direction


def check_direction(direction: str | None) -> Direction:
    """Return a legal direction.

    Raises:
        ContributionError: it is missing or unknown.
    """
    if direction not in DIRECTIONS:
        raise ContributionError(
            "Say with `direction` whether the metric is to minimize or maximize, "
            f"not {direction!r}."
        )
    return Direction(direction)


@dataclass(frozen=True)
class ImportOptions:
    """What the user said about a contribution beside its file.

    Attributes:
        space: search space of the trials, where the file does not hold it.
        earlier: its earlier versions, newest first: a file that lacks what came later is of one.
        metric, direction: what the trials optimise.
        metric_column: column with the metric; default is the name of the metric.
        family: model family.
        task_name: name of the task; default is the name of the data set or file.
        dataset, target, metafeatures: the data behind the trials, if known.
        metafeatures_version: version of the list of metafeatures.
        study: name of the study, in a storage with several.
        metrics_file: name of the file with the metrics in each folder, where a tool writes none.
        contributor: name of whoever contributes.
        direction_of: the direction of a metric by its name, None where that is not known.
    """

    space: SpaceDefinition | None = None
    earlier: Sequence[SpaceDefinition] = ()
    metric: str | None = None
    direction: str | None = None
    metric_column: str | None = None
    family: str | None = None
    task_name: str | None = None
    dataset: DatasetRecord | None = None
    target: str | None = None
    metafeatures: Mapping[str, float] = field(default_factory=dict)
    metafeatures_version: int = 1
    study: str | None = None
    metrics_file: str | None = None
    contributor: str | None = None
    direction_of: Callable[[str], str | None] = field(default=lambda name: None)

    def __post_init__(self) -> None:
        """Refuse a direction that does not exist, whichever importer is asked.

        Raises:
            ContributionError: it does not.
        """
        if self.direction is not None:
            check_direction(self.direction)


class Importer(ABC):
    """Reads one kind of source; never executes or unpickles anything of it."""

    name: ClassVar[str]
    """Name in the registry."""

    takes_space: ClassVar[bool] = False
    """Whether a search space may be given for what it reads."""

    @abstractmethod
    def accepts(self, source: str) -> bool:
        """Return whether `source` looks like this kind."""

    def accepts_object(self, source: object) -> bool:
        """Return whether an object of a library is of this kind."""
        return False

    def read_object(self, source: object, options: ImportOptions) -> Contribution:
        """Read an object that was accepted, as `read` reads what a text names.

        Raises:
            ContributionError: it cannot be read or understood.
        """
        raise ContributionError(f"The importer {self.name} reads no objects.")

    @abstractmethod
    def read(self, source: str, options: ImportOptions) -> Contribution:
        """Read and check everything; bad rows come back with reasons.

        Raises:
            ContributionError: the source as a whole cannot be read or understood.
        """
