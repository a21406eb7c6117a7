"""The table of past tasks by candidate configurations, gaps filled by surrogates."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from advisor.meta.history import SourceTask
from advisor.meta.surrogate import GridGP

MAX_CANDIDATES = 600
"""Enough for every shared configuration of the seed and the best of each tuned study."""


class CandidateTable:
    """Scores of all candidate configurations on all past tasks.

    Attributes:
        configs: candidate configurations, length c.
        scores: share of random configurations beaten, shape (t, c).
        observed: whether the score was measured or predicted, shape (t, c).
    """

    def __init__(self, sources: Sequence[SourceTask]) -> None:
        """Collect the candidates of `sources` and fill in what was not tried."""
        self._sources = sources
        chosen = _candidates(sources)
        self.configs: list[Mapping[str, Any]] = [config for config, _ in chosen.values()]
        columns = {key: column for column, key in enumerate(chosen)}
        encoded = np.array([row for _, row in chosen.values()])
        self.scores = np.full((len(sources), len(chosen)), np.nan)
        self._values = np.full_like(self.scores, np.nan)
        for t, source in enumerate(sources):
            rows = [i for i, key in enumerate(source.keys) if key in columns]
            where = [columns[source.keys[i]] for i in rows]
            self.scores[t, where] = source.scores[rows]
            self._values[t, where] = source.values[rows]
        self.observed = np.isfinite(self.scores)
        self._fill(encoded)

    def value(self, task: int, column: int) -> float | None:
        """Return the metric that a candidate reached on a task, None if not tried."""
        value = self._values[task, column]
        return float(value) if np.isfinite(value) else None

    def _fill(self, encoded: np.ndarray) -> None:
        for t, source in enumerate(self._sources):
            gaps = ~self.observed[t]
            if gaps.any():
                model = GridGP(source.encoded, source.scores)
                self.scores[t, gaps] = model.predict(encoded[gaps])


def _candidates(
    sources: Sequence[SourceTask],
) -> dict[str, tuple[Mapping[str, Any], np.ndarray]]:
    """Return the best configurations of every task in turn, up to MAX_CANDIDATES."""
    orders = [np.argsort(-source.scores, kind="stable") for source in sources]
    chosen: dict[str, tuple[Mapping[str, Any], np.ndarray]] = {}
    for place in range(max(len(order) for order in orders)):
        for source, order in zip(sources, orders, strict=True):
            if place >= len(order) or len(chosen) >= MAX_CANDIDATES:
                continue
            i = order[place]
            chosen.setdefault(source.keys[i], (source.configs[i], source.encoded[i]))
    return chosen
