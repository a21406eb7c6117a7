"""From settings to the problem that they ask for."""

from pathlib import Path

from advisor.problem.base import Problem
from advisor.problem.data import data_problem
from advisor.problem.function import function_problem
from advisor.settings import Settings
from advisor.training.loading import source_of
from knowledge_base.errors import UserError
from knowledge_base.identity import digest
from knowledge_base.naming import printable
from knowledge_base.records import TaskRecord


def problem_of(settings: Settings, begun: TaskRecord | None = None) -> Problem:
    """Return what settings ask for.

    Args:
        settings: what is searched.
        begun: the task that a study has already. A user's function keeps its name and direction,
            which by default come from the function and where its file lies, and from the metric.

    Raises:
        UserError: they say neither or too much, or the data, the space or the function cannot
            be used.
    """
    if (settings.data is None) == (settings.objective is None):
        raise UserError("Give either a data set or `objective=FILE.py:FUNCTION`.")
    if settings.objective is not None:
        kept = (None, None) if begun is None else (begun.name, begun.direction)
        return function_problem(
            settings.objective, settings.space, kept[0] or _task_name(settings), settings.metric,
            kept[1] or settings.direction, settings.family, settings.only, settings.fix,
        )  # fmt: skip
    assert settings.data is not None
    problem = data_problem(
        settings.data, settings.target, metric=settings.metric, kind=settings.kind,
        family=settings.family, module=settings.module, space=settings.space,
        only=settings.only, fix=settings.fix, text=settings.text, time=settings.time,
        series=settings.series, horizon=settings.horizon, drop=settings.drop,
        keep=() if isinstance(settings.keep, int) else settings.keep,
        as_types=settings.as_types, size=settings.size, group=settings.group,
    )  # fmt: skip
    if settings.direction not in (None, problem.metric.direction):
        raise UserError(
            f"{problem.metric.name} is a metric to {problem.metric.direction}; `direction` is for "
            "your own objectives."
        )
    return problem


def _task_name(settings: Settings) -> str:
    """Return a name for the task of a function: the user's, or one from where its file lies.

    Functions of one name in different folders do different things, and are different tasks. One
    that no file holds, as in a notebook, belongs to the working directory.
    """
    if settings.task is not None:
        return printable(settings.task.strip())
    given = settings.objective
    label = printable(settings.label)
    if isinstance(given, str):
        file: Path | None = Path(given.rpartition(":")[0]).resolve()
    else:
        file = source_of(given)
    place = ("folder", Path.cwd()) if file is None else ("file", file)
    return f"{label} {digest(place[0], printable(str(place[1])))[:8]}"
