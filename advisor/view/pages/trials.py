"""The trials of the knowledge base."""

from starlette.requests import Request
from starlette.responses import Response

from advisor.view.listing import asked_of
from advisor.view.site import site_of
from advisor.view.store import TRIALS, trials_table


def page(request: Request) -> Response:
    """Show a page of the trials, of one task or study if it is named."""
    site, given = site_of(request), request.query_params
    asked = asked_of(TRIALS, given, kept=("task", "study"))
    table = trials_table(site.advisor.kb, asked, given.get("task"), given.get("study"))
    first = table.rows[0] if table.rows else {}
    about = [
        f"Only those of the {what} {first.get(f'{what}_name') or given[what]}."
        for what in ("task", "study")
        if what in given
    ]
    return site.page(request, "table.html", title="Trials", table=table, about=about)
