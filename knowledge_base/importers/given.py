"""Runs as configurations of a space that the user gave, or that the tool keeps."""

from collections.abc import Sequence

from knowledge_base.importers.inferred import Inferred
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import Config, ConfigDict


class Given(Inferred):
    """A space that was not inferred: a run that lacks something is not of it."""

    def own(self, config: Config) -> SpaceDefinition:
        """Return the space."""
        return self.space


def of_given(space: SpaceDefinition, params: Sequence[Config]) -> Given:
    """Return the configurations of runs in a space, which may lack some of their parameters.

    Nested parameters, whose names have dots, are found by their last name too, where only one
    has it.

    Args:
        space: the space.
        params: parameters of each run.
    """
    names = list(dict.fromkeys(name for run in params for name in run))
    sources = {name: _source(name, names) for name in space.hyperparameters}
    left_out = [name for name in names if name not in sources.values()]
    configs = [_config(space, sources, run) for run in params]
    listed = ", ".join(left_out)
    warnings = (f"Not in the space '{space.name}', and left out: {listed}.",) if left_out else ()
    return Given(space, configs, warnings)


def _source(name: str, names: Sequence[str]) -> str | None:
    if name in names:
        return name
    ends = [known for known in names if known.rpartition(".")[2] == name]
    return ends[0] if len(ends) == 1 else None


def _config(space: SpaceDefinition, sources: dict[str, str | None], run: Config) -> ConfigDict:
    found: ConfigDict = {}
    for name, source in sources.items():
        if source is not None and source in run:
            found[name] = run[source]
        elif space.hyperparameters[name].kind == "constant":
            found[name] = space.hyperparameters[name].default
    return found
