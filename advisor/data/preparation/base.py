"""What training sees of a data set, whatever its modality."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar, Self, TypedDict

import numpy as np

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
        return replace(
            self, **arrays_of((self.x(part)[:rows], self.y(part)[:rows]) for part in PARTS)
        )

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
