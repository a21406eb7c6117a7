"""From settings to a finished search: builds or reopens the study, then runs it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from advisor.advisor import Advisor, Problem
from advisor.meta import Query
from advisor.models import ModelFamily
from advisor.strategies import get_strategy
from advisor.strategies.gradient import refuse
from advisor.tuning.environment import contributor, machine, package_versions
from advisor.tuning.objective import FamilyObjective, FunctionObjective, Objective, load_function
from advisor.tuning.runner import OnTrial, RunResult, run
from advisor.tuning.settings import TuneSettings
from advisor.tuning.studies import exclusive, find_directory, new_directory, studies_root
from advisor.tuning.tuner import StudyContext, Tuner
from advisor.tuning.warm_start import Start, load_past, save_past, warm_start
from knowledge_base import KnowledgeBase
from knowledge_base.errors import UserError
from knowledge_base.records import DatasetRecord, StudyRecord, TaskRecord
from knowledge_base.space import SpaceDefinition
from knowledge_base.study_directory import StudyDirectory


@dataclass(frozen=True)
class Goal:
    """What a search optimises, whichever way it was given."""

    objective: Objective
    task: TaskRecord
    space: SpaceDefinition
    query: Query
    dataset: DatasetRecord | None = None
    metafeatures: Mapping[str, float] | None = None


@dataclass
class Search:
    """A study that is ready to run or to go on.

    Attributes:
        settings: what was asked for.
        tuner: with the trials of earlier runs told.
        objective: what to evaluate.
        path: the study directory.
        kb: the knowledge base; every finished trial goes there if `contribute`.
    """

    settings: TuneSettings
    tuner: Tuner
    objective: Objective
    path: Path
    kb: KnowledgeBase

    def run(self, timeout: float | None = None, on_trial: OnTrial | None = None) -> RunResult:
        """Run until the study has all its trials, or until `timeout` seconds are over."""
        with exclusive(self.path):
            return run(self.tuner, self.objective, self.settings.trials, timeout, on_trial)


def start(
    settings: TuneSettings,
    kb: KnowledgeBase,
    name: str | None = None,
    root: Path | None = None,
    contribute: bool = True,
) -> Search:
    """Begin a new study with the recommendations of the knowledge base as its warm start.

    Args:
        settings: what to search.
        kb: past trials, and where finished trials go.
        name: of the study directory; default from the data set.
        root: folder of study directories; default beside the knowledge base.
        contribute: whether each finished trial goes into `kb` at once.

    Raises:
        UserError: the settings, data, space or objective cannot be used.
    """
    settings.check()
    strategy = get_strategy(settings.strategy)  # refused before anything is written
    goal = _goal(settings, kb)
    strategy.check(goal.space)
    begin = _begin(settings, goal, kb)
    path = new_directory(root or studies_root(kb), settings, name)
    study = StudyRecord(
        study_id=uuid.uuid4().hex,
        task_id=goal.task.task_id,
        space_id=goal.space.space_id,
        name=path.name,
        strategy=settings.strategy,
        seed=settings.seed,
        source="advisor tune",
        contributor=contributor(),
        versions=package_versions(),
        machine=machine(),
    )
    directory = StudyDirectory.create(
        path,
        study=study,
        task=goal.task,
        space=goal.space,
        dataset=goal.dataset,
        metafeatures=dict(goal.metafeatures or {}),
        settings={**settings.to_dict(), "signature": settings.signature, "warm": list(begin.warm)},
    )
    save_past(path, begin.past)
    return _search(settings, goal, directory, path, kb, contribute, begin)


def resume(
    settings: TuneSettings,
    kb: KnowledgeBase,
    name: str | None = None,
    root: Path | None = None,
    contribute: bool = True,
    trials: int | None = None,
) -> Search:
    """Reopen a study; finished trials are told again, not run again.

    Args:
        settings: as the study was started with; only needed to find it without a `name`.
        kb: as for `start`; trials that did not reach it before are added now.
        name: of the study.
        root: folder of study directories.
        contribute: whether finished trials go into `kb`.
        trials: new length of the whole study; default the stored one.

    Raises:
        UserError: no such study, or its data or space are not what they were.
    """
    path = find_directory(root or studies_root(kb), settings, name)
    directory = StudyDirectory.open(path)
    stored = TuneSettings.from_dict(directory.settings)
    if stored.data is None and stored.objective is None:
        raise UserError(
            f"The study '{path.name}' was asked and told from Python; go on with "
            f"Tuner.resume({str(path)!r})."
        )
    goal = _goal(stored, kb)
    if (
        goal.task.task_id != directory.task.task_id
        or goal.space.space_id != directory.space.space_id
    ):
        raise UserError(
            f"The data or the search space of the study '{path.name}' changed since it "
            "started; start a new study without --resume."
        )
    begin = Start(directory.settings.get("warm", []), load_past(path))
    stored = replace(stored, trials=trials or stored.trials)
    search = _search(stored, goal, directory, path, kb, contribute, begin)
    if contribute and search.tuner.trials:
        kb.add(search.tuner.context.bundle(search.tuner.trials))
    return search


def tune(
    data: str, target: str | None = None, kb: KnowledgeBase | None = None, **settings: Any
) -> Search:
    """Run a whole warm-started search on a data set and return it.

    Args:
        data: CSV or Parquet file, or built-in name.
        target: column to predict.
        kb: knowledge base; default the user's own.
        **settings: further fields of `TuneSettings`, such as trials=30.

    Raises:
        UserError: as for `start`.
    """
    search = start(TuneSettings(data=data, target=target, **settings), kb or KnowledgeBase())
    search.run()
    return search


def _begin(settings: TuneSettings, goal: Goal, kb: KnowledgeBase) -> Start:
    return warm_start(
        kb,
        goal.space,
        goal.task.family,
        goal.query,
        settings.warm,
        settings.exclude_datasets,
        settings.per_second,
    )


def _search(
    settings: TuneSettings,
    goal: Goal,
    directory: StudyDirectory,
    path: Path,
    kb: KnowledgeBase,
    contribute: bool,
    begin: Start,
) -> Search:
    context = StudyContext(
        study=directory.study,
        task=goal.task,
        space=goal.space,
        dataset=goal.dataset,
        metafeatures=goal.metafeatures or {},
        directory=directory,
        kb=kb if contribute else None,
    )
    tuner = Tuner(
        context,
        settings.strategy,
        settings.seed,
        begin.warm,
        directory.trials(),
        begin.past,
        settings.per_second,
    )
    return Search(settings, tuner, goal.objective, path, kb)


def _goal(settings: TuneSettings, kb: KnowledgeBase) -> Goal:
    return _function_goal(settings) if settings.objective else _data_goal(settings, kb)


def _function_goal(settings: TuneSettings) -> Goal:
    assert settings.objective is not None
    assert settings.space is not None
    space = settings.part_of(SpaceDefinition.read(settings.space))
    direction = settings.direction or "minimize"
    function = load_function(settings.objective)
    task = TaskRecord(
        name=settings.label,
        metric=settings.metric or "value",
        direction=direction,
        family=settings.family or space.name,
    )
    objective = FunctionObjective(function, direction)
    return Goal(objective, task, space, Query(task_id=task.task_id))


def _data_goal(settings: TuneSettings, kb: KnowledgeBase) -> Goal:
    from advisor.data import prepare

    advisor = Advisor(kb, settings.family)
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
    objective = FamilyObjective(
        problem.family, data, problem.metric.name, settings.seed, gradients, **limits
    )
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
