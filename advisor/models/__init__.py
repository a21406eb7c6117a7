"""Model families, each one file behind `ModelFamily`."""

from typing import TYPE_CHECKING

from advisor.models.base import BuiltInFamily, ModelFamily
from advisor.models.own import ModuleFamily
from advisor.models.registry import FAMILIES, family_for, family_names, get_family

if TYPE_CHECKING:
    from advisor.models.cnn import CNN
    from advisor.models.forecaster import Forecaster
    from advisor.models.mlp import MLP
    from advisor.models.rnn import RNN

_CLASSES = {"MLP": "mlp", "CNN": "cnn", "RNN": "rnn", "Forecaster": "forecaster"}

__all__ = [
    "CNN",
    "FAMILIES",
    "MLP",
    "RNN",
    "BuiltInFamily",
    "Forecaster",
    "ModelFamily",
    "ModuleFamily",
    "family_for",
    "family_names",
    "get_family",
]


def __getattr__(name: str) -> object:
    """Return the class of a built-in family, imported on first use."""
    if name in _CLASSES:
        return FAMILIES[_CLASSES[name]]
    raise AttributeError(f"module 'advisor.models' has no attribute '{name}'")
