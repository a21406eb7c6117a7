"""What is optimised, whichever way it was given."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from advisor.data import Intake
from advisor.meta.recommendation import Query
from advisor.models import FAMILIES
from advisor.settings import Settings
from advisor.training.objective import Objective
from knowledge_base.records import DatasetRecord, TaskRecord
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import ConfigDict


@dataclass(frozen=True)
class Problem(ABC):
    """What is optimised, whichever way it was given.

    Attributes:
        task: its identity in the knowledge base.
        space: the search space, or the part of it that is searched.
    """

    task: TaskRecord
    space: SpaceDefinition

    @property
    @abstractmethod
    def dataset_record(self) -> DatasetRecord | None:
        """The data set as the knowledge base keeps it, None without one."""

    @property
    def intake(self) -> Intake | None:
        """What was read as what of the data set, None without one."""
        return None

    @property
    @abstractmethod
    def metafeatures(self) -> Mapping[str, float] | None:
        """Metafeatures of the data set by name, None without one."""

    @property
    def query(self) -> Query:
        """What the meta-learner needs to know."""
        task = self.task
        return Query(self.metafeatures, task.dataset_id, task.target, task.task_id)

    @property
    def default(self) -> ConfigDict | None:
        """The library default, None where there is none."""
        return self.space.default() if self.task.family in FAMILIES else None

    def in_version(self, version: int, settings: Settings) -> "Problem":
        """Return the problem in the space of an earlier version of its family.

        Args:
            version: of the space in which a study began.
            settings: of these count what is searched and what is fixed.

        Returns:
            This very problem where the family does not know that version.

        Raises:
            UserError: what is searched or fixed was not there yet.
        """
        return self

    def notes(self, settings: Settings) -> list[str]:
        """Return sentences on what a search with these settings does with the data, if any."""
        return []

    @abstractmethod
    def objective(self, settings: Settings) -> Objective:
        """Return what evaluates configurations for a search.

        Args:
            settings: of these count seed, epochs and memory, and what the strategy needs.

        Raises:
            UserError: the strategy cannot search the space or lacks gradients, or the user's
                network cannot be trained.
        """
