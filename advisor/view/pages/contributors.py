"""Who the trials of the knowledge base are from."""

from starlette.requests import Request
from starlette.responses import Response

from advisor.view.listing import asked_of
from advisor.view.site import site_of
from advisor.view.store import CONTRIBUTORS, contributors_table


def page(request: Request) -> Response:
    """Show a page of the contributors."""
    site = site_of(request)
    asked = asked_of(CONTRIBUTORS, request.query_params, sort="-trials")
    table = contributors_table(site.advisor.kb, asked)
    return site.page(request, "table.html", title="Contributors", table=table, about=[])
