"""Families of the store that may speak for a space of somebody's own, and how far.

A space with a new name has no past. But its learning rate is one, its batch size is one, and the
families of the store have learned what these do. Each family is a *kin*: its past tasks, seen
through a bridge of roles (`advisor.encoding.bridge`). What the space does not say of its networks
is averaged over several of the family's; only whether they are trained by SGD or by a relative of
Adam, on which the learning rate depends most, is a question of its own: where nothing tells it,
each past task speaks twice, once for each.

How far kin are believed was learned by leaving each shipped family out in turn
(`scripts/seed/kin.py`), and stands in kin.json.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from advisor.encoding import Encoder, allowed
from advisor.encoding.bridge import Bridge, Partners, bridge, partners
from advisor.encoding.roles import roles_of
from advisor.meta.cache import recall
from advisor.meta.experience import Experience
from advisor.models import FAMILIES, ModelFamily
from knowledge_base import KnowledgeBase
from knowledge_base.space import Hyperparameter, SpaceDefinition
from knowledge_base.types import Config

LEARNED = Path(__file__).with_name("kin.json")
"""What leaving families out has taught."""

MIN_PARTNERS = 2
"""Hyperparameters that a space must have in common with a family for that to speak: with one,
nothing says that the space is of a network at all."""

VARIANTS = 8
"""Networks of a family over which is averaged what a space does not say of its own."""

SHRINKING = ("learning_rate", "weight_decay")
SHRUNK_FROM = 1e-4
"""Learning rate times weight decay is what each step takes from every weight, by SGD as by AdamW.
From here on it is too much; models of a family have too few such trials to see it."""

COST_OF_SHRINKING = 0.13
"""Normal score that each tenfold beyond costs, more than models of families expect: what explained
the scores of left-out families besides those models (docs/method.md, section 8)."""

OPTIMIZERS = ("sgd", "adamw")
SGD_MOMENTUM = 0.9


@dataclass(frozen=True)
class Learned:
    """How far families speak for spaces of others, as leaving families out has taught.

    Attributes:
        trust: prior probability that they say something about a new space.
        shift, low, high: mean, 10% and 90% quantiles of what recommendations reached, less what
            was expected, in shares of random configurations beaten.
        own_kind: how much more a family counts whose data are of the same kind.
    """

    trust: float
    shift: float
    low: float
    high: float
    own_kind: float


@cache
def learned() -> Learned:
    """Return what leaving families out has taught."""
    return Learned(**json.loads(LEARNED.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Kin:
    """One family that speaks for a space.

    Attributes:
        family: its name.
        experience: its past tasks, t of them, in its own space.
        space: its own space.
        partners: what it has in common with the space.
        bridge: from the space to its own, v variants.
        groups: of each variant, length v, from 0 to g - 1: variants of one group are averaged,
            and in each group every past task speaks once.
    """

    family: ModelFamily
    experience: Experience
    space: SpaceDefinition
    partners: Partners
    bridge: Bridge
    groups: tuple[int, ...]

    @property
    def vouched(self) -> np.ndarray:
        """Mask of its rows that a word of confidence may rest on, shape (t x g,)."""
        return np.tile(self.experience.standing.vouched, self.n_groups)

    @property
    def n_groups(self) -> int:
        """How often each past task speaks."""
        return max(self.groups) + 1

    def predict(self, points: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return what some of its rows expect of points of the space, shape (r, n).

        Args:
            points: encoded in the space, shape (n, d).
            rows: places among the t x g rows, all tasks for each group in turn, shape (r,).
        """
        tasks, groups = rows % len(self.experience), rows // len(self.experience)
        across, found = self.bridge.across(points), np.empty((len(rows), len(points)))
        for group in np.unique(groups):
            mine = np.flatnonzero(groups == group)
            variants = np.flatnonzero(np.array(self.groups) == group)
            models = self.experience.sound(tasks[mine].tolist())
            scores = models.predict(across[variants].reshape(-1, across.shape[2]))
            found[mine] = scores.reshape(len(mine), len(variants), -1).mean(1)
        return found - COST_OF_SHRINKING * self.shrinking(across[0])

    def shrinking(self, across: np.ndarray) -> np.ndarray:
        """Return by how many powers of ten weights shrink more than `SHRUNK_FROM`, shape (n,).

        It is none where the space lacks a learning rate or a weight decay, or the family has them
        on another scale than a logarithmic one.

        Args:
            across: points of the family, shape (n, e).
        """
        own = self.space.hyperparameters
        if not all(name in self.partners.of and own[name].log for name in SHRINKING):
            return np.zeros(len(across))
        columns, logs = Encoder(self.space).columns, -np.log10(SHRUNK_FROM) * np.ones(len(across))
        for name in SHRINKING:
            low, high = _ends(own[name])
            logs += low + across[:, columns.index(name)] * (high - low)
        beyond: np.ndarray = np.maximum(logs, 0.0)
        return beyond


