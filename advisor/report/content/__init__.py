"""Pure data: from a study, a comparison or a store to what their pages show; no HTML, no figure.

Sections can be had one by one (`history_of(StudySource.open(path))`), as a live view does, or all
together (`study_content(path)`). A section that has no data is a `LeftOut` with its reason.
"""

from advisor.report.content.answer import Answer, NoAnswer, answer_of
from advisor.report.content.base import LeftOut
from advisor.report.content.history import History, Step, history_of
from advisor.report.content.reading import DataRead, data_of
from advisor.report.content.source import StudySource
from advisor.report.content.study import StudyContent, study_content

__all__ = [
    "Answer",
    "DataRead",
    "History",
    "LeftOut",
    "NoAnswer",
    "Step",
    "StudyContent",
    "StudySource",
    "answer_of",
    "data_of",
    "history_of",
    "study_content",
]
