"""The base of all readings, and what they make of new data."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, Self, TypeVar

import pandas as pd

from advisor.data.intake import Intake
from advisor.data.reading.strict import Fields
from advisor.data.reading.target import TargetReading
from knowledge_base.types import JsonObject

Features = TypeVar("Features", covariant=True)


@dataclass(frozen=True)
class NewRows(Generic[Features]):
    """New data, read as those that were trained on; row for row as they stand in their source.

    Attributes:
        features: what a data set of the modality has: a frame with the very columns, order and
            types of the training's; uint8 images (n, channels, height, width); texts (n,); or
            one `History` per series.
        target: classes or numbers as the training's, shape (n,), NaN for a row without one;
            None where there are none at all.
        intake: the account of how they were read; what was not read as it stood is in its
            `left_out` and `notes`.
        names: of the files that rows come from, in their order; empty where rows are no files.
    """

    features: Features
    target: pd.Series | None
    intake: Intake
    names: Sequence[str] = ()


class Reading(ABC, Generic[Features]):
    """What was decided when data were read, so that new data are read the same way.

    Attributes:
        modality: "table", "image", "text" or "series".
        target: what is predicted, and its classes.
    """

    modality: ClassVar[str]
    target: TargetReading

    @abstractmethod
    def read(self, source: object) -> NewRows[Features]:
        """Read new data, whatever they look like themselves; n rows in are n rows out.

        Args:
            source: whatever `load_dataset` takes; the target may be there or not.

        Raises:
            UserError: it cannot be read, or its columns are not what they were in training.
        """

    @abstractmethod
    def to_dict(self) -> JsonObject:
        """Return the reading as plain JSON, from which `reading_from_dict` makes the same."""

    @classmethod
    @abstractmethod
    def from_fields(cls, fields: Fields) -> Self:
        """Return the reading that `to_dict` wrote.

        Raises:
            NotAReadingError: it did not write that.
        """


def described(target: pd.Series | None, name: str) -> str:
    """Return how an account of new rows speaks of their target."""
    return f"'{name}', to be predicted" if target is None else f"'{name}', which is known"
