"""What a model is worth: its metric beside that of a baseline, the default and one network."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isfinite, sqrt
from statistics import fmean, stdev
from typing import Self

import numpy as np

from advisor.metrics import Metric
from knowledge_base.types import JsonObject

BASELINE, DEFAULT, SINGLE, FINAL = "baseline", "default", "single", "final"
"""What is compared: the trivial answer, one network of the library default, the best one of the
search, and the model that is taken away."""


@dataclass(frozen=True)
class Standing:
    """A metric of one of them.

    Attributes:
        name: one of the names above.
        validation: mean over the folds; None if it is not known.
        error: standard error of that mean; None of a single fold.
        test: on rows that nothing was chosen by; None without any.
    """

    name: str
    validation: float | None
    error: float | None = None
    test: float | None = None

    def to_dict(self) -> JsonObject:
        """Return it as plain JSON-able types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, found: JsonObject) -> Self:
        """Return what `to_dict` gave.

        Raises:
            KeyError, TypeError, ValueError: it is not that.
        """
        numbers = {name: found[name] for name in ("validation", "error", "test")}
        for name, value in numbers.items():
            if value is not None and not isfinite(float(value)):
                raise ValueError(f"{name} is {value}")
        return cls(str(found["name"]), **numbers)


def standing(
    name: str,
    metric: Metric,
    folds: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray | None]],
    test: tuple[np.ndarray, np.ndarray, np.ndarray | None] | None = None,
) -> Standing:
    """Return the standing of predictions.

    Args:
        name: of what is measured.
        metric: by which.
        folds: truth, prediction and naive errors for the validation rows of each fold.
        test: the same for the test rows.
    """
    values = [metric.compute(*fold) for fold in folds if len(fold[0])]
    mean = _finite(fmean(values)) if values else None
    error = stdev(values) / sqrt(len(values)) if mean is not None and len(values) > 1 else None
    tested = _finite(metric.compute(*test)) if test is not None and len(test[0]) else None
    return Standing(name, mean, error, tested)


def _finite(value: float) -> float | None:
    return float(value) if isfinite(value) else None
