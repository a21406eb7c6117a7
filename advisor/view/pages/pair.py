"""Two studies on disk, side by side."""

from starlette.requests import Request
from starlette.responses import Response

from advisor.view.charts import chart, history
from advisor.view.pages.studies import row_of
from advisor.view.shelf import ShelvedStudy
from advisor.view.site import site_of
from knowledge_base.records import TrialRecord, best_trial

FACTS = ("task", "metric", "family", "strategy", "state", "trials", "planned", "best", "seconds",
         "created_at")  # fmt: skip


def page(request: Request) -> Response:
    """Show what two studies share and where they differ, after they were chosen."""
    site, given = site_of(request), request.query_params
    names = site.shelf.names()
    chosen = [given.get("left", ""), given.get("right", "")]
    studies = [site.shelf.study(name) for name in chosen if name]
    if len(studies) < 2:
        return site.page(request, "pair.html", title="Two studies", names=names, chosen=chosen,
                         sides=[], facts=[], configs=[], chart=None)  # fmt: skip
    best = [best_trial(study.trials(), study.directory.task.direction) for study in studies]
    return site.page(
        request,
        "pair.html",
        title="Two studies",
        names=names,
        chosen=chosen,
        sides=studies,
        facts=_facts(studies),
        configs=_configs(best),
        chart=_chart(studies),
    )


def _facts(studies: list[ShelvedStudy]) -> list[tuple[str, list[object]]]:
    """Return what is said of both, a row each."""
    rows = [
        {**row_of(study), "seconds": sum(trial.duration or 0.0 for trial in study.trials())}
        for study in studies
    ]
    return [(name, [row[name] for row in rows]) for name in FACTS]


def _configs(best: list[TrialRecord | None]) -> list[tuple[str, list[object], bool]]:
    """Return the best configurations by hyperparameter, and whether they differ there."""
    configs = [{} if trial is None else dict(trial.config) for trial in best]
    names = sorted({name for config in configs for name in config})
    sides = [(name, [config.get(name) for config in configs]) for name in names]
    return [(name, values, values[0] != values[1]) for name, values in sides]


def _chart(studies: list[ShelvedStudy]) -> object:
    """Return the best values so far of both, None where they are not of one metric."""
    tasks = [study.directory.task for study in studies]
    if tasks[0].metric != tasks[1].metric:
        return None
    lines = [
        history(study.trials(), study.directory.task.direction, study.name)[1] for study in studies
    ]
    return chart("The best value so far, by trial", "trial", tasks[0].metric, lines)
