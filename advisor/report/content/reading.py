"""What was read of the data of a study."""

from dataclasses import dataclass

from advisor.data.intake import Intake
from advisor.report.content.base import LeftOut
from advisor.report.content.source import StudySource

INTAKE = "intake"
"""The setting of a study that holds the account of what was read."""


@dataclass(frozen=True)
class DataRead:
    """What was read as what.

    Attributes:
        intake: the account that the search gave.
        rows, features, classes: of the data set, None where it is not known.
        metafeatures: the data set in numbers, by name.
    """

    intake: Intake | None
    rows: int | None
    features: int | None
    classes: int | None
    metafeatures: dict[str, float]


def data_of(source: StudySource) -> DataRead | LeftOut:
    """Return what was read of a study's data."""
    record = source.directory.dataset
    if record is None:
        return LeftOut(
            "The study optimises a function of your own; what that reads, Advisor does not see."
        )
    found = source.settings.get(INTAKE)
    intake = None
    if isinstance(found, dict):
        try:
            intake = Intake(**found)
        except TypeError:  # Another version may have kept something else.
            source.directory.warnings.tell("What was read of the data cannot be told.")
    return DataRead(
        intake, record.n_rows, record.n_features, record.n_classes, source.directory.metafeatures
    )
