"""The steps by which a study begins, and by which it goes on."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from advisor.encoding.inert import Inert
from advisor.environment import machine, package_versions
from advisor.meta import Query
from advisor.meta.durations import Durations, Speed
from advisor.meta.speed import measured_speed
from advisor.meta.warm_start import Start, warm_count, warm_start
from advisor.models import FAMILIES, ModuleFamily
from advisor.problem import DataProblem, Problem
from advisor.settings import PRECISIONS, Settings
from advisor.strategies import SearchStrategy, get_strategy, make_strategy
from advisor.training.objective import FamilyObjective, Objective
from advisor.tuning.code import KEPT
from advisor.tuning.study import Study
from advisor.tuning.time_limit import seconds_of_network
from knowledge_base import KnowledgeBase
from knowledge_base.errors import UserError
from knowledge_base.finding import claim_path
from knowledge_base.naming import contributor, printable
from knowledge_base.records import StudyRecord
from knowledge_base.studies import StudyDirectory
from knowledge_base.types import JsonObject


def n_warm_of(settings: Settings) -> int:
    """Return how many recommendations a search with these settings begins with."""
    return warm_count(settings.length) if settings.n_warm is None else settings.n_warm


def recommended(
    kb: KnowledgeBase, problem: Problem, settings: Settings, timeout: float | None
) -> Start:
    """Return the warm start of a new study.

    Args:
        kb: past trials.
        problem: what is searched.
        settings: how.
        timeout: seconds that the search is going to have; it begins with what fits in them.

    Raises:
        UserError: the knowledge base cannot be used.
    """
    return warm_start(
        kb,
        problem.space,
        problem.task.family,
        _query_within(timeout, problem, settings),
        n_warm_of(settings),
        settings.exclude_datasets,
        bool(settings.per_second),
        problem.default,
        curves=_by_curves(settings),
    )


def _by_curves(settings: Settings) -> bool:
    """Return whether the past's curves are wanted: only where trials can stand paused."""
    asked = bool(settings.stopping) and settings.may_pause
    return asked and get_strategy(settings.strategy).pauses


def _query_within(timeout: float | None, problem: Problem, settings: Settings) -> Query:
    """Return what the past is asked, for configurations that leave time for several others."""
    query = problem.query
    if not isinstance(problem, DataProblem):
        return query if timeout is None else replace(query, seconds=seconds_of_network(timeout, 1))
    # PyTorch is there, so that recommendations can say from now on what trainings take here.
    speed = measured_speed(problem.family.name, settings.device)
    if timeout is None:  # The same search begins in the same way on every machine.
        durations = Durations(problem.family, problem.metafeatures, Speed())
        return replace(query, durations=durations)
    query = replace(query, durations=Durations(problem.family, problem.metafeatures, speed))
    return replace(query, seconds=seconds_of_network(timeout, problem.n_folds(settings)))


def strategy_of(
    settings: Settings, problem: Problem, begin: Start, inert: Sequence[Inert]
) -> SearchStrategy:
    """Return the strategy that settings ask for, which has seen no trial yet.

    Args:
        settings: name the strategy, and how it searches.
        problem: what is searched.
        begin: the warm start.
        inert: what does nothing there, and is not varied.

    Raises:
        UserError: the strategy cannot search the space.
    """
    return make_strategy(
        settings.strategy,
        problem.space,
        problem.task.direction,
        settings.seed,
        begin.warm,
        begin.prior,
        bool(settings.per_second),
        settings.stopping,
        inert,
    )


def make_directory(
    root: Path,
    name: str | None,
    problem: Problem,
    settings: Settings,
    stored: JsonObject,
    code: JsonObject,
    begin: Start,
    known: Sequence[JsonObject],
    trainer: Objective,
) -> StudyDirectory:
    """Make the directory of a new study, with all that it can be resumed from.

    Args:
        root: folder of study directories.
        name: of the study; default from the settings.
        problem: what is searched.
        settings: how.
        stored: the settings as they were before any code of the user's ran.
        code: what `code_kept` and `with_loaded` say of that code.
        begin: the warm start.
        known: what was taken from the store of this very task.
        trainer: what trains networks, and on what.

    Raises:
        UserError: the folder cannot be made.
    """
    path = claim_path(root, settings.label, name)
    record = StudyRecord(
        study_id=uuid.uuid4().hex,
        task_id=problem.task.task_id,
        space_id=problem.space.space_id,
        name=path.name,
        strategy=settings.strategy,
        seed=settings.seed,
        source="advisor tune",
        contributor=contributor(),
        versions=package_versions(),
        machine=machine(**_hardware(settings, trainer)),
    )
    return StudyDirectory.create(
        path,
        study=record,
        task=problem.task,
        space=problem.space,
        dataset=problem.dataset_record,
        metafeatures=problem.metafeatures,
        settings={
            **stored,
            KEPT: code,
            "warm": list(begin.warm),
            "known": known,
            "intake": None if problem.intake is None else problem.intake.to_dict(),
        },
        arrays=begin.arrays(),
    )


