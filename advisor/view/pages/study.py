"""One study on disk, live while it runs."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from advisor.view.charts import chart, history
from advisor.view.listing import Column, Kind, Table, asked_of, page_of
from advisor.view.pages.studies import row_of
from advisor.view.site import site_of
from knowledge_base.records import TrialRecord, best_trial
from knowledge_base.schema import TRIAL_STATES

LOOK_SECONDS = 1.0
"""Seconds between two looks at the files of a study that is open in a browser."""

COLUMNS: tuple[Column, ...] = (
    Column("number", "Trial", Kind.NUMBER),
    Column("state", "State", Kind.CHOICE, filtered=True, choices=[str(s) for s in TRIAL_STATES]),
    Column("value", "Value", Kind.NUMBER, filtered=True),
    Column("duration", "Seconds", Kind.NUMBER, filtered=True),
    Column("epochs", "Epochs", Kind.NUMBER),
    Column("origin", "Origin", filtered=True),
    Column("error", "Why it ended", filtered=True),
    Column("config", "Configuration", Kind.CONFIG, sortable=False),
)


def page(request: Request) -> Response:
    """Show a study: how far it is, its best trial, and a page of its trials."""
    site = site_of(request)
    name = request.query_params.get("name", "")
    study = site.shelf.study(name)
    asked = asked_of(COLUMNS, request.query_params, sort="-number", kept=("name",))
    trials = study.trials()
    rows, total = page_of(_rows(trials), asked)
    task = study.directory.task
    return site.page(
        request,
        "study.html",
        title=f"Study {study.name}",
        study=study,
        row=row_of(study),
        best=best_trial(trials, task.direction),
        tried=[config for claim in study.running() for config in claim.configs],
        chart=chart("Values by trial", "trial", task.metric, history(trials, task.direction)),
        table=Table("trials", "Trials of the study", COLUMNS, asked, rows, total),
    )


async def events(request: Request) -> Response:
    """Say whenever something changed in a study, as server-sent events; nothing is parsed here."""
    study = site_of(request).shelf.study(request.query_params.get("name", ""))

    async def changes() -> AsyncIterator[str]:
        seen = None
        while not await request.is_disconnected():
            stamp = study.stamp
            if stamp != seen:
                yield f"data: {len(str(stamp))}\n\n" if seen is not None else ": begun\n\n"
                seen = stamp
            await asyncio.sleep(LOOK_SECONDS)

    return StreamingResponse(changes(), media_type="text/event-stream")


def _rows(trials: Sequence[TrialRecord]) -> list[dict[str, object]]:
    return [{column.name: getattr(trial, column.name) for column in COLUMNS} for trial in trials]
