"""The target as networks see it, and back."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from advisor.data.preparation.stored import Level, Stored, damaged, level_of
from knowledge_base.errors import UserError
from knowledge_base.types import JsonObject

KINDS = ("classification", "regression")


@dataclass(frozen=True)
class Target:
    """Classes in the order of the outputs, or how numbers are standardised.

    Attributes:
        kind: "classification" or "regression".
        classes: as JSON has them, in the order of their indices; none for a regression.
        mean, scale: of the training part; 0 and 1 for classes.
    """

    kind: str
    classes: tuple[Level, ...] = ()
    mean: float = 0.0
    scale: float = 1.0

    @classmethod
    def fitted(cls, target: pd.Series, kind: str, train: np.ndarray) -> Self:
        """Return the classes of a target, or the mean and spread of its training rows."""
        if kind == "classification":
            return cls(kind, tuple(level_of(value) for value in target.cat.categories))
        values = target.to_numpy(dtype=np.float64)[train]
        return cls(kind, (), float(values.mean()), float(values.std()) or 1.0)

    @property
    def n_outputs(self) -> int:
        """Number of classes, or 1."""
        return len(self.classes) or 1

    def encoded(self, values: Iterable[object]) -> np.ndarray:
        """Return class indices as int64, or standardised numbers as float32, shape (n,).

        Raises:
            UserError: a class that was not trained on, or no number.
        """
        if self.kind == "classification":
            numbers = {level: number for number, level in enumerate(self.classes)}
            found = [numbers.get(level_of(value), -1) for value in values]
            return self._known(np.array(found, dtype=np.int64), values)
        try:
            given = np.asarray(pd.Series(values), dtype=np.float64)
        except (TypeError, ValueError):
            given = np.full(1, np.nan)
        if not np.isfinite(given).all():
            raise UserError("The target of new rows must be a finite number in each of them.")
        return ((given - self.mean) / self.scale).astype(np.float32)

    def zeros(self, rows: int) -> np.ndarray:
        """Return encoded targets of rows that are none."""
        return np.zeros(rows, dtype=np.int64 if self.classes else np.float32)

    def in_unit(self, values: np.ndarray) -> np.ndarray:
        """Return standardised numbers in the target's own unit, float64."""
        return values.astype(np.float64) * self.scale + self.mean

    def to_dict(self) -> JsonObject:
        """Return it as JSON."""
        return {
            "kind": self.kind,
            "classes": list(self.classes),
            "mean": self.mean,
            "scale": self.scale,
        }

    @classmethod
    def from_stored(cls, stored: Stored) -> Self:
        """Return what `to_dict` gave.

        Raises:
            UserError: it is not that.
        """
        kind, classes = stored.one_of("kind", KINDS), stored.levels("classes")
        if (kind == "classification") != (len(classes) > 1):
            raise damaged(f"a {kind} has no {len(classes)} classes")
        return cls(kind, classes, stored.number("mean"), stored.number("scale", positive=True))

    def _known(self, codes: np.ndarray, values: Iterable[object]) -> np.ndarray:
        unknown = np.flatnonzero(codes < 0)
        if len(unknown):
            first = list(values)[unknown[0]]
            raise UserError(f"The class '{first}' of the new rows was not there in training.")
        return codes


FIELDS = ("kind", "classes", "mean", "scale")
"""Fields of a stored target."""
