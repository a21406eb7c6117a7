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


@dataclass
class _Visits:
    """What a context of the browser has opened with the token, and so has a cookie for."""

    context: object
    addresses: set[str] = field(default_factory=set)


_VISITS: dict[tuple[object, ...], _Visits] = {}
"""A context for each browser and its options: to make one costs more than to load a page."""


@contextmanager
def opened(browser, server, viewport=WIDE, scheme="light", path="/", **more) -> Iterator[object]:
    """Give a page of a browser that has opened the address with the token.

    Nothing may go wrong on it. The token is sent once for each server and context; later pages of
    the same context go straight to `path`, as tabs of one browser do.
    """
    base = server.address.split("/?")[0]
    watched = Watched()
    key = (browser, *sorted(more.items()))
    if key not in _VISITS:
        _VISITS[key] = _Visits(browser.new_context(**more))
    visits = _VISITS[key]
    page = visits.context.new_page()
    try:
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=scheme)
        page.set_default_timeout(20_000)
        page.on("console", lambda m: watched.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: watched.errors.append(str(error)))
        page.on("request", lambda request: watched.requests.append(request.url))
        page.base, page.watched = base, watched
        if server.address not in visits.addresses:
            page.goto(server.address)
            page.wait_for_url(base + "/")
            visits.addresses.add(server.address)
        if page.url != base + path:
            page.goto(base + path)
        yield page
        assert page.evaluate("window.owned") is None
        watched.check(base)
    finally:
        page.close()
