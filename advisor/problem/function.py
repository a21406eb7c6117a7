"""The user's own training function."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from advisor.directions import WAYS, against_the_name, said_direction
from advisor.models import FAMILIES
from advisor.problem.base import Problem
from advisor.problem.parts import part_of, space_of
from advisor.settings import Settings
from advisor.strategies import get_strategy
from advisor.training.loading import check_call, load_function
from advisor.training.objective import FunctionObjective, Objective, TrainFunction
from knowledge_base.errors import UserError
from knowledge_base.records import TaskRecord
from knowledge_base.space import SpaceDefinition

VALUE = "value"
"""What a metric is called that the user gave no name."""


@dataclass(frozen=True)
class FunctionProblem(Problem):
    """The user's own training function; what it trains on is its own matter."""

    function: TrainFunction = field(repr=False)

    @property
    def dataset_record(self) -> None:
        """None."""
        return None

    @property
    def metafeatures(self) -> None:
        """None."""
        return None

    def objective(self, settings: Settings) -> Objective:
        """Return what calls the function; its gradients, if any, are in what it returns."""
        get_strategy(settings.strategy).check(self.space)
        return FunctionObjective(self.function, self.task.direction, self.task.metric)

    def notes(self, settings: Settings) -> list[str]:
        """Return a word where the value goes another way than everybody means by its name."""
        metric, direction = self.task.metric, self.task.direction
        word = against_the_name(metric, direction)
        if word is None or settings.direction == direction:
            return [] if word is None else [word]
        return [
            f"{metric} is {WAYS[direction]} in this study, as it was begun: earlier versions did "
            "so where no direction was said. Start a new study to go the other way."
        ]


def function_problem(
    function: str | TrainFunction,
    space: str | Path | SpaceDefinition | None,
    name: str,
    metric: str | None = None,
    direction: str | None = None,
    family: str | None = None,
    only: Sequence[str] | None = None,
    fix: Mapping[str, object] | None = None,
) -> FunctionProblem:
    """Return the task of a user's own training function.

    Args:
        function: itself or "FILE.py:FUNCTION".
        space: its search space, or a file with it.
        name: of the task.
        metric: what its value is called; default "value".
        direction: "minimize" or "maximize"; default that of a metric whose name is known.
        family: that trials are stored under; default the space's name.
        only, fix: as for `data_problem`.

    Raises:
        UserError: the space is missing, has the name of a built-in family, or one of them
            cannot be used; or the direction is neither said nor known.
    """
    if space is None:
        raise UserError("`objective` needs `space=FILE`, the search space of your function.")
    way = said_direction(metric, direction)
    searched = part_of(space_of(space), only, fix)
    label = family or searched.name
    if label in FAMILIES:
        raise UserError(
            f"The space of your function is called '{label}', as a built-in family is, and its "
            "trials would be taken for that family's; give it another name with `family`, or as "
            "'name' in the space file."
        )
    called = load_function(function) if isinstance(function, str) else function
    if not callable(called):
        raise UserError(f"`objective` is to be a function or FILE.py:FUNCTION, not {called!r}.")
    check_call(called, "objective", "config", "report")
    task = TaskRecord(name=name, metric=metric or VALUE, direction=way, family=label)
    return FunctionProblem(task, searched, called)
