"""The family of a network that the user builds."""

from pathlib import Path

from advisor.models import ModuleFamily
from advisor.problem.parts import space_of
from advisor.training.loading import check_call, load_function
from knowledge_base.errors import UserError
from knowledge_base.space import SpaceDefinition


def network_of(
    module: object,
    space: str | Path | SpaceDefinition | None,
    name: str | None = None,
) -> ModuleFamily:
    """Return the family of a user's network.

    Args:
        module: the function that builds it, "FILE.py:FUNCTION", or the family itself.
        space: its search space, or a file with it.
        name: that trials are stored under; default the space's.

    Raises:
        UserError: the space is missing, or one of them cannot be used.
    """
    if isinstance(module, ModuleFamily):
        return module
    if space is None:
        raise UserError("`module` needs `space=FILE`, the search space of your function.")
    known, label = space_of(space), module if isinstance(module, str) else None
    build = load_function(module, "module") if isinstance(module, str) else module
    if not callable(build):
        raise UserError(f"`module` is to be a function or FILE.py:FUNCTION, not {build!r}.")
    check_call(build, "module", "config", "n_inputs", "n_outputs")
    return ModuleFamily(build, known, name, label)
