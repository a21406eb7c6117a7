"""What all pages share: the knowledge base, the studies, the secrets and how a page is made."""

import json
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TypeAlias

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from advisor.facade import Advisor
from advisor.view.addresses import address
from advisor.view.security import Keys
from advisor.view.shelf import Shelf

Link: TypeAlias = tuple[str, str]
"""Address and words of a link."""

MENU: tuple[Link, ...] = (
    ("/", "Overview"),
    ("/studies", "Studies"),
    ("/tasks", "Tasks"),
    ("/trials", "Trials"),
    ("/contributors", "Contributors"),
    ("/pair", "Two studies"),
    ("/advice", "Advice"),
)
"""The pages that each page leads to."""


@dataclass
class Site:
    """What the pages of one server are about.

    Attributes:
        advisor: with the knowledge base.
        shelf: the studies on disk.
        keys: secrets of the server.
        learning: held by the page that asks what past tasks teach: what was learned is kept for
            the next, and a processor is enough for that.
    """

    advisor: Advisor
    shelf: Shelf
    keys: Keys
    learning: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _environment: Environment = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Prepare the templates."""
        self._environment = environment()

    def page(
        self, request: Request, template: str, status: int = 200, **content: object
    ) -> HTMLResponse:
        """Return a page.

        Args:
            request: that it answers.
            template: name of its template.
            status: of the answer.
            **content: what the template shows.
        """
        text = self._environment.get_template(template).render(
            path=request.url.path,
            menu=MENU,
            warnings=self.advisor.kb.warnings,
            form_token=self.keys.form,
            **content,
        )
        return HTMLResponse(text, status)


def site_of(request: Request) -> Site:
    """Return what the pages of the server are about that got a request.

    What the knowledge base could not see for earlier ones is forgotten: each page says what holds
    of itself.
    """
    found: Site = request.app.state.site
    found.advisor.kb.forget_warnings()
    return found


@cache
def environment() -> Environment:
    """Return the templates; whatever they show is escaped, and what is missing is an error."""
    made = Environment(
        loader=PackageLoader("advisor.view"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"shown": shown, "configuration": configuration}
    made.globals |= {"address": address}
    return made


def shown(value: object) -> str:
    """Return one value as short text; nothing for missing ones."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def configuration(value: object) -> list[tuple[str, str]]:
    """Return a configuration, or its JSON, as names and values in the order of the names."""
    content = json.loads(value) if isinstance(value, str) else value
    if not isinstance(content, Mapping):
        return []
    return [(str(name), shown(content[name])) for name in sorted(content)]
