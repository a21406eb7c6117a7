"""How far past tasks that others contributed are believed.

What ships and what the user contributed himself is trusted. Anybody else may say anything under any
name, so that what he says only counts as far as it agrees with that, and never for much:

- Tasks that are near-copies of each other, in their metafeatures or in what they say of all
  candidates, count as one, whatever their number and whoever contributed them.
- A contributor is *refuted*, and counts for nothing, where his tasks agree less with the trusted
  ones than nearly all of these agree with each other, or where what he calls best is worse by the
  trusted ones than what nearly all of these call best. He is *confirmed* with enough tasks that
  agree as trusted ones do. Both go by the median over his tasks.
- The weight of each contributor, of all unconfirmed ones and of all others together is bounded.
- What a task of others says of a candidate is moved into the range of what trusted tasks say.

It is truth discovery (Yin et al. 2008; Li et al. 2016) with sources that are known to be honest,
and winsorised as robust aggregation is (Yin et al. 2018, "Byzantine-robust distributed learning").
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.meta.past_task import PastTask
from advisor.meta.similarity import Agreement, standard_ranks

REFUTED = 0.05
"""Share of trusted tasks that agree less with the others than who is refuted."""

CONFIRMED = 0.25
"""Share of trusted tasks that agree less with the others than who is confirmed."""

ENOUGH = 3
"""Tasks that are no near-copies of each other by which a contributor can be confirmed."""

MIN_TRUSTED = 5
"""With fewer trusted tasks nobody can be refuted or confirmed."""

MAX_UNCONFIRMED, MAX_ONE, MAX_OTHERS = 0.05, 0.15, 0.4
"""Bounds of the weight of all who are unconfirmed, of a confirmed one, and of all others."""

SAME_FEATURES = 0.05
"""Mean absolute difference of standardised metafeatures below which tasks are near-copies."""

SAME_ANSWERS = 0.95
"""Rank correlation of what they say of the candidates above which tasks are near-copies."""

TOP = 0.02
"""Share of the candidates that a task calls best."""

LOW, HIGH = 0.1, 0.9
"""Quantiles of what trusted tasks say that bound what others say."""


@dataclass(frozen=True)
class Standing:
    """How far each of t past tasks is believed.

    Attributes:
        trusted: whether it ships, or is the user's own, shape (t,).
        confirmed: whether its contributor is confirmed, shape (t,).
        factor: what its weight is multiplied with, shape (t,).
        owners: whose it is, as numbers; meaningless for trusted ones, shape (t,).
    """

    trusted: np.ndarray
    confirmed: np.ndarray
    factor: np.ndarray
    owners: np.ndarray

    @property
    def vouched(self) -> np.ndarray:
        """Mask of the tasks that a word of confidence may rest on, shape (t,)."""
        found: np.ndarray = self.trusted | self.confirmed
        return found

    def bounded(self, weights: np.ndarray) -> np.ndarray:
        """Return weights that sum to 1, within the bounds, shape (t,).

        Args:
            weights: not negative, shape (t,).
        """
        if self.trusted.all():
            return weights
        found = weights * self.factor
        own = found[self.trusted].sum()
        if own > 0:
            found = found / own
            for owner in np.unique(self.owners[~self.trusted]):
                _scale_down(found, ~self.trusted & (self.owners == owner), MAX_ONE)
            _scale_down(found, ~self.vouched, MAX_UNCONFIRMED)
            _scale_down(found, ~self.trusted, MAX_OTHERS)
        total = found.sum()
        shares: np.ndarray = found / total if total > 0 else weights
        return shares

    def believed(self, scores: np.ndarray) -> np.ndarray:
        """Return scores, those of others within the range of trusted ones, shape (t, c)."""
        if self.trusted.all() or self.trusted.sum() < MIN_TRUSTED:
            return scores
        low, high = np.quantile(scores[self.trusted], [LOW, HIGH], axis=0)
        within: np.ndarray = np.where(self.trusted[:, None], scores, np.clip(scores, low, high))
        return within


def _scale_down(weights: np.ndarray, mask: np.ndarray, share: float) -> None:
    """Scale some weights, in place, so that they have no more than a share of all.

    Args:
        weights: those of trusted tasks sum to 1, shape (t,).
        mask: none of them trusted, shape (t,).
        share: of the sum of the trusted ones and these.
    """
    most, total = share / (1 - share), weights[mask].sum()
    if total > most:
        weights[mask] *= most / total


def standing_of(tasks: Sequence[PastTask], scores: np.ndarray, agreement: Agreement) -> Standing:
    """Return how far past tasks are believed.

    Args:
        tasks: past tasks, length t.
        scores: normal scores expected of candidates, shape (t, c).
        agreement: what standardises metafeatures.
    """
    trusted = np.array([task.trusted for task in tasks], dtype=bool)
    names = {name: place for place, name in enumerate(sorted({_owner(task) for task in tasks}))}
    owners = np.array([names[_owner(task)] for task in tasks], dtype=int)
    factor, confirmed = np.ones(len(tasks)), np.zeros(len(tasks), dtype=bool)
    others = np.flatnonzero(~trusted)
    if not len(others):
        return Standing(trusted, confirmed, factor, owners)
    ranks = standard_ranks(scores)
    copies = _copies([task for task in tasks if not task.trusted], ranks[others], agreement)
    sizes = np.bincount(copies)
    factor[others] = 1.0 / sizes[copies]
    if trusted.sum() >= MIN_TRUSTED:
        usual, found = _evidence(scores, ranks, trusted)
        for owner in np.unique(owners[others]):
            mine = np.flatnonzero(owners[others] == owner)
            groups = [found[:, mine[copies[mine] == copy]].mean(1) for copy in set(copies[mine])]
            median = np.median(groups, axis=0)
            if (median < np.quantile(usual, REFUTED, axis=1)).any():
                factor[others[mine]] = 0.0
            elif len(groups) >= ENOUGH:
                agrees = (median >= np.quantile(usual, CONFIRMED, axis=1)).all()
                confirmed[others[mine]] = agrees
    return Standing(trusted, confirmed, factor, owners)


def _owner(task: PastTask) -> str:
    return "" if task.trusted else " ".join(task.contributors)


def _evidence(
    scores: np.ndarray, ranks: np.ndarray, trusted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what trusted tasks say of each other, shape (2, trusted), and of others (2, others).

    It is the correlation with the mean of the trusted ones, and the mean's score of the candidates
    that the task calls best; a trusted task is compared with the mean of the others.
    """
    whole, n = ranks[trusted].sum(0), int(trusted.sum())
    scored = scores[trusted].sum(0)
    top = max(int(TOP * scores.shape[1]), 1)

    def of(task: int, mean_ranks: np.ndarray, mean_scores: np.ndarray) -> tuple[float, float]:
        best = np.argpartition(-scores[task], top - 1)[:top]
        alike = (ranks[task] * standard_ranks(mean_ranks[None])[0]).mean()
        return float(alike), float(mean_scores[best].mean())

    usual = [
        of(t, whole - ranks[t], (scored - scores[t]) / (n - 1))
        for t in np.flatnonzero(trusted).tolist()
    ]
    found = [of(t, whole, scored / n) for t in np.flatnonzero(~trusted).tolist()]
    return np.array(usual).T, np.array(found).T


def _copies(tasks: Sequence[PastTask], ranks: np.ndarray, agreement: Agreement) -> np.ndarray:
    """Return the number of the group of near-copies that each task is in, shape (o,)."""
    alike = (ranks @ ranks.T) / ranks.shape[1] > SAME_ANSWERS
    described = np.array([bool(task.metafeatures) for task in tasks])
    data = np.array([task.dataset_id or task.task_id for task in tasks])
    alike |= data[:, None] == data
    if agreement.names and described.any():
        table = agreement.standard([task.metafeatures for task in tasks])
        for place, row in enumerate(table):
            near = np.abs(table - row).mean(1) < SAME_FEATURES
            alike[place] |= near & described & described[place]
    return _components(alike)


def _components(alike: np.ndarray) -> np.ndarray:
    """Return the number of the connected component of each node, shape (o,)."""
    found = np.full(len(alike), -1)
    for start in range(len(alike)):
        if found[start] < 0:
            reached = np.zeros(len(alike), dtype=bool)
            front = np.zeros(len(alike), dtype=bool)
            front[start] = True
            while front.any():
                reached |= front
                front = alike[front].any(0) & ~reached
            found[reached] = found.max() + 1
    return found
