"""The whole report of a study, as `advisor report` writes it, in a sandbox of its own."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from advisor.report.content import study_content
from advisor.report.page import study_page
from advisor.view.security import POLICY
from advisor.view.site import site_of

SANDBOX = (
    "sandbox allow-scripts allow-downloads; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""The report holds its scripts, by a nonce of its own. It is of no origin here: they reach neither
the other pages nor their cookie, and the report loads nothing."""


def page(request: Request) -> Response:
    """Show the report of a study as it is now."""
    study = site_of(request).shelf.study(request.query_params.get("name", ""))
    text = study_page(study_content(study.directory.path))
    return HTMLResponse(text, headers={POLICY: SANDBOX})
