"""The first page: what the knowledge base holds, and where it is."""

from starlette.requests import Request
from starlette.responses import Response

from advisor.view.site import site_of

COUNTED = ("tasks", "studies", "trials", "datasets", "spaces")


def page(request: Request) -> Response:
    """Show how much there is, by where it comes from and how trials ended."""
    site = site_of(request)
    info = site.advisor.kb.info()
    return site.page(
        request,
        "overview.html",
        info=info,
        counts={table: info[table] for table in COUNTED},
        root=site.shelf.root,
        n_studies=len(site.shelf.names()),
    )
