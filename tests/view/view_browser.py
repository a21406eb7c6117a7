"""A real browser for the tests of the view: Chromium of the distribution, driven by Playwright."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 360, "height": 740}


@dataclass
class Watched:
    """What went wrong on pages, and what they asked for."""

    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def check(self, base):
        assert self.errors == []
        assert [url for url in self.requests if not url.startswith((base + "/", "data:"))] == []


@contextmanager
def opened(browser, server, viewport=WIDE, scheme="light", **more) -> Iterator[object]:
    """Give a page that has opened the address with the token; nothing may go wrong on it."""
    base = server.address.split("/?")[0]
    watched = Watched()
    context = browser.new_context(viewport=viewport, color_scheme=scheme, **more)
    try:
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda m: watched.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: watched.errors.append(str(error)))
        page.on("request", lambda request: watched.requests.append(request.url))
        page.base, page.watched = base, watched
        page.goto(server.address)
        page.wait_for_url(base + "/")
        yield page
        assert page.evaluate("window.owned") is None
        watched.check(base)
    finally:
        context.close()
