"""What every group of metafeatures has in common."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

import numpy as np

View = TypeVar("View")
"""A bounded sample of a data set: `TableView`, `LabelledView` or `SeriesView`."""


class MetafeatureGroup(ABC, Generic[View]):
    """A family of metafeatures computed from one view of a data set.

    To add a group, add a module with one subclass to `advisor.metafeatures.groups`; it is
    found by itself. Raise `advisor.metafeatures.VERSION` when the list or a value changes.

    Attributes:
        name: what the group is called; prefix of the names of its metafeatures.
        modality: that of the data sets that it describes.
        descriptions: what each metafeature (name without prefix) is, in listed order.
    """

    name: ClassVar[str]
    modality: ClassVar[str] = "table"
    descriptions: ClassVar[Mapping[str, str]]

    @abstractmethod
    def values(self, view: View) -> Mapping[str, float]:
        """Return the metafeatures by name without prefix; those undefined may be left out."""

    def compute(self, view: View) -> dict[str, float]:
        """Return every metafeature by its full name, NaN where undefined.

        Raises:
            KeyError: the group computed a value that it does not describe.
        """
        values = self.values(view)
        unknown = set(values) - set(self.descriptions)
        if unknown:
            raise KeyError(f"group {self.name!r} does not describe {sorted(unknown)}")
        return {
            f"{self.name}.{name}": _finite(values.get(name, np.nan)) for name in self.descriptions
        }


AnyGroup: TypeAlias = MetafeatureGroup[Any]
"""A group for any modality."""


def _finite(value: float) -> float:
    return float(value) if np.isfinite(value) else float("nan")
