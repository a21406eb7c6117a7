"""Model families, each one file behind `ModelFamily`, imported when first asked for."""

from typing import TYPE_CHECKING

from advisor.models.base import BuiltInFamily, ModelFamily
from advisor.models.own import ModuleFamily
from knowledge_base.registry import Registry

if TYPE_CHECKING:
    from advisor.models.cnn import CNN
    from advisor.models.forecaster import Forecaster
    from advisor.models.mlp import MLP
    from advisor.models.rnn import RNN

FAMILIES: Registry[type[BuiltInFamily]] = Registry(
    "model family",
    {
        "mlp": "advisor.models.mlp:MLP",
        "cnn": "advisor.models.cnn:CNN",
        "rnn": "advisor.models.rnn:RNN",
        "forecaster": "advisor.models.forecaster:Forecaster",
    },
)
"""The built-in families by their names; adding one is adding its file and its line here."""

_CLASSES = {"MLP": "mlp", "CNN": "cnn", "RNN": "rnn", "Forecaster": "forecaster"}

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


def __getattr__(name: str) -> object:
    if name in _CLASSES:
        return FAMILIES[_CLASSES[name]]
    raise AttributeError(f"module 'advisor.models' has no attribute '{name}'")


def family_names() -> list[str]:
    """Return the names of all families."""
    return sorted(FAMILIES)


def get_family(name: str) -> ModelFamily:
    """Return the family of that name.

    Raises:
        UserError: there is none; the nearest are suggested.
    """
    return FAMILIES.find(name)()


def family_for(modality: str) -> ModelFamily:
    """Return the first family that takes data of this modality."""
    return next(family() for family in FAMILIES.values() if family.modality == modality)
