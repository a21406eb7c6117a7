"""The search space that was given, and the part of it that is searched."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from knowledge_base.space import SpaceDefinition, restricted


def space_of(given: str | Path | SpaceDefinition) -> SpaceDefinition:
    """Return a search space.

    Args:
        given: itself, or a file with it.

    Raises:
        UserError: the file cannot be read or is no space.
    """
    return given if isinstance(given, SpaceDefinition) else SpaceDefinition.read(given)


def part_of(
    space: SpaceDefinition, only: Sequence[str] | None, fix: Mapping[str, object] | None
) -> SpaceDefinition:
    """Return the part of a space that is to be searched.

    Args:
        space: the whole of it.
        only: the hyperparameters to search; None for all.
        fix: values of others by name.

    Raises:
        UserError: an unknown hyperparameter or an illegal value.
    """
    return restricted(space, only, fix) if only is not None or fix else space
