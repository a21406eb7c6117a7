"""What users of other tools give our parts in them: a store, a space and numbers."""

from pathlib import Path

from advisor.checks import whole
from knowledge_base import KnowledgeBase
from knowledge_base.space import SpaceDefinition


def given_store(kb: KnowledgeBase | str | Path | None) -> KnowledgeBase | None:
    """Return a knowledge base that was given itself or as the path of its file, None without."""
    return KnowledgeBase(kb) if isinstance(kb, str | Path) else kb


def given_space(space: SpaceDefinition | str | Path | None) -> SpaceDefinition | None:
    """Return a search space that was given itself or as its file, None without.

    Raises:
        UserError: the file is wrong.
    """
    return SpaceDefinition.read(space) if isinstance(space, str | Path) else space


def check_numbers(n_warm: int, seed: int, epochs: int | None) -> None:
    """Refuse what no search can have.

    Args:
        n_warm: configurations to take from the past, from 0.
        seed: of random choices, from 0.
        epochs: reports of a whole training, from 1; None where that is not known.

    Raises:
        UserError: a number is impossible.
    """
    whole("n_warm", n_warm, 0)
    whole("seed", seed, 0)
    if epochs is not None:
        whole("epochs", epochs, 1)
