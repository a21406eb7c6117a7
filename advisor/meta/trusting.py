"""How far each contributor of a knowledge base is believed: a word, and a share of the weight."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from advisor.meta.cache import recall
from advisor.meta.experience import Experience
from advisor.meta.reading import UNNAMED
from advisor.meta.standing import owner_of
from advisor.models import FAMILIES, get_family
from knowledge_base import KnowledgeBase
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import JsonObject

WORDS = ("refuted", "unconfirmed", "confirmed")
"""What somebody else is, the worse first."""

TRUSTED = "trusted"
"""What ships, and who the user is himself."""

TOO_LITTLE = "too few trials"
"""Of whom no task has enough trials to say anything."""


@dataclass(frozen=True)
class Trust:
    """How far a contributor is believed.

    Attributes:
        word: "refuted", "unconfirmed" or "confirmed"; the worst of his families.
        weight: the largest part of all weight that his tasks have among those of a family, where
            nothing is known of a new task, in [0, 1].
    """

    word: str
    weight: float


def trust_of(kb: KnowledgeBase) -> Mapping[str, Trust]:
    """Return how far others are believed, by their names; who has too few trials is missing.

    Every family and space in which others have trials is looked at, and learned if it is not yet.

    Args:
        kb: past trials.
    """
    found: dict[str, Trust] = {}
    for family, space in _spoken_of(kb):
        experience = recall(kb, space, family)
        for name, trust in _of(experience).items() if experience is not None else ():
            known = found.get(name, trust)
            word = min(known.word, trust.word, key=WORDS.index)
            found[name] = Trust(word, max(known.weight, trust.weight))
    return found


def contributors(kb: KnowledgeBase) -> list[JsonObject]:
    """Return who contributed, as `KnowledgeBase.contributors` does, and how far each is believed.

    Args:
        kb: past trials.

    Returns:
        Its rows with `trust` ("trusted", "confirmed", "unconfirmed", "refuted" or "too few trials")
        and `weight`, as in `Trust`, None where it is not bounded.
    """
    stored = kb.contributors().to_dict("records")
    rows: list[JsonObject] = [{str(name): v for name, v in row.items()} for row in stored]
    known = trust_of(kb)
    for row in rows:
        own = row["layer"] != "user" or row["name"] == kb.me
        trust = None if own else known.get(row["name"] or UNNAMED)
        if trust is not None:
            row |= {"trust": trust.word, "weight": trust.weight}
        elif own or not row["name"]:
            row |= {"trust": TRUSTED, "weight": None}
        else:
            row |= {"trust": TOO_LITTLE, "weight": 0.0}
    return rows


def _of(experience: Experience) -> dict[str, Trust]:
    standing, n = experience.standing, len(experience)
    weights = standing.bounded(np.full(n, 1 / n))
    owners = np.array([owner_of(task) for task in experience.tasks])
    found = {}
    for name in sorted(set(owners[~standing.trusted].tolist())):
        mine = owners == name
        refuted = not standing.factor[mine].any()
        word = 0 if refuted else 2 if standing.confirmed[mine].any() else 1
        found[name] = Trust(WORDS[word], 0.0 if refuted else float(weights[mine].sum()))
    return found


def _spoken_of(kb: KnowledgeBase) -> list[tuple[str, SpaceDefinition]]:
    """Return the families with their spaces, of which others contributed trials."""
    rows = kb.query(
        "SELECT DISTINCT family, space_id, study_id, contributor FROM studies JOIN tasks "
        "USING (task_id) WHERE studies.layer = 'user' ORDER BY ALL"
    )
    foreign = rows["study_id"].isin(list(kb.imported_studies()))
    foreign |= ~rows["contributor"].fillna("").isin([kb.me, ""])
    others = rows[foreign].drop_duplicates(["family", "space_id"])
    usable = {kind.name for kind in FAMILIES.usable()}
    found: dict[tuple[str, str], SpaceDefinition] = {}
    for family, space_id in zip(others["family"], others["space_id"], strict=True):
        # Trials of older spaces of a family that ships count by what they share with today's.
        space = get_family(family).space() if family in usable else kb.space(space_id)
        found[family, space.space_id] = space
    return [(family, space) for (family, _), space in found.items()]
