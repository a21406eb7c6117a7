"""The built-in families by their names, imported when first asked for."""

from advisor.models.base import BuiltInFamily, ModelFamily
from knowledge_base.registry import Registry

FAMILIES: Registry[type[BuiltInFamily]] = Registry(
    "model family",
    {
        "mlp": "advisor.models.mlp:MLP",
        "cnn": "advisor.models.cnn:CNN",
        "rnn": "advisor.models.rnn:RNN",
        "forecaster": "advisor.models.forecaster:Forecaster",
    },
    group="advisor.families",
    base=BuiltInFamily,
)
"""Families by their names, built in or of plug-ins; one of ours is a file and its line here."""


def family_names() -> list[str]:
    """Return the names of all families."""
    return sorted(FAMILIES)


def get_family(name: str) -> BuiltInFamily:
    """Return the family of that name.

    Raises:
        UserError: there is none; the nearest are suggested.
    """
    return FAMILIES.find(name)()


def family_for(modality: str) -> ModelFamily:
    """Return the first family that takes data of this modality."""
    return next(family() for family in FAMILIES.usable() if family.modality == modality)
