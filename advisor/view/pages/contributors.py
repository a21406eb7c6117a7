"""Who the trials of the knowledge base are from, what of them is in quarantine, and the log."""

from starlette.requests import Request
from starlette.responses import Response

from advisor.view.addresses import address
from advisor.view.listing import Column, Kind, Row, Table, asked_of, page_of
from advisor.view.site import site_of
from advisor.view.store import LAYERS, plain_rows

LOGGED = 50
"""Entries of the log that are shown, the newest first."""

DONE = {
    "quarantine": "The trials are in quarantine: no answer uses them, and they can come back.",
    "lift": "The quarantine is lifted: the trials are there again.",
}
"""What is said after something was done, by the word for it in the address."""

HIDDEN = ("no", "partly", "yes")


def _trials_of(row: Row) -> str | None:
    return address("/trials", contributor=row["name"]) if row["name"] else None


def _quarantine_of(row: Row) -> str | None:
    theirs = row["name"] and row["layer"] == "user" and row["quarantined"] != "yes"
    return address("/quarantine", contributor=row["name"]) if theirs else None


COLUMNS: tuple[Column, ...] = (
    Column("name", "Contributor", filtered=True, link=_trials_of),
    Column("layer", "From", Kind.CHOICE, filtered=True, choices=LAYERS),
    Column("studies", "Studies", Kind.NUMBER),
    Column("tasks", "Tasks", Kind.NUMBER),
    Column("trials", "Trials", Kind.NUMBER),
    Column("first", "First study", Kind.TIME),
    Column("last", "Last study", Kind.TIME),
    Column("quarantined", "In quarantine", Kind.CHOICE, filtered=True, choices=HIDDEN),
    Column("hide", "Take back", sortable=False, link=_quarantine_of),
)


def page(request: Request) -> Response:
    """Show who contributed, what is in quarantine, and what was done last."""
    site = site_of(request)
    kb = site.advisor.kb
    asked = asked_of(COLUMNS, request.query_params, sort="-trials")
    found = [{**row, "hide": "Quarantine…"} for row in plain_rows(kb.contributors())]
    rows, total = page_of([row if _quarantine_of(row) else {**row, "hide": None} for row in found],
                          asked)  # fmt: skip
    quarantines = [row for row in plain_rows(kb.quarantines()) if row["lifted_at"] is None]
    return site.page(
        request,
        "contributors.html",
        title="Contributors",
        table=Table("contributors", "Contributors", COLUMNS, asked, rows, total),
        quarantines=[(row, _lift_of(row)) for row in quarantines],
        log=plain_rows(kb.log().head(LOGGED)),
        done=DONE.get(request.query_params.get("done", "")),
    )


def _lift_of(row: Row) -> str:
    """Return the address of the page that lifts a quarantine."""
    criteria = {
        "contributor": row["contributor"],
        "study": row["study_id"],
        "since": None if row["since"] is None else str(row["since"]),
    }
    given = {name: value for name, value in criteria.items() if value is not None}
    return address("/lift", **given)
