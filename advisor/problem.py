"""From settings to what a search optimises: objective, task, space, and what is known of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from advisor.facade import Advisor, Problem
from advisor.meta import Query
from advisor.models import FAMILIES, ModelFamily, ModuleFamily
from advisor.strategies import get_strategy
from advisor.strategies.gradient import refuse
from advisor.training.objective import FamilyObjective, FunctionObjective, Objective, load_function
from advisor.tuning.own_network import own_family
from advisor.tuning.settings import TuneSettings
from knowledge_base import KnowledgeBase
from knowledge_base.errors import UserError
from knowledge_base.records import DatasetRecord, TaskRecord
from knowledge_base.space import SpaceDefinition


@dataclass(frozen=True)
class Goal:
    """What a search optimises, whichever way it was given."""

    objective: Objective
    task: TaskRecord
    space: SpaceDefinition
    query: Query
    dataset: DatasetRecord | None = None
    metafeatures: Mapping[str, float] | None = None


def goal_of(settings: TuneSettings, kb: KnowledgeBase, family: ModuleFamily | None = None) -> Goal:
    """Return what settings ask for.

    Args:
        settings: checked ones.
        kb: where metafeatures and tasks belong.
        family: the user's own network, where it is not a file that the settings name.

    Raises:
        UserError: the data, the space or the function cannot be used.
    """
    if settings.objective:
        return _function_goal(settings)
    return _data_goal(settings, kb, family or own_family(settings))


def _function_goal(settings: TuneSettings) -> Goal:
    assert settings.objective is not None
    assert settings.space is not None
    space = settings.part_of(SpaceDefinition.read(settings.space))
    family = settings.family or space.name
    if family in FAMILIES:
        raise UserError(
            f"The space of your function is called '{family}', as a built-in family is, and its "
            "trials would be taken for that family's; give it another name with --family, or "
            "as `name` in the space file."
        )
    direction = settings.direction or "minimize"
    function = load_function(settings.objective)
    task = TaskRecord(
        name=settings.label,
        metric=settings.metric or "value",
        direction=direction,
        family=family,
    )
    objective = FunctionObjective(function, direction)
    return Goal(objective, task, space, Query(task_id=task.task_id))


def _data_goal(settings: TuneSettings, kb: KnowledgeBase, own: ModuleFamily | None) -> Goal:
    from advisor.data import prepare

    advisor = Advisor(kb, own or settings.family)
    assert settings.data is not None
    problem: Problem = advisor.problem(
        settings.data, settings.target, settings.metric, settings.kind, **settings.columns
    )
    if settings.direction not in (None, problem.metric.direction):
        raise UserError(
            f"{problem.metric.name} is a metric to {problem.metric.direction}; "
            "--direction is for your own objectives."
        )
    limits = {} if settings.max_epochs is None else {"max_epochs": settings.max_epochs}
    space = settings.part_of(problem.family.space())
    gradients: tuple[str, ...] = ()
    if get_strategy(settings.strategy).needs_gradients:
        gradients = _differentiable(space, problem.family)
    data = prepare(problem.dataset, settings.seed)
    if own is not None:
        own.check(data)
    objective = FamilyObjective(
        problem.family, data, problem.metric.name, settings.seed, gradients,
        settings.memory_bytes, **limits,
    )  # fmt: skip
    return Goal(
        objective,
        problem.task,
        space,
        problem.query,
        problem.dataset.record(),
        problem.metafeatures,
    )


def _differentiable(space: SpaceDefinition, family: ModelFamily) -> tuple[str, ...]:
    """Return what is to be searched by gradient.

    Raises:
        UserError: the family has no gradient by one of them.
    """
    names = [h.name for h in space.hyperparameters.values() if h.kind == "float"]
    for name in names:
        if name not in family.differentiable:
            refuse(name, f"the training of {family.name} has no gradient by it")
    return tuple(names)
