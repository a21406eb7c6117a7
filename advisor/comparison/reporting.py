"""A comparison as the content of its page."""

from collections.abc import Sequence
from math import isfinite
from pathlib import Path

from advisor.comparison.plan import Plan
from advisor.comparison.standings import Average, Standing
from advisor.report.content import History, StudySource, history_of
from advisor.report.content.comparison import ComparisonContent, Contestant, Mean
from knowledge_base.records import TaskRecord


def comparison_content(
    path: Path,
    task: TaskRecord,
    plan: Plan,
    found: Sequence[Standing],
    finished: int,
    notes: Sequence[str],
) -> ComparisonContent:
    """Return what a comparison found so far.

    Args:
        path: of its folder.
        task: what is optimised.
        plan: what is compared.
        found: what each strategy found, the best first.
        finished: how many studies are finished.
        notes: what to know when reading the numbers.

    Raises:
        UserError: a study cannot be read.
    """
    return ComparisonContent(
        path.name,
        str(path),
        task.name,
        task.metric,
        str(task.direction),
        plan.settings.trials,
        plan.seeds,
        finished,
        len(plan.studies),
        [_contestant(path, standing) for standing in found],
        notes,
    )


def _contestant(path: Path, standing: Standing) -> Contestant:
    histories = []
    for study in standing.studies:
        history = history_of(StudySource.open(path / study.study))
        if isinstance(history, History):
            histories.append((study.study, history))
    return Contestant(
        standing.strategy,
        _mean(standing.best),
        _mean(standing.test),
        _mean(standing.found_after),
        _mean(standing.mean_rank),
        _mean(standing.trials),
        _mean(standing.epochs),
        _mean(standing.seconds),
        standing.curve,
        standing.curve_errors,
        histories,
    )


def _mean(average: Average) -> Mean:
    return Mean(average.mean if isfinite(average.mean) else None, average.error)
