"""The space of one trial among those of a search whose space grew, or that asked as it liked.

A trial keeps its own space: what it lacks, though nothing says when it is there, was inactive.
"""

from collections.abc import Collection

from knowledge_base.space import SpaceDefinition
from knowledge_base.space.conditions import parents_of
from knowledge_base.types import Config


def lacking(space: SpaceDefinition, config: Config) -> set[str]:
    """Return the hyperparameters that are active by the conditions, and have no value."""
    return space.active(config) - set(config)


def without(space: SpaceDefinition, config: Config, absent: Collection[str]) -> SpaceDefinition:
    """Return a space without some hyperparameters, as a trial that lacks them had it.

    What is there only for certain values of theirs goes with them, unless the trial has it.

    Args:
        space: the space of the whole search.
        config: the values of the trial.
        absent: hyperparameters that it lacks.
    """
    gone = set(absent)
    while True:
        orphans = {
            condition["child"]
            for condition in space.conditions
            if condition["child"] not in {*config, *gone} and parents_of(condition) & gone
        }
        if not orphans:
            break
        gone |= orphans
    plain = space.to_dict()
    plain["hyperparameters"] = [h for h in plain["hyperparameters"] if h["name"] not in gone]
    plain["conditions"] = [
        condition
        for condition in plain["conditions"]
        if condition["child"] not in gone and not parents_of(condition) & gone
    ]
    return SpaceDefinition.from_dict(plain, f"space '{space.name}'", stored=True)
