"""How far past tasks that others contributed are believed.

What ships and what the user contributed himself is trusted. Anybody else may say anything under any
name, so that what he says only counts as far as it agrees with that, and never for much:

- Tasks that are near-copies of each other, in their metafeatures or in what they say of all
  candidates, count as one, whatever their number and whoever contributed them. What is about
  the data of a trusted task says nothing for who contributed it: anybody can copy what ships.
- A contributor is *refuted*, and counts for nothing, where his tasks by their median agree less
  with the trusted ones than nearly all of these agree with each other, or where what he calls best
  is worse by the trusted ones than what nearly all of these call best; so is one task that agrees
  far less. He is *confirmed* with enough tasks that by their median agree as trusted ones do, and
  nearly all better than a refuted contributor's.
- A task counts as far as it agrees with itself, where configurations were tried again, and with
  what others found of the same configurations on the same task: the trusted ones where there are
  any, else the confirmed ones, else the median over all others, near-copies being one.
- The weight of each contributor, of all unconfirmed ones and of all others together is bounded.
- What a task of others says of a configuration is moved into the range of what trusted tasks say,
  for candidates and, for a search, before its model is fitted.
- With hardly any trusted task, who contradicts the median over the other contributors is refuted,
  nobody is confirmed, and none has more than a third of the weight, or an even share.

It is truth discovery (Yin et al. 2008; Li et al. 2016) with sources that are known to be honest,
and winsorised as robust aggregation is (Yin et al. 2018, "Byzantine-robust distributed learning").
What tasks have in common is found in `testimony`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.meta.past_task import PastTask
from advisor.meta.similarity import Agreement, standard_ranks
from advisor.meta.testimony import agreement_on_tasks, consensus, copies_of, evidence

REFUTED = 0.05
"""Share of trusted tasks that agree less with the others than who is refuted."""

CONFIRMED = 0.25
"""Share of trusted tasks that agree less with the others than who is confirmed."""

FEW = 0.25
"""Share of a contributor's tasks that may be refuted where he is confirmed."""

ENOUGH = 3
"""Tasks that are no near-copies of each other by which a contributor can be confirmed."""

MIN_TRUSTED = 5
"""With fewer trusted tasks nobody can be refuted or confirmed."""

MAX_UNCONFIRMED, MAX_ONE, MAX_OTHERS = 0.05, 0.15, 0.4
"""Bounds of the weight of all who are unconfirmed, of a confirmed one, and of all others."""

MAX_PEER = 1 / 3
"""Bound of a contributor's weight where nothing is trusted, or an even share if that is more."""

FULL_AGREEMENT = 0.5
"""Rank correlation with what others found of the same from which on a task counts in full."""

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
        else:
            found = self._among_peers(found)
        total = found.sum()
        shares: np.ndarray = found / total if total > 0 else weights
        return shares

    def _among_peers(self, weights: np.ndarray) -> np.ndarray:
        """Return weights where nothing is trusted, none with more than `MAX_PEER`, shape (t,).

        What is above the bound goes to the others, in turn, as long as any is above.
        """
        sums = np.bincount(self.owners, weights=weights)
        speaking = np.flatnonzero(sums)
        if not len(speaking):
            return weights
        shares = sums / sums.sum()
        most = max(MAX_PEER, 1 / len(speaking))
        for _ in speaking:
            above, below = shares >= most - 1e-12, (shares > 0) & (shares < most - 1e-12)
            rest = 1.0 - most * above.sum()
            if not below.any() or shares[below].sum() >= rest - 1e-12:
                break
            shares = np.where(above, most, shares * rest / shares[below].sum())
        shares = np.minimum(shares, most)
        peers: np.ndarray = weights * (shares / np.where(sums > 0, sums, 1.0))[self.owners]
        return peers

    def believed(self, scores: np.ndarray) -> np.ndarray:
        """Return scores, those of others within the range of trusted ones, shape (t, c)."""
        if self.trusted.all() or self.trusted.sum() < MIN_TRUSTED:
            return scores
        low, high = range_of(scores[self.trusted])
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


def range_of(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the range that what others say is moved into, twice of shape (c,).

    Args:
        scores: what trusted tasks say of c configurations, shape (t, c).
    """
    low, high = np.quantile(scores, [LOW, HIGH], axis=0)
    return low, high


def standing_of(tasks: Sequence[PastTask], scores: np.ndarray, agreement: Agreement) -> Standing:
    """Return how far past tasks are believed.

    Args:
        tasks: past tasks, length t.
        scores: normal scores expected of candidates, shape (t, c).
        agreement: what standardises metafeatures.
    """
    trusted = np.array([task.trusted for task in tasks], dtype=bool)
    names = {name: place for place, name in enumerate(sorted({owner_of(task) for task in tasks}))}
    owners = np.array([names[owner_of(task)] for task in tasks], dtype=int)
    factor, confirmed = np.ones(len(tasks)), np.zeros(len(tasks), dtype=bool)
    others = np.flatnonzero(~trusted)
    if not len(others):
        return Standing(trusted, confirmed, factor, owners)
    ranks = standard_ranks(scores)
    copies = copies_of(tasks, ranks, agreement)
    # A trusted task is one of its near-copies, and counts for itself.
    factor[others] = 1.0 / np.bincount(copies)[copies[others]]
    if trusted.sum() >= MIN_TRUSTED:
        refuted, confirmed[others] = _judged(scores, ranks, trusted, owners[others], copies)
    else:
        refuted = consensus(ranks[others], owners[others], copies[others]) < 0
    factor[others[refuted]] = 0.0
    own = np.array([task.steady for task in tasks])[others]
    same = agreement_on_tasks(tasks, owners, confirmed, copies)[others]
    factor[others] *= own * np.clip(same / FULL_AGREEMENT, 0.0, 1.0)
    confirmed &= factor > 0
    return Standing(trusted, confirmed, factor, owners)


def _judged(
    scores: np.ndarray,
    ranks: np.ndarray,
    trusted: np.ndarray,
    owners: np.ndarray,
    copies: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return which of others' tasks are refuted, and which are of a confirmed contributor, (o,).

    Args:
        scores: normal scores expected of candidates, shape (t, c).
        ranks: standard ranks of the same, shape (t, c).
        trusted: mask of the trusted tasks, shape (t,).
        owners: whose the others are, shape (o,).
        copies: group of near-copies that each task is in, shape (t,).
    """
    usual, found = evidence(scores, ranks, trusted)
    least, enough = np.quantile(usual, [REFUTED, CONFIRMED], axis=1)
    # One task may be unlike others, honestly: it must lie as far below as that is below a quartile.
    refuted = (found < (2 * least - enough)[:, None]).any(0)
    confirmed = np.zeros(len(owners), dtype=bool)
    copied, of_others = set(copies[trusted].tolist()), copies[~trusted]
    for owner in np.unique(owners):
        mine = np.flatnonzero(owners == owner)
        groups = {int(copy): mine[of_others[mine] == copy] for copy in of_others[mine]}
        said = {copy: found[:, places].mean(1) for copy, places in groups.items()}
        if (np.median(list(said.values()), axis=0) < least).any():
            refuted[mine] = True
            continue
        new = np.array([what for copy, what in said.items() if copy not in copied])
        if len(new) >= ENOUGH:
            few = np.mean((new < least).any(1)) <= FEW
            confirmed[mine] = few and (np.median(new, axis=0) >= enough).all()
    return refuted, confirmed


def owner_of(task: PastTask) -> str:
    """Return whose a task is, "" for what is trusted."""
    return "" if task.trusted else " ".join(task.contributors)
