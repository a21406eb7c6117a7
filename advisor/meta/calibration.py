"""Honest expectations: how far recommendations were off when each past task was left out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from advisor.meta.candidates import CandidateTable
from advisor.meta.history import SourceTask
from advisor.meta.portfolio import greedy_portfolio
from advisor.meta.similarity import task_weights

MIN_RESIDUALS = 15
MAX_LEFT_OUT = 60
LOWER, UPPER = 0.1, 0.9


@dataclass(frozen=True)
class Calibration:
    """Residuals (actual minus predicted score) of recommendations on left-out past tasks.

    Attributes:
        shift: mean residual, added to every expectation (picking the best of many
            predictions makes them too hopeful).
        low, high: 10% and 90% quantiles of the residuals (split conformal, Vovk et al. 2005).
    """

    shift: float = 0.0
    low: float = -1.0
    high: float = 1.0

    def expected(self, raw: float) -> float:
        """Return the corrected expectation in [0, 1]."""
        return float(np.clip(raw + self.shift, 0.0, 1.0))

    def interval(self, raw: float) -> tuple[float, float]:
        """Return the 80% interval in [0, 1]."""
        low, high = np.clip([raw + self.low, raw + self.high], 0.0, 1.0)
        return float(low), float(high)

    def narrowed(self, factor: float) -> "Calibration":
        """Return a calibration for expectations of which only a share is by analogy."""
        return replace(
            self, shift=self.shift * factor, low=self.low * factor, high=self.high * factor
        )


def calibrate(sources: Sequence[SourceTask], table: CandidateTable, n: int) -> Calibration:
    """Recommend `n` configurations to every past task from the others, and compare.

    Past tasks on the left-out task's own data set are left out with it. With too few
    comparisons nothing is claimed: the interval is [0, 1].
    """
    residuals: list[float] = []
    step = max(len(sources) // MAX_LEFT_OUT, 1)
    for t in range(0, len(sources), step):
        residuals += _left_out_residuals(sources, table, t, n)
    if len(residuals) < MIN_RESIDUALS:
        return Calibration()
    low, high = np.quantile(residuals, [LOWER, UPPER])
    return Calibration(shift=float(np.mean(residuals)), low=float(low), high=float(high))


def _left_out_residuals(
    sources: Sequence[SourceTask], table: CandidateTable, left_out: int, n: int
) -> list[float]:
    held = sources[left_out]
    others = [
        t
        for t, source in enumerate(sources)
        if t != left_out and (held.dataset_id is None or source.dataset_id != held.dataset_id)
    ]
    if not others:
        return []
    metafeatures = [sources[t].metafeatures for t in others]
    weights = task_weights(held.metafeatures, metafeatures, np.zeros(len(others), dtype=bool))
    chosen = greedy_portfolio(table.scores[others], weights, n)
    return [
        float(table.scores[left_out, c] - weights @ table.scores[others, c])
        for c in chosen
        if table.observed[left_out, c]
    ]
