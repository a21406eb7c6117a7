"""All groups of metafeatures, found in the modules of `advisor.metafeatures.groups`."""

import inspect
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from advisor.metafeatures import groups as package
from advisor.metafeatures.base import AnyGroup, MetafeatureGroup


@cache
def all_groups() -> tuple[AnyGroup, ...]:
    """Return one instance of each group, in the order of the names of their modules."""
    modules = sorted(module.name for module in iter_modules(package.__path__))
    return tuple(
        member()
        for module in modules
        for member in vars(import_module(f"{package.__name__}.{module}")).values()
        if inspect.isclass(member)
        and issubclass(member, MetafeatureGroup)
        and member.__module__.endswith(f".{module}")
    )


def groups_of(modality: str) -> list[AnyGroup]:
    """Return the groups that describe data sets of a modality."""
    return [group for group in all_groups() if group.modality == modality]


def descriptions(modality: str = "table") -> dict[str, str]:
    """Return what each metafeature of a modality is, by full name, in listed order."""
    return {
        f"{group.name}.{name}": text
        for group in groups_of(modality)
        for name, text in group.descriptions.items()
    }
