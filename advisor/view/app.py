"""The application: which page answers what, and what is said where something is wrong."""

import logging

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from advisor.view.pages import (
    advice,
    assets,
    contributors,
    overview,
    pair,
    quarantine,
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

MISSING, WRONG, TOO_LONG, FAILED = 404, 400, 413, 500

LOG = logging.getLogger("advisor.view")
"""Where it is told, with its traceback, when a page fails for a reason that nobody foresaw."""


def build_app(site: Site) -> ASGIApp:
    """Return the application that serves the pages of a site."""
    app = Starlette(
        routes=[
            Route("/", overview.page),
            Route("/tasks", tasks.page),
            Route("/task", task.page),
            Route("/task/alike", task.alike),
            Route("/trials", trials.page),
            Route("/trial", trial.page),
            Route("/contributors", contributors.page),
            Route("/quarantine", quarantine.quarantine, methods=["GET", "POST"]),
            Route("/lift", quarantine.lift, methods=["GET", "POST"]),
            Route("/pair", pair.page),
            Route(advice.PATH, advice.page, methods=["GET", "POST"]),
            Route("/studies", studies.page),
            Route("/study", study.page),
            Route("/study/events", study.events),
            Route("/study/report", report.page),
            *assets.ROUTES,
        ],
        exception_handlers={
            UserError: _told,
            TooLong: _too_long,
            HTTPException: _no_page,
            Exception: _failed,
        },
    )
    app.router.redirect_slashes = False
    app.state.site = site
    # Outside of everything, so that what is said of an error is guarded, too.
    return Guard(app, site.keys, {advice.PATH: advice.MAX_UPLOAD_BYTES})


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


def _failed(request: Request, error: Exception) -> Response:
    LOG.error("The page %s failed.", request.url.path, exc_info=error)
    message = "This page failed; the terminal in which the view runs says why."
    return site_of(request).page(request, "wrong.html", FAILED, message=message)
