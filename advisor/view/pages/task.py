"""One task of the knowledge base, and what is known of data like it."""

from starlette.requests import Request
from starlette.responses import Response

from advisor.meta.pasting import expectation
from advisor.view.known import alike_of, known_of
from advisor.view.site import site_of


def page(request: Request) -> Response:
    """Show a task and its best trials; what past tasks say of it is fetched after that."""
    site = site_of(request)
    known = known_of(site.advisor.kb, request.query_params.get("id", ""))
    return site.page(request, "task.html", title=f"Task {known.row['name']}", known=known)


def alike(request: Request) -> Response:
    """Show the tasks that are like one, and what is recommended for it."""
    site, task_id = site_of(request), request.query_params.get("id", "")
    with site.learning:
        found = alike_of(site.advisor.kb, task_id)
    return site.page(
        request, "alike.html", title=f"Data like those of {found.name}", alike=found,
        task_id=task_id, expectation=expectation,
    )  # fmt: skip
