"""From settings to a finished search: builds or reopens the study, then runs it."""

import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from advisor.environment import contributor, machine, package_versions
from advisor.meta.warm_start import Start, load_prior, save_prior, warm_start
from advisor.models import ModuleFamily
from advisor.models.own import ModuleFactory
from advisor.problem import Goal, goal_of
from advisor.strategies import get_strategy
from advisor.training.objective import Objective
from advisor.tuning.own_network import network_of, refuse_without_network
from advisor.tuning.runner import OnTrial, RunResult, run
from advisor.tuning.settings import TuneSettings
from advisor.tuning.tuner import StudyContext, Tuner
from knowledge_base import KnowledgeBase
from knowledge_base.errors import UserError
from knowledge_base.records import StudyRecord
from knowledge_base.space import SpaceDefinition
from knowledge_base.studies import StudyDirectory, exclusive, find_study, new_path


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
    family: ModuleFamily | None = None,
) -> Search:
    """Begin a new study with the recommendations of the knowledge base as its warm start.

    Args:
        settings: what to search.
        kb: past trials, and where finished trials go.
        name: of the study directory; default from the data set.
        root: folder of study directories; default beside the knowledge base.
        contribute: whether each finished trial goes into `kb` at once.
        family: the user's own network, where it is not a file that the settings name.

    Raises:
        UserError: the settings, data, space or objective cannot be used.
    """
    settings.check()
    strategy = get_strategy(settings.strategy)  # refused before anything is written
    goal = goal_of(settings, kb, family)
    strategy.check(goal.space)
    begin = _begin(settings, goal, kb)
    path = new_path(root or kb.studies_root, settings.label, name)
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
    save_prior(path, begin.prior)
    return _search(settings, goal, directory, path, kb, contribute, begin)


def resume(
    settings: TuneSettings,
    kb: KnowledgeBase,
    name: str | None = None,
    root: Path | None = None,
    contribute: bool = True,
    trials: int | None = None,
    family: ModuleFamily | None = None,
) -> Search:
    """Reopen a study; finished trials are told again, not run again.

    Args:
        settings: as the study was started with; only needed to find it without a `name`,
            and for another `memory_limit`.
        kb: as for `start`; trials that did not reach it before are added now.
        name: of the study.
        root: folder of study directories.
        contribute: whether finished trials go into `kb`.
        trials: new length of the whole study; default the stored one.
        family: as for `start`.

    Raises:
        UserError: no such study, or its data or space are not what they were.
    """
    path = find_study(root or kb.studies_root, name, settings.signature)
    directory = StudyDirectory.open(path)
    stored = TuneSettings.from_dict(directory.settings)
    # Another machine, or a free one, may have more memory.
    stored = replace(stored, memory_limit=settings.memory_limit or stored.memory_limit)
    if stored.data is None and stored.objective is None:
        raise UserError(
            f"The study '{path.name}' was asked and told from Python; go on with "
            f"Tuner.resume({str(path)!r})."
        )
    if family is None:
        refuse_without_network(stored, path.name)
    goal = goal_of(stored, kb, family)
    if (
        goal.task.task_id != directory.task.task_id
        or goal.space.space_id != directory.space.space_id
    ):
        raise UserError(
            f"The data or the search space of the study '{path.name}' changed since it "
            "started; start a new study without --resume."
        )
    begin = Start(directory.settings.get("warm", []), load_prior(path))
    stored = replace(stored, trials=trials or stored.trials)
    search = _search(stored, goal, directory, path, kb, contribute, begin)
    if contribute and search.tuner.trials:
        kb.add(search.tuner.context.bundle(search.tuner.trials))
    return search


def tune(
    data: str,
    target: str | None = None,
    kb: KnowledgeBase | None = None,
    *,
    module: str | ModuleFactory | None = None,
    space: str | Path | SpaceDefinition | None = None,
    **settings: Any,
) -> Search:
    """Run a whole warm-started search on a data set and return it.

    Args:
        data: CSV or Parquet file, or built-in name.
        target: column to predict.
        kb: knowledge base; default the user's own.
        module: builds the user's own network (see `advisor.models.ModuleFamily`), a function
            or "FILE.py:FUNCTION"; a study of files can be resumed from the command line, the
            others only from Python, with `resume` and the family.
        space: of that network, itself or a file.
        **settings: further fields of `TuneSettings`, such as trials=30.

    Raises:
        UserError: as for `start`.
    """
    family = None
    if callable(module) or isinstance(space, SpaceDefinition):
        family = network_of(module, space, settings.get("family"))
        settings["family"] = family.name
    else:
        settings |= {"module": module, "space": None if space is None else str(space)}
    chosen = TuneSettings(data=data, target=target, **settings)
    search = start(chosen, kb or KnowledgeBase(), family=family)
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
        begin.prior,
        settings.per_second,
    )
    return Search(settings, tuner, goal.objective, path, kb)
