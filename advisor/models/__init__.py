"""Model families, each one file behind `ModelFamily`."""

import difflib

from advisor.models.base import ModelFamily
from advisor.models.mlp import MLP
from knowledge_base.errors import UserError

FAMILIES: dict[str, type[ModelFamily]] = {family.name: family for family in (MLP,)}

__all__ = ["FAMILIES", "MLP", "ModelFamily", "family_names", "get_family"]


def family_names() -> list[str]:
    """Return the names of all families."""
    return sorted(FAMILIES)


def get_family(name: str) -> ModelFamily:
    """Return the family of that name.

    Raises:
        UserError: there is none; the nearest are suggested.
    """
    if name not in FAMILIES:
        near = difflib.get_close_matches(name, FAMILIES, n=1) or family_names()
        raise UserError(f"No model family is called '{name}'. Try {' or '.join(near)}.")
    return FAMILIES[name]()
