"""Families of the store that may speak for a space of somebody's own, and how far.

A space with a new name has no past. But its learning rate is one, its batch size is one, and the
families of the store have learned what these do. Each family is a *kin*: its past tasks, seen
through a bridge of roles (`advisor.encoding.bridge`). What the space does not say of a network
stands as in the family's library default; only whether it is trained by SGD or by a relative of
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

from advisor.encoding.bridge import Bridge, Partners, bridge, partners
from advisor.encoding.roles import roles_of
from advisor.meta.cache import recall
from advisor.meta.experience import Experience
from advisor.models import FAMILIES, ModelFamily
from advisor.surrogates import BridgedPart
from knowledge_base import KnowledgeBase
from knowledge_base.space import SpaceDefinition

LEARNED = Path(__file__).with_name("kin.json")
"""What leaving families out has taught."""

MIN_PARTNERS = 2
"""Hyperparameters that a space must have in common with a family for that to speak: with one,
nothing says that the space is of a network at all."""

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
        groups: which of the g questions about the space each variant answers, length v.
    """

    family: ModelFamily
    experience: Experience
    space: SpaceDefinition
    partners: Partners
    bridge: Bridge
    groups: tuple[int, ...]

    @property
    def part(self) -> BridgedPart:
        """Its models, seen from the space: t x g rows."""
        return BridgedPart.of(self.experience.models, self.bridge, self.groups)

    @property
    def n_groups(self) -> int:
        """How often each past task speaks."""
        return max(self.groups) + 1


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
    for name in sorted(FAMILIES):
        family = FAMILIES.find(name)()
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
    variants = _variants(family.space(), space, shared)
    across = bridge(space, family.space(), shared, variants)
    return Kin(family, experience, family.space(), shared, across, tuple(range(len(variants))))


def _variants(
    own: SpaceDefinition, space: SpaceDefinition, shared: Partners
) -> list[Mapping[str, object]]:
    """Return configurations of a family for what a space does not say of its networks."""
    roles, default = roles_of(space), own.default()
    layers = roles.names("units")
    if len(layers) > 1 and "n_layers" not in shared.of and "n_layers" in default:
        default["n_layers"] = min(len(layers), int(own.hyperparameters["n_layers"].high or 1))
    optimizers: Sequence[str] = OPTIMIZERS if roles.optimizer is None else (roles.optimizer,)
    if "optimizer" in shared.of or "optimizer" not in default:
        return [default]
    return [
        {**default, "optimizer": name, **({"momentum": SGD_MOMENTUM} if name == "sgd" else {})}
        for name in optimizers
    ]


def kin_weights(kin: Sequence[Kin], metafeatures: Mapping[str, float] | None) -> np.ndarray:
    """Return how much each row of the kin counts, summing to 1, shape (rows,).

    Families count evenly, however many tasks they have, and so do the tasks of a family, unless
    metafeatures tell which are alike: then the family of the same kind of data counts for more,
    and within it those tasks.

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
        parts.append(of_family * np.tile(tasks / one.n_groups, one.n_groups))
    weights = np.concatenate(parts)
    total: np.ndarray = weights / weights.sum()
    return total


def _same_kind(experience: Experience, metafeatures: Mapping[str, float]) -> bool:
    """Return whether most of what is known of the data is known of the family's tasks, too."""
    names = set(experience.agreement.names)
    return bool(names) and len(names & set(metafeatures)) > len(set(metafeatures)) / 2
