"""The meta-learner: from past tasks and a new one to a ranked list of configurations."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from advisor.meta.calibration import Calibration, calibrate
from advisor.meta.candidates import CandidateTable
from advisor.meta.history import SourceTask
from advisor.meta.portfolio import greedy_portfolio
from advisor.meta.recommendation import Evidence, Query, Recommendation
from advisor.meta.similarity import SAME_DATASET_SHARE, task_weights

EVIDENCE_SHOWN = 5


class MetaLearner(ABC):
    """Recommends configurations for a new task from past ones."""

    @abstractmethod
    def recommend(self, query: Query, n: int) -> list[Recommendation]:
        """Return up to `n` recommendations, best first; none without any history."""


class NearestPortfolio(MetaLearner):
    """Greedy portfolio over past tasks, weighted by the distance of their metafeatures.

    Without metafeatures on either side all past tasks count evenly. Expectations are
    corrected and their intervals made by leaving each past task out in turn.
    """

    def __init__(self, sources: Sequence[SourceTask]) -> None:
        """Take past tasks from `load_history`; all encoded in the same space."""
        self._sources = list(sources)
        self._table = CandidateTable(self._sources) if sources else None

    def recommend(self, query: Query, n: int) -> list[Recommendation]:
        """Return up to `n` recommendations, best first; none without any history."""
        if self._table is None:
            return []
        same = np.array([_same_data(query, source) for source in self._sources])
        metafeatures = [source.metafeatures for source in self._sources]
        weights = task_weights(query.metafeatures, metafeatures, same)
        chosen = greedy_portfolio(self._table.scores, weights, n)
        calibration = calibrate(self._sources, self._table, n)
        if same.any():
            calibration = calibration.narrowed(1 - SAME_DATASET_SHARE)
        return [
            self._recommendation(rank, column, weights, same, calibration)
            for rank, column in enumerate(chosen, start=1)
        ]

    def _recommendation(
        self,
        rank: int,
        column: int,
        weights: np.ndarray,
        same: np.ndarray,
        calibration: Calibration,
    ) -> Recommendation:
        assert self._table is not None
        raw = float(weights @ self._table.scores[:, column])
        interval = calibration.interval(raw)
        return Recommendation(
            rank=rank,
            config=dict(self._table.configs[column]),
            expected=calibration.expected(raw),
            interval=interval,
            confidence=confidence(interval),
            evidence=self._evidence(column, weights, same),
        )

    def _evidence(self, column: int, weights: np.ndarray, same: np.ndarray) -> tuple[Evidence, ...]:
        assert self._table is not None
        support = weights * self._table.scores[:, column]
        order = np.argsort(-support, kind="stable")[:EVIDENCE_SHOWN]
        return tuple(
            Evidence(
                task=self._sources[t].name,
                task_id=self._sources[t].task_id,
                weight=float(weights[t]),
                score=float(self._table.scores[t, column]),
                observed=bool(self._table.observed[t, column]),
                value=self._table.value(t, column),
                same_dataset=bool(same[t]),
            )
            for t in order
        )


def confidence(interval: tuple[float, float]) -> str:
    """Say in a word how sure the lower end of the 80% interval is.

    "high": very likely better than three quarters of random configurations; "medium":
    very likely better than half of them; "low": anything less.
    """
    if interval[0] >= 0.75:
        return "high"
    return "medium" if interval[0] >= 0.5 else "low"


def _same_data(query: Query, source: SourceTask) -> bool:
    if query.dataset_id is None:
        return query.task_id is not None and query.task_id == source.task_id
    return query.dataset_id == source.dataset_id and query.target == source.target
