"""Hiding what somebody contributed from every answer, or showing it again, after a confirmation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from advisor.view.addresses import address
from advisor.view.pages.writing import check_form
from advisor.view.site import Site, site_of
from knowledge_base import KnowledgeBase
from knowledge_base.errors import UserError

CRITERIA = ("contributor", "study", "since")
"""What says which trials are meant; they are parameters of the page and fields of its form."""

SEE_OTHER = 303


@dataclass(frozen=True)
class Action:
    """What a page does.

    Attributes:
        word: for it, in addresses.
        title: heading of the page.
        effect: what follows, in a sentence.
        button: words of the button.
        do: does it, given the knowledge base, the criteria and the reason.
    """

    word: str
    title: str
    effect: str
    button: str
    do: Callable[[KnowledgeBase, Mapping[str, str], str], object]


def _hide(kb: KnowledgeBase, criteria: Mapping[str, str], reason: str) -> object:
    return kb.quarantine(**criteria, reason=reason)


def _lift(kb: KnowledgeBase, criteria: Mapping[str, str], reason: str) -> object:
    return kb.lift(**criteria, reason=reason)


HIDE = Action(
    "quarantine",
    "Put into quarantine",
    "No recommendation, table or search will use these trials any more. They are kept, and come "
    "back when the quarantine is lifted. Nothing is deleted.",
    "Put into quarantine",
    _hide,
)
LIFT = Action(
    "lift",
    "Lift a quarantine",
    "Recommendations, tables and searches will use these trials again.",
    "Lift the quarantine",
    _lift,
)


async def quarantine(request: Request) -> Response:
    """Ask for a confirmation, or put trials into quarantine after one."""
    return await _page(request, HIDE)


async def lift(request: Request) -> Response:
    """Ask for a confirmation, or lift a quarantine after one."""
    return await _page(request, LIFT)


async def _page(request: Request, action: Action) -> Response:
    site = site_of(request)
    if request.method != "POST":
        criteria = _given(request.query_params)
        return await run_in_threadpool(_asking, site, request, action, criteria)
    async with request.form(max_files=0, max_fields=10) as form:
        check_form(site, form)
        texts = {name: value for name, value in form.items() if isinstance(value, str)}
    criteria = _given(texts)
    if texts.get("sure") != "yes":
        return await run_in_threadpool(
            _asking, site, request, action, criteria, "Tick the box, since this changes answers."
        )
    await run_in_threadpool(action.do, site.advisor.kb, criteria, texts.get("reason", "").strip())
    return RedirectResponse(address("/contributors", done=action.word), SEE_OTHER)


def _given(texts: Mapping[str, str]) -> dict[str, str]:
    criteria = {name: texts[name] for name in CRITERIA if texts.get(name)}
    if not criteria:
        raise UserError("Nothing says whose trials are meant; the page of contributors leads here.")
    return criteria


def _asking(
    site: Site,
    request: Request,
    action: Action,
    criteria: Mapping[str, str],
    message: str | None = None,
) -> Response:
    """Return the page that says what would be done, and asks for a confirmation."""
    return site.page(
        request,
        "quarantine.html",
        400 if message else 200,
        title=action.title,
        action=action,
        criteria=criteria,
        message=message,
        n_trials=_affected(site.advisor.kb, criteria) if action is HIDE else None,
    )


def _affected(kb: KnowledgeBase, criteria: Mapping[str, str]) -> int:
    """Return how many trials would be hidden that are seen now; those since a time are not told."""
    where = [("layer", "=", "user")]
    if "contributor" in criteria:
        where.append(("contributor", "=", criteria["contributor"]))
    return kb.count_trials(study=criteria.get("study"), where=where)