def kin_of(
    kb: KnowledgeBase, space: SpaceDefinition, exclude_datasets: Collection[str] = ()
) -> list[Kin]:
    """Return the families that may speak for a space, in the order of their names.

    Args:
        kb: past trials.
        space: somebody's own.
        exclude_datasets: fingerprints of data sets whose tasks are not to be used.
    """
    found = []
    for kind in sorted(FAMILIES.usable(), key=lambda kind: kind.name):
        family, name = kind(), kind.name
        shared = partners(space, family.space())
        if len(shared.of) < MIN_PARTNERS:
            continue
        experience = recall(kb, family.space(), name)
        if experience is not None and exclude_datasets:
            tasks = experience.tasks
            places = [t for t, k in enumerate(tasks) if k.dataset_id not in set(exclude_datasets)]
            experience = experience.subset(places) if places else None
        if experience is not None:
            found.append(kin_by(family, experience, space, shared))
    return found


def kin_by(
    family: ModelFamily, experience: Experience, space: SpaceDefinition, shared: Partners
) -> Kin:
    """Return a family as kin of a space with which it shares some hyperparameters."""
    variants, groups = _variants(family.space(), space, shared)
    across = bridge(space, family.space(), shared, variants)
    return Kin(family, experience, family.space(), shared, across, groups)


def _variants(
    own: SpaceDefinition, space: SpaceDefinition, shared: Partners
) -> tuple[list[Config], tuple[int, ...]]:
    """Return configurations of a family for what a space does not say, and their groups.

    One is the library default, the others are drawn evenly.
    """
    roles, default = roles_of(space), own.default()
    points = np.random.default_rng(0).random((4 * VARIANTS, len(own.hyperparameters)))
    drawn = own.records(allowed(own, points))[: VARIANTS - 1]
    layers = len(roles.names("units"))
    told = {}
    if layers > 1 and "n_layers" in default:
        told["n_layers"] = min(layers, int(own.hyperparameters["n_layers"].high or 1))
    optimizers: Sequence[str] = OPTIMIZERS if roles.optimizer is None else (roles.optimizer,)
    if "optimizer" in shared.of or "optimizer" not in default:
        every: list[Config] = [{**default, **one, **told} for one in [default, *drawn]]
        return every, (0,) * len(every)
    found: list[Config] = [
        {**default, "momentum": SGD_MOMENTUM, **one, **told, "optimizer": name}
        for name in optimizers
        for one in [default, *drawn]
    ]
    return found, tuple(np.repeat(np.arange(len(optimizers)), len(drawn) + 1).tolist())


def _ends(h: Hyperparameter) -> tuple[float, float]:
    """Return the logarithms of the bounds of a positive number, to base 10."""
    assert h.low is not None
    assert h.high is not None
    return float(np.log10(h.low)), float(np.log10(h.high))


def kin_weights(kin: Sequence[Kin], metafeatures: Mapping[str, float] | None) -> np.ndarray:
    """Return how much each row of the kin counts, summing to 1, shape (rows,).

    Families count evenly, however many tasks they have, and so do the tasks of a family, unless
    metafeatures tell which are alike: then the family of the same kind of data counts for more,
    and within it those tasks. Others' tasks count as far as they are believed (`standing`).

    Args:
        kin: at least one.
        metafeatures: of the new data set, None where nothing is known of it.
    """
    parts = []
    for one in kin:
        experience, of_family = one.experience, 1.0
        tasks = np.full(len(experience), 1 / len(experience))
        if metafeatures and _same_kind(experience, metafeatures):
            known = [task.metafeatures for task in experience.tasks]
            expected = experience.agreement.predict(metafeatures, known)
            alike = np.exp(experience.calibration.sharpness * (expected - expected.max()))
            tasks, of_family = alike / alike.sum(), learned().own_kind
        tasks = experience.standing.bounded(tasks)
        parts.append(of_family * np.tile(tasks / one.n_groups, one.n_groups))
    weights = np.concatenate(parts)
    total: np.ndarray = weights / weights.sum()
    return total


def _same_kind(experience: Experience, metafeatures: Mapping[str, float]) -> bool:
    """Return whether most of what is known of the data is known of the family's tasks, too."""
    names = set(experience.agreement.names)
    return bool(names) and len(names & set(metafeatures)) > len(set(metafeatures)) / 2
