"""What a model is worth: its metric beside that of a baseline, the default and one network."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isfinite, nan, sqrt
from statistics import fmean, pvariance, stdev
from typing import Self

import numpy as np

from advisor.metrics import Metric
from knowledge_base.states import Direction
from knowledge_base.types import JsonObject

BASELINE, DEFAULT, SINGLE, FINAL = "baseline", "default", "single", "final"
"""What is compared: the trivial answer, one network of the library default, the best one of the
search, and the model that is taken away."""

GROUPS = 20
"""Parts of the test rows that are left out in turn for the standard error of a metric on them."""

FEWEST = 5
"""Rows from which such an error is told."""

ONE_CLASS = 0.9
"""Share of the most frequent class from which on accuracy says little."""


@dataclass(frozen=True)
class Standing:
    """A metric of one of them.

    Attributes:
        name: one of the names above.
        validation: mean over the folds; None if it is not known.
        error: standard error of that mean; of a single fold, by which rows it has; None where it
            is not known.
        test: on rows that nothing was chosen by; None without any.
        test_error: standard error of that, by which rows these are; None where it is not known.
    """

    name: str
    validation: float | None
    error: float | None = None
    test: float | None = None
    test_error: float | None = None

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
        numbers["test_error"] = found.get("test_error")  # Earlier versions had none.
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
    judged = [fold for fold in folds if len(fold[0])]
    values = [metric.compute(*fold) for fold in judged]
    mean = _finite(fmean(values)) if values else None
    error = None
    if len(values) == 1:
        error = standard_error(metric, *judged[0])
    elif mean is not None:
        error = stdev(values) / sqrt(len(values))
    tested = _finite(metric.compute(*test)) if test is not None and len(test[0]) else None
    unsure = None if test is None or tested is None else standard_error(metric, *test)
    return Standing(name, mean, error, tested, unsure)


def standard_error(
    metric: Metric, truth: np.ndarray, predicted: np.ndarray, naive: np.ndarray | None = None
) -> float | None:
    """Return the standard error of a metric by which rows it was computed on.

    The jackknife by groups (Quenouille 1956; Tukey 1958): each of `GROUPS` random parts, or each
    row of fewer, is left out in turn. Windows of a series overlap, so that their error is somewhat
    larger than this.

    Args:
        metric: by which.
        truth, predicted, naive: as the metric takes them, n rows.

    Returns:
        None of fewer than `FEWEST` rows, or where the metric is not known without some of them.
    """
    count = len(truth)
    if count < FEWEST:
        return None
    groups = min(GROUPS, count)
    group = np.random.default_rng(0).permutation(count) % groups
    values = []
    for one in range(groups):
        kept = group != one
        part = None if naive is None else naive[kept]
        values.append(_finite(metric.compute(truth[kept], predicted[kept], part)))
    known = [value for value in values if value is not None]
    if len(known) < groups:
        return None
    return sqrt((groups - 1) * pvariance(known))


def remarks(standings: Sequence[Standing], metric: Metric) -> list[str]:
    """Return what the standings mean, in whole sentences; nothing where all is as one hopes.

    Args:
        standings: of one model.
        metric: by which.
    """
    by_name = {standing.name: standing for standing in standings}
    sign = 1.0 if metric.direction == Direction.MAXIMIZE else -1.0
    trivial, final = by_name.get(BASELINE), by_name.get(FINAL)
    found = []
    if trivial is not None and final is not None:
        found += _beside_the_trivial(trivial, final, sign)
    if trivial is not None and metric.name == "accuracy" and (trivial.validation or 0) >= ONE_CLASS:
        found.append(
            f"Always answering the most frequent class is right in {trivial.validation:.0%}; "
            "`metric=balanced_accuracy` or `metric=roc_auc` would tell more."
        )
    if metric.name == "mase" and final is not None and (final.validation or 0) > 1:
        # The unit of MASE is the naive error of the training part, not that of these rows.
        found.append(
            "Its forecasts err more than repeating the last season did before (MASE above 1)."
        )
    default, best = by_name.get(DEFAULT), by_name.get(SINGLE)
    if default is not None and best is not None:
        found += _beside_the_default(default, best, sign)
    return found


def _beside_the_trivial(trivial: Standing, final: Standing, sign: float) -> list[str]:
    if _ahead(final, trivial, sign) <= 0:
        return ["The model is no better than the trivial baseline."]
    known = trivial.test is not None and final.test is not None
    if known and sign * ((final.test or 0.0) - (trivial.test or 0.0)) <= 0:
        return ["On the test rows the model is no better than the trivial baseline."]
    return []


def _beside_the_default(default: Standing, best: Standing, sign: float) -> list[str]:
    ahead = _ahead(best, default, sign)
    if ahead <= 0:
        return ["No configuration was better than the library default."]
    if best.error is not None and ahead < best.error:
        return ["The best configuration is within one standard error of the library default."]
    return []


def _ahead(one: Standing, other: Standing, sign: float) -> float:
    """Return by how much one is better than the other, NaN if that is not known."""
    if one.validation is None or other.validation is None:
        return nan
    return sign * (one.validation - other.validation)


def _finite(value: float) -> float | None:
    return float(value) if isfinite(value) else None
