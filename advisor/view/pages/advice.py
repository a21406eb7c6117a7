"""A recommendation for a table that is uploaded: it is read, answered and forgotten."""

import re
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from advisor.meta.advice import Advice
from advisor.meta.pasting import expectation
from advisor.metrics import METRICS
from advisor.view.pages.writing import check_form
from advisor.view.site import Site, site_of
from knowledge_base.errors import UserError

PATH = "/advice"

MAX_UPLOAD_BYTES = 64 * 2**20
"""Bytes of a form with a table."""

NUMBERS = range(1, 11)
"""How many configurations may be asked for."""

FIELDS = ("target", "metric", "number")


async def page(request: Request) -> Response:
    """Show the form, or answer it."""
    site = site_of(request)
    if request.method != "POST":
        return _page(site, request, dict.fromkeys(FIELDS, ""))
    async with request.form(max_files=1, max_fields=10) as form:
        check_form(site, form)
        given = {name: str(form.get(name, "")).strip() for name in FIELDS}
        try:
            advice, read = await run_in_threadpool(_answer, site, form, given)
        except UserError as error:
            return _page(site, request, given, message=str(error), status=400)
    return _page(site, request, given, advice=advice, read=read)


def _page(
    site: Site,
    request: Request,
    given: dict[str, str],
    message: str | None = None,
    advice: Advice | None = None,
    read: list[str] | None = None,
    status: int = 200,
) -> Response:
    return site.page(
        request, "advice.html", status, title="Advice", given=given, message=message,
        advice=advice, read=read or [], metrics=sorted(METRICS), numbers=NUMBERS,
        limit=MAX_UPLOAD_BYTES // 2**20, expectation=expectation,
    )  # fmt: skip


def _answer(site: Site, form: FormData, given: dict[str, str]) -> tuple[Advice, list[str]]:
    """Return the advice on an uploaded table, and how that was read.

    Raises:
        UserError: the file or what was said of it cannot be used.
    """
    file, number = form.get("file"), given["number"] or "5"
    if not isinstance(file, UploadFile) or not file.filename:
        raise UserError("Choose a file: a table as CSV, with a heading.")
    if not given["target"]:
        raise UserError("Name the column to predict.")
    if number not in map(str, NUMBERS):
        raise UserError(f"From {NUMBERS[0]} to {NUMBERS[-1]} configurations can be asked for.")
    with tempfile.TemporaryDirectory(prefix="advisor-view-") as folder, site.learning:
        path = Path(folder) / f"{_stem(file.filename)}.csv"
        _copy(file.file, path)
        try:
            problem = site.advisor.problem(path, given["target"], given["metric"] or None)
            advice = site.advisor.recommend(problem, n=int(number))
        except UserError as error:
            # Nobody can do anything with a path that is gone when it is read.
            raise UserError(str(error).replace(f"{folder}/", "")) from error
        return advice, list(problem.intake.lines()) if problem.intake else []


def _copy(source: BinaryIO, path: Path) -> None:
    source.seek(0)
    with path.open("xb") as target:
        shutil.copyfileobj(source, target)


def _stem(name: str) -> str:
    """Return what a file is called, without anything that leads elsewhere."""
    stem = re.split(r"[/\\]", name)[-1].rpartition(".")[0]
    return re.sub(r"[^\w-]+", "-", stem).strip("-")[:100] or "table"
