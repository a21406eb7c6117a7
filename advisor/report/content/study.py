"""All that the page of a study shows, as plain data."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from advisor.report.content.answer import Answer, NoAnswer, answer_of
from advisor.report.content.axes import Axes, axes_of
from advisor.report.content.base import LeftOut
from advisor.report.content.curves import Curves, curves_of
from advisor.report.content.diagnoses import Diagnoses, diagnoses_of
from advisor.report.content.evidence import Evidence, evidence_of
from advisor.report.content.history import History, history_of
from advisor.report.content.importance import Importance, importance_of
from advisor.report.content.judgement import Judgement, judgement_of
from advisor.report.content.reading import DataRead, data_of
from advisor.report.content.source import StudySource
from advisor.report.content.surface import Surface, surface_of
from knowledge_base.records import TaskRecord


@dataclass(frozen=True)
class StudyContent:
    """What a study shows; each section is what it found, or why it is left out.

    Attributes:
        name, path: of its folder.
        task: what is optimised.
        dataset: name of the data set, None without one.
        strategy, contributor, created_at: of its record.
        answer: what was found.
        history: every trial in order.
        axes: where the trials stand in the space.
        importance: which hyperparameters matter.
        surface: what the surrogate thinks of the space.
        curves: learning curves.
        diagnoses: what went wrong.
        judgement: what the model says of validation rows.
        evidence: which past tasks spoke.
        data: what was read as what.
        warnings: what was met and left out while the study was read, one line each.
    """

    name: str
    path: Path
    task: TaskRecord
    dataset: str | None
    strategy: str | None
    contributor: str | None
    created_at: datetime
    answer: Answer | NoAnswer
    history: History | LeftOut
    axes: Axes | LeftOut
    importance: Importance | LeftOut
    surface: Surface | LeftOut
    curves: Curves | LeftOut
    diagnoses: Diagnoses | LeftOut
    judgement: Judgement | LeftOut
    evidence: Evidence | LeftOut
    data: DataRead | LeftOut
    warnings: list[str] = field(default_factory=list)


def study_content(path: Path, seed: int = 0) -> StudyContent:
    """Return all that the study in a folder shows.

    Args:
        path: the folder.
        seed: of the forests that importance is told from.

    Raises:
        UserError: there is no study, or it cannot be read.
    """
    source = StudySource.open(path)
    directory = source.directory
    record, dataset = directory.study, directory.dataset
    importance = importance_of(source, seed)
    important = () if isinstance(importance, LeftOut) else importance.names
    return StudyContent(
        directory.path.name,
        directory.path,
        directory.task,
        None if dataset is None else dataset.name,
        record.strategy,
        record.contributor,
        record.created_at,
        answer_of(source),
        history_of(source),
        axes_of(source),
        importance,
        surface_of(source, important),
        curves_of(source),
        diagnoses_of(source),
        judgement_of(source),
        evidence_of(source),
        data_of(source),
        list(directory.warnings),
    )
