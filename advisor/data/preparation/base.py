"""What training sees of a data set, and what makes the same of new rows, whatever its modality."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self, TypeAlias, TypedDict

import numpy as np
import pandas as pd

from knowledge_base.types import JsonObject

Features: TypeAlias = pd.DataFrame | np.ndarray | Sequence[str] | Mapping[str, np.ndarray]
"""New rows: those of a table, images, texts, or the history of series by their names."""

PARTS = ("train", "valid", "test")


class Arrays(TypedDict):
    """Inputs and targets of the three parts, as `PreparedData` takes them."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_valid: np.ndarray
    y_valid: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def arrays_of(parts: Iterable[tuple[np.ndarray, np.ndarray]]) -> Arrays:
    """Return inputs and targets of the training, the validation and the test part by name."""
    (x_train, y_train), (x_valid, y_valid), (x_test, y_test) = parts
    return {
        "x_train": x_train, "y_train": y_train, "x_valid": x_valid, "y_valid": y_valid,
        "x_test": x_test, "y_test": y_test,
    }  # fmt: skip


class Preparation(ABC):
    """What was learnt of a training part, to make inputs of new rows as that was made of its own.

    It is plain data: `to_dict` and `from_dict` make JSON of it and back, bit by bit.
    """

    modality: ClassVar[str]

    @abstractmethod
    def inputs(self, features: Features) -> np.ndarray:
        """Return the inputs of new rows, as those of the training part were made.

        Args:
            features: what the modality has: columns as `TabularDataset.features`, images as
                uint8 (n, channels, height, width), texts, or the history of each series.

        Returns:
            Shape (n, ...), in the type and the order that the networks were trained with.

        Raises:
            UserError: they are not of the form that was trained on.
        """

    @abstractmethod
    def in_unit(self, values: np.ndarray, features: Features) -> np.ndarray:
        """Return outputs for new rows in the target's own unit, float64.

        Args:
            values: outputs, (n,), or (n, horizon) for forecasts.
            features: what `inputs` was given.
        """

    @abstractmethod
    def stand_in(self, rows: int = 2) -> "PreparedData":
        """Return data of the same form with rows of zeros in each part.

        A family adapts and builds with them as with the data that were trained on, so that a
        network can be made for stored weights without these data.
        """

    @abstractmethod
    def to_dict(self) -> JsonObject:
        """Return it as strict JSON, with the modality as `modality`."""

    @classmethod
    @abstractmethod
    def from_dict(cls, found: object) -> Self:
        """Return what `to_dict` gave.

        Raises:
            UserError: it is not that.
        """


def _no_rows() -> np.ndarray:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class PreparedData:
    """The three parts as inputs (n, ...) and targets (n,) or, for forecasts, (n, horizon).

    Attributes:
        modality: that of the data set.
        kind: "classification" (targets are int64 class indices), "regression" or
            "forecasting" (float32, standardised by the training part).
        n_inputs: columns, channels, words or values per step after encoding.
        n_outputs: classes, 1, or the horizon.
        categories: first column and number of columns of each one-hot group.
        target_mean, target_scale: undo the standardisation of a regression target.
        evaluation_batch: rows that go through a network at once without gradients.
        curve_rows: rows of the training part that the training metric of an epoch is
            computed on.
        valid_rows: numbers of the validation part's rows in the data set, (n,); of series, the
            number of the first point that is forecast, counted over all of them.
        preparation: makes inputs of new rows; None for data that were not made by `prepare`.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_valid: np.ndarray
    y_valid: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    kind: str
    n_inputs: int
    n_outputs: int
    target_mean: float = 0.0
    target_scale: float = 1.0
    categories: tuple[tuple[int, int], ...] = ()
    valid_rows: np.ndarray = field(default_factory=_no_rows)
    preparation: Preparation | None = None

    modality: ClassVar[str] = "table"
    evaluation_batch: ClassVar[int] = 4096
    curve_rows: ClassVar[int | None] = None

    def x(self, part: str) -> np.ndarray:
        """Return the inputs of "train", "valid" or "test"."""
        return {"train": self.x_train, "valid": self.x_valid, "test": self.x_test}[part]

    def y(self, part: str) -> np.ndarray:
        """Return the targets of "train", "valid" or "test"."""
        return {"train": self.y_train, "valid": self.y_valid, "test": self.y_test}[part]

    def n_rows(self, part: str) -> int:
        """Return the rows of a part, or the most that a configuration may make of it."""
        return len(self.x(part))

    def few(self, rows: int = 2) -> Self:
        """Return the same with hardly any rows, to see what a configuration makes of it."""
        arrays = arrays_of((self.x(part)[:rows], self.y(part)[:rows]) for part in PARTS)
        return replace(self, **arrays, valid_rows=self.valid_rows[:rows])

    def in_unit(self, values: np.ndarray, part: str) -> np.ndarray:
        """Return numbers in the target's own unit, of the first rows of a part."""
        return values.astype(np.float64) * self.target_scale + self.target_mean

    def truth(self, part: str, rows: int | None = None) -> np.ndarray:
        """Return class indices, or values in the target's own unit, of the first rows."""
        targets = self.y(part)[:rows]
        return targets if self.kind == "classification" else self.in_unit(targets, part)

    def naive_error(self, part: str, rows: int | None = None) -> np.ndarray | None:
        """Return what a naive forecast errs by, one number per row; None without series."""
        return None