def _hardware(settings: Settings, trainer: Objective) -> dict[str, str]:
    """Return where networks are trained, and in what precision; nothing of the user's function."""
    if not isinstance(trainer, FamilyObjective):
        return {}
    return {"device": trainer.device, "precision": settings.precision or PRECISIONS[0]}


def study_in(
    directory: StudyDirectory, problem: Problem, kb: KnowledgeBase | None, settings: Settings
) -> Study:
    """Return the study of a directory.

    Args:
        directory: where its trials are.
        problem: what is searched.
        kb: where its trials go, too; None for nowhere.
        settings: say how many trials' folders are kept.
    """
    return Study(
        record=directory.study,
        task=problem.task,
        space=problem.space,
        dataset=problem.dataset_record,
        metafeatures=problem.metafeatures or {},
        directory=directory,
        kb=kb,
        keep=settings.folders_kept,
    )


def asked_again(directory: StudyDirectory, now: Settings) -> Settings:
    """Return the stored settings of a study with what cannot be stored as it is given now.

    Args:
        directory: of the study.
        now: settings of the call.

    Raises:
        UserError: something of it is not given.
    """
    name, stored = directory.path.name, Settings.from_dict(directory.settings)
    brought = {"space"} if isinstance(now.module, ModuleFamily) else set()
    missing = [w for w in stored.python if getattr(now, w) is None and w not in brought]
    # The first versions did not store which settings were objects.
    own = stored.module is None and stored.data is not None
    if own and now.module is None and stored.family not in (None, *FAMILIES):
        missing = ["module", "space"]
    if missing:
        given = ", ".join(f"{what}=..." for what in missing)
        raise UserError(
            f"The {' and the '.join(missing)} of the study '{name}' were given from Python; go on "
            f"there with Advisor(kb).tune({given}, name={name!r}, resume=True)."
        )
    asked = stored.given_again(now)
    if asked.data is None and asked.objective is None:
        raise UserError(
            f"The study '{name}' was asked and told from Python; go on with "
            f"Tuner.resume({str(directory.path)!r})."
        )
    return asked


def is_meant(now: Settings, directory: StudyDirectory) -> bool:
    """Whether a call that names no study may mean this one, by the direction that it says."""
    own = now.objective is not None and now.direction is not None
    return not own or now.direction == directory.task.direction


def check_meant(now: Settings, directory: StudyDirectory) -> None:
    """Refuse to go on with a user's function in another way than the study was begun in.

    Args:
        now: settings of the call.
        directory: of the study.

    Raises:
        UserError: the call says another direction, metric or name of the task.
    """
    task = directory.task
    if task.dataset_id is not None:
        return
    kept = {"direction": task.direction, "metric": task.metric, "task": task.name}
    for name, begun in kept.items():
        said = getattr(now, name)
        if said is not None and printable(str(said).strip()) != str(begun):
            raise UserError(
                f"The study '{directory.path.name}' was begun with `{name}={begun}`, which it "
                f"keeps; go on without `{name}={said}`, or start a new study without `resume`."
            )


def check_unchanged(problem: Problem, directory: StudyDirectory) -> None:
    """Refuse to go on with another task or space.

    Args:
        problem: what is searched now.
        directory: of the study.

    Raises:
        UserError: one of them is not what it was.
    """
    if (
        problem.task.task_id != directory.task.task_id
        or problem.space.space_id != directory.space.space_id
    ):
        raise UserError(
            f"The data or the search space of the study '{directory.path.name}' changed since it "
            "started; start a new study without `resume`."
        )
