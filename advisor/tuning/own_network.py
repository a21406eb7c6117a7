"""From a function that builds a network, by reference or itself, to a model family."""

from pathlib import Path

from advisor.models import FAMILIES, ModuleFamily
from advisor.models.own import ModuleFactory
from advisor.training.objective import load_function
from advisor.tuning.settings import TuneSettings
from knowledge_base.errors import UserError
from knowledge_base.space import SpaceDefinition


def network_of(
    module: str | ModuleFactory | None,
    space: str | Path | SpaceDefinition | None,
    name: str | None = None,
) -> ModuleFamily:
    """Return the family of a user's network.

    Args:
        module: the function that builds it, or "FILE.py:FUNCTION".
        space: its search space, or a file with it.
        name: that trials are stored under; default the space's.

    Raises:
        UserError: one of them is missing or cannot be used.
    """
    if module is None or space is None:
        raise UserError("A network of your own needs both, the module and its space.")
    if not isinstance(space, SpaceDefinition):
        space = SpaceDefinition.read(space)
    if isinstance(module, str):
        return ModuleFamily(load_function(module, "module"), space, name, label=module)
    return ModuleFamily(module, space, name)


def own_family(settings: TuneSettings) -> ModuleFamily | None:
    """Return the family of the user's network in the settings, None if they have none."""
    if settings.module is None:
        return None
    return network_of(settings.module, settings.space, settings.family)


def refuse_without_network(settings: TuneSettings, study: str) -> None:
    """Refuse to resume a study whose network was given from Python, and is not at hand.

    Raises:
        UserError: says how to go on.
    """
    from_python = settings.module is None and settings.data is not None
    if from_python and settings.family not in (None, *FAMILIES):
        raise UserError(
            f"The study '{study}' trains a network that was given from Python; go on there with "
            f"resume(settings, kb, name={study!r}, family=ModuleFamily(build, space))."
        )
