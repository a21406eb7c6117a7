"""The tasks of the knowledge base."""

from starlette.requests import Request
from starlette.responses import Response

from advisor.view.listing import asked_of
from advisor.view.site import site_of
from advisor.view.store import TASKS, tasks_table


def page(request: Request) -> Response:
    """Show a page of the tasks."""
    site = site_of(request)
    asked = asked_of(TASKS, request.query_params, sort="-trials")
    table = tasks_table(site.advisor.kb, asked)
    return site.page(request, "table.html", title="Tasks", table=table, about=[])
