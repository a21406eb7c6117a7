"""A study: where its trials belong, and where they go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from advisor.metafeatures import VERSION
from advisor.predictor.kept import KeptNetworks
from advisor.tuning.folders import TrialFolders
from knowledge_base import Bundle, KnowledgeBase
from knowledge_base.bundle import Record
from knowledge_base.records import DatasetRecord, StudyRecord, TaskRecord, TrialRecord
from knowledge_base.space import SpaceDefinition
from knowledge_base.studies import StudyDirectory


@dataclass(frozen=True)
class Study:
    """Where a study's trials belong and where they go.

    Attributes:
        record, task, space: as stored in the knowledge base.
        dataset: None for tasks without a data set.
        metafeatures: of the data set, by name; may be empty.
        directory: on-disk record from which the study can be resumed; None keeps none.
        kb: knowledge base that every finished trial goes into; None for none.
        keep: for how many trials of the user's own function their folders are kept; None where
            trials have no folders.
    """

    record: StudyRecord
    task: TaskRecord
    space: SpaceDefinition
    dataset: DatasetRecord | None = None
    metafeatures: Mapping[str, float] = field(default_factory=dict)
    directory: StudyDirectory | None = None
    kb: KnowledgeBase | None = None
    keep: int | None = None

    @classmethod
    def of(cls, directory: StudyDirectory, kb: KnowledgeBase | None) -> "Study":
        """Return the study that a directory keeps; its trials go into `kb`, too."""
        return cls(
            directory.study,
            directory.task,
            directory.space,
            directory.dataset,
            directory.metafeatures,
            directory,
            kb,
        )

    def bundle(self, trials: Sequence[TrialRecord]) -> Bundle:
        """Return `trials` with everything they refer to, without those that the store has."""
        known = {}
        new = [trial for trial in trials if not trial.taken]
        records: list[Record] = [self.task, self.space, self.record, *new]
        if self.dataset is not None:
            records.append(self.dataset)
            if self.metafeatures:
                key = (self.dataset.dataset_id, self.task.target or "", VERSION)
                known[key] = self.metafeatures
        return Bundle.from_records(records, metafeatures=known)

    @cached_property
    def networks(self) -> KeptNetworks | None:
        """Where the networks of the best trials are kept, None without a directory."""
        if self.directory is None:
            return None
        return KeptNetworks(self.directory.path / "networks", self.task.direction)

    @cached_property
    def folders(self) -> TrialFolders | None:
        """Folders that the user's own function fills, None where there are none."""
        if self.directory is None or self.keep is None:
            return None
        return TrialFolders(self.directory.path, self.task.direction, self.keep)

    def save(self, trial: TrialRecord) -> None:
        """Write a finished trial to the directory, then to the knowledge base."""
        if self.directory is not None:
            self.directory.append(trial)
        if self.kb is not None and not trial.taken:
            self.kb.append(self.bundle([trial]))
