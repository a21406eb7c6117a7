"""A comparison as the content of its page."""

from math import isfinite

from advisor.comparison.comparison import Comparison
from advisor.comparison.standings import Average, Standing
from advisor.report.content import History, StudySource, history_of
from advisor.report.content.comparison import ComparisonContent, Contestant, Mean


def comparison_content(comparison: Comparison) -> ComparisonContent:
    """Return what a comparison found so far.

    Raises:
        UserError: a study cannot be read.
    """
    task, plan = comparison.task, comparison.plan
    return ComparisonContent(
        comparison.path.name,
        str(comparison.path),
        task.name,
        task.metric,
        str(task.direction),
        plan.settings.length,
        plan.seeds,
        comparison.n_finished,
        len(plan.studies),
        [_contestant(comparison, standing) for standing in comparison.standings()],
        [*comparison.notes, *comparison.problems],
    )


def _contestant(comparison: Comparison, standing: Standing) -> Contestant:
    histories = []
    for study in standing.studies:
        history = history_of(StudySource.open(comparison.path / study.study))
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
