"""Model families, each one file behind `ModelFamily`."""

import difflib

from advisor.models.base import ModelFamily
from advisor.models.cnn import CNN
from advisor.models.forecaster import Forecaster
from advisor.models.mlp import MLP
from advisor.models.own import ModuleFamily
from advisor.models.rnn import RNN
from knowledge_base.errors import UserError

FAMILIES: dict[str, type[ModelFamily]] = {
    family.name: family for family in (MLP, CNN, RNN, Forecaster)
}

__all__ = [
    "CNN",
    "FAMILIES",
    "MLP",
    "RNN",
    "Forecaster",
    "ModelFamily",
    "ModuleFamily",
    "family_for",
    "family_names",
    "get_family",
]


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


def family_for(modality: str) -> ModelFamily:
    """Return the first family that takes data of this modality."""
    return next(family() for family in FAMILIES.values() if family.modality == modality)
