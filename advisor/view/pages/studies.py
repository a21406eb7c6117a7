"""The studies on disk, running and finished ones."""

from starlette.requests import Request
from starlette.responses import Response

from advisor.view.listing import Column, Kind, Table, asked_of, page_of
from advisor.view.shelf import ShelvedStudy
from advisor.view.site import site_of
from advisor.view.store import Link
from knowledge_base.records import best_trial

STATES = ("running", "finished", "stopped")
"""What a study is doing: trials are tried, all that were planned have ended, or it can go on."""

COLUMNS: tuple[Column, ...] = (
    Column("name", "Study", filtered=True, link=Link("/study", "name", "name")),
    Column("task", "Task", filtered=True),
    Column("family", "Family", filtered=True),
    Column("strategy", "Strategy", filtered=True),
    Column("state", "State", Kind.CHOICE, filtered=True, choices=STATES),
    Column("trials", "Trials", Kind.NUMBER),
    Column("planned", "Planned", Kind.NUMBER),
    Column("metric", "Metric"),
    Column("best", "Best", Kind.NUMBER, sortable=False),
    Column("created_at", "Begun", Kind.TIME),
)


def page(request: Request) -> Response:
    """Show a page of the studies."""
    site = site_of(request)
    asked = asked_of(COLUMNS, request.query_params, sort="-created_at")
    found, wrong = site.shelf.studies()
    rows, total = page_of([row_of(study) for study in found], asked)
    table = Table("studies", f"Studies in {site.shelf.root}", COLUMNS, asked, rows, total)
    return site.page(request, "studies.html", title="Studies", table=table, about=wrong)


def row_of(study: ShelvedStudy) -> dict[str, object]:
    """Return what the table says of a study."""
    directory, trials, planned = study.directory, study.trials(), study.planned
    best = best_trial(trials, directory.task.direction)
    return {
        "name": study.name,
        "task": directory.task.name,
        "family": directory.task.family,
        "strategy": directory.study.strategy,
        "state": state_of(study, len(trials)),
        "trials": len(trials),
        "planned": planned,
        "metric": directory.task.metric,
        "best": None if best is None else best.value,
        "created_at": directory.study.created_at,
    }


def state_of(study: ShelvedStudy, n_trials: int) -> str:
    """Return which of `STATES` a study is in."""
    if study.running():
        return "running"
    return "finished" if study.planned is not None and n_trials >= study.planned else "stopped"
