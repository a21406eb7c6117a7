"""Who may see and change something: the guard before every page.

The page is served to one person on this computer. Whatever else a browser may be led to is
refused here, before any page is asked:

- a foreign name that leads to this address (DNS rebinding): the `Host` must be ours;
- another site's page that calls this one: what the browser says of its origin must be ours;
- other users and programs of this computer: a token is needed, which the first address holds and
  a cookie keeps, for this address and never for other sites (`SameSite=Strict`, `HttpOnly`);
- writing: the origin must be named, and the form must hold a token of its own, see `form_is_ours`;
- bodies that would fill the disk: they are limited while they come in.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN = "token"
"""Parameter of the first address that holds the token."""

SAFE = ("GET", "HEAD")
"""Methods that change nothing; besides them only POST is answered."""

MAX_FORM_BYTES = 64 * 2**10
"""Bytes of a form without a file."""

POLICY = "Content-Security-Policy"
"""The header that says what a page may load."""

HEADERS = {
    POLICY: "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # With "no-referrer" browsers would not name the origin of a form.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""What every answer says: nothing is loaded from elsewhere, embedded elsewhere, or kept."""

ENTRY = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Advisor</title>'
    '<link rel="icon" href="data:,"><meta http-equiv="refresh" content="0; url=/"></head>'
    '<body><main><h1>Advisor</h1><p><a href="/">Open the view</a></p></main></body></html>'
)
"""Answer to the first address. A redirection would keep the origin of a link that was followed,
so that the browser would withhold the cookie; this page is of our own origin."""


class TooLong(Exception):
    """The body of a request is longer than it may be; raised where it is read."""

    def __init__(self, limit: int) -> None:
        """Say the limit in bytes."""
        super().__init__(f"At most {limit:,} bytes are taken.")


@dataclass(frozen=True)
class Keys:
    """The secrets of one server, new at every start.

    Attributes:
        port: where it listens.
        token: lets its bearer see the pages.
        form: lets a form of ours write.
    """

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    form: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def address(self) -> str:
        """The address to open, with the token."""
        return f"http://127.0.0.1:{self.port}/?{TOKEN}={self.token}"

    @property
    def cookie(self) -> str:
        """Name of the cookie; ports of one host share cookies, so that it holds the port."""
        return f"advisor_view_{self.port}"

    @property
    def hosts(self) -> frozenset[str]:
        """What the `Host` of a request may be."""
        names = [f"{name}:{self.port}" for name in ("127.0.0.1", "localhost")]
        return frozenset([*names, "127.0.0.1", "localhost"] if self.port == 80 else names)

    def form_is_ours(self, given: object) -> bool:
        """Return whether a form that was sent holds the token of our forms."""
        return isinstance(given, str) and _same(given, self.form)


class Guard:
    """Middleware that lets through only what `Keys` allow."""

    def __init__(self, app: ASGIApp, keys: Keys, limits: Mapping[str, int]) -> None:
        """Take what is guarded.

        Args:
            app: answers what is let through.
            keys: of this server.
            limits: bytes that bodies may have, by the path of the form; `MAX_FORM_BYTES` where
                nothing is said.
        """
        self._app: ASGIApp = app
        self._keys: Keys = keys
        self._limits: Mapping[str, int] = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # There are no web sockets here.
            await send({"type": "websocket.close", "code": 1008})
            return
        limit = self._limits.get(scope["path"], MAX_FORM_BYTES)
        answer = self._refusal(scope, limit) or self._entry(scope)
        if answer is not None:
            await answer(scope, receive, _with_headers(send))
            return
        await self._app(scope, _limited(receive, limit), _with_headers(send))

    def _refusal(self, scope: Scope, limit: int) -> Response | None:
        """Return why a request is refused, whoever sent it; None if it may be looked at."""
        headers, safe = Headers(scope=scope), scope["method"] in SAFE
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._keys.hosts:
            return _no(421, "This page is only served as 127.0.0.1.")
        if not safe and scope["method"] != "POST":
            return _no(405, "Only GET and POST are answered.")
        ours = f"http://{hosts[0].lower()}"
        origins = headers.getlist("origin")
        if any(origin.lower() != ours for origin in origins) or not (safe or origins):
            return _no(403, "Other pages cannot ask this one.")
        first = safe and scope["path"] == "/" and self._given(scope) is not None
        site = headers.get("sec-fetch-site", "none")
        if site not in ("none", "same-origin") and not (first and _is_opened(headers)):
            return _no(403, "Other pages cannot lead to this one; open the address with its token.")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > limit:
            return _no(413, TooLong(limit).args[0])
        return None

    def _entry(self, scope: Scope) -> Response | None:
        """Return the answer to a first address, or to who has no token; None for who has one."""
        if scope["method"] in SAFE and scope["path"] == "/":
            given = self._given(scope)
            if given is not None and _same(given, self._keys.token):
                answer = HTMLResponse(ENTRY)
                answer.set_cookie(
                    self._keys.cookie, self._keys.token, path="/", httponly=True, samesite="strict"
                )
                return answer
            if given is not None:
                return _no(403, "The token is not that of this server; see what it printed.")
        kept = _cookie(Headers(scope=scope), self._keys.cookie)
        if kept is None or not _same(kept, self._keys.token):
            return _no(403, "Open the address that `advisor view` printed: it holds a token.")
        return None

    @staticmethod
    def _given(scope: Scope) -> str | None:
        try:
            found = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=100)
        except ValueError:  # There are more of them than any page of ours has.
            return None
        return found[TOKEN][0] if TOKEN in found else None


def _is_opened(headers: Headers) -> bool:
    """Return whether a person follows a link, and no page loads something."""
    return (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == (
        "navigate", "document",
    )  # fmt: skip


def _same(given: str, secret: str) -> bool:
    return secrets.compare_digest(given.encode(), secret.encode())


def _cookie(headers: Headers, name: str) -> str | None:
    try:
        cookies = SimpleCookie("; ".join(headers.getlist("cookie")))
    except CookieError:
        return None
    return cookies[name].value if name in cookies else None


def _no(status: int, reason: str) -> Response:
    return PlainTextResponse(f"{reason}\n", status)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending


def _limited(receive: Receive, limit: int) -> Receive:
    """Return what receives a body and counts its bytes: a length may be missing or wrong."""
    seen = 0

    async def receiving() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise TooLong(limit)
        return message

    return receiving
