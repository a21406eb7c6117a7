"""The application: which page answers what, and what is said where something is wrong."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from advisor.view.pages import (
    advice,
    assets,
    contributors,
    overview,
    pair,
    report,
    studies,
    study,
    task,
    tasks,
    trial,
    trials,
)
from advisor.view.security import Guard, TooLong
from advisor.view.site import Site, site_of
from knowledge_base.errors import UserError

MISSING, WRONG, TOO_LONG = 404, 400, 413


def build_app(site: Site) -> Starlette:
    """Return the application that serves the pages of a site."""
    limits = {advice.PATH: advice.MAX_UPLOAD_BYTES}
    app = Starlette(
        routes=[
            Route("/", overview.page),
            Route("/tasks", tasks.page),
            Route("/task", task.page),
            Route("/trials", trials.page),
            Route("/trial", trial.page),
            Route("/contributors", contributors.page),
            Route("/pair", pair.page),
            Route(advice.PATH, advice.page, methods=["GET", "POST"]),
            Route("/studies", studies.page),
            Route("/study", study.page),
            Route("/study/events", study.events),
            Route("/study/report", report.page),
            *assets.ROUTES,
        ],
        middleware=[Middleware(Guard, keys=site.keys, limits=limits)],
        exception_handlers={
            UserError: _told,
            TooLong: _too_long,
            HTTPException: _no_page,
        },
    )
    app.router.redirect_slashes = False
    app.state.site = site
    return app


def _told(request: Request, error: Exception) -> Response:
    return site_of(request).page(request, "wrong.html", WRONG, message=str(error))


def _too_long(request: Request, error: Exception) -> Response:
    return site_of(request).page(request, "wrong.html", TOO_LONG, message=str(error))


def _no_page(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code != MISSING:
        message = error.detail
    else:
        message = "There is no such page; the menu leads to all that there are."
    return site_of(request).page(request, "wrong.html", error.status_code, message=message)
