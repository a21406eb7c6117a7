"""One task of the knowledge base: what is known of data like it."""

from starlette.requests import Request
from starlette.responses import Response

from advisor.meta.pasting import expectation
from advisor.view.known import known_of
from advisor.view.site import site_of


def page(request: Request) -> Response:
    """Show a task, its best trials, the tasks that are like it, and what is recommended."""
    site = site_of(request)
    known = known_of(site.advisor.kb, request.query_params.get("id", ""))
    return site.page(request, "task.html", title=f"Task {known.row['name']}", known=known,
                     expectation=expectation)  # fmt: skip
