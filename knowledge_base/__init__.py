"""The results knowledge base: data sets, tasks, spaces, studies, trials, learning curves."""

from knowledge_base.bundle import Bundle
from knowledge_base.errors import ContributionError, KnowledgeBaseError, SpaceError, UserError
from knowledge_base.records import DatasetRecord, EpochRecord, StudyRecord, TaskRecord, TrialRecord
from knowledge_base.space import SpaceDefinition
from knowledge_base.states import Direction, TrialState
from knowledge_base.store import KnowledgeBase, default_path
from knowledge_base.writing import AddReport

__all__ = [
    "AddReport",
    "Bundle",
    "ContributionError",
    "DatasetRecord",
    "Direction",
    "EpochRecord",
    "KnowledgeBase",
    "KnowledgeBaseError",
    "SpaceDefinition",
    "SpaceError",
    "StudyRecord",
    "TaskRecord",
    "TrialRecord",
    "TrialState",
    "UserError",
    "default_path",
]
