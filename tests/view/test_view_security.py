"""Who is refused by the view: everybody who did not open its address, whatever else they know."""

import socket

import httpx
import pytest
from view_world import FOLDER, NAME

PAGES = ["/", "/tasks", "/trials", "/studies", "/study", "/static/view.js", "/static/view.css"]


def raw(base, request):
    """Send bytes as they are, and return the answer."""
    host, port = base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer


def asked(base, target, cookie, host=None, more=""):
    name = base.removeprefix("http://") if host is None else host
    return raw(
        base,
        f"GET {target} HTTP/1.1\r\nHost: {name}\r\nCookie: {cookie}\r\n{more}"
        "Connection: close\r\n\r\n".encode(),
    )


@pytest.fixture
def cookie(visitor):
    ((name, value),) = visitor.cookies.items()
    return f"{name}={value}"


def status(answer):
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_shown_without_the_token(base, path):
    answer = httpx.get(base + path)
    assert answer.status_code == 403
    assert "script" not in answer.text.lower()


@pytest.mark.parametrize("token", ["", "x", "é", "A" * 43, "\x00"])
def test_a_wrong_token_opens_nothing(base, server, token):
    answer = httpx.get(base, params={"token": token})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    cookie = {"Cookie": f"advisor_view_{base.rsplit(':')[-1]}=x"}
    assert httpx.get(base, headers=cookie).status_code == 403


def test_the_token_becomes_a_cookie_that_no_script_and_no_other_site_gets(server, base):
    answer = httpx.get(server.address)
    said = answer.headers["set-cookie"].lower()
    assert "httponly" in said
    assert "samesite=strict" in said
    assert "domain" not in said
    assert server.address.split("=")[1] not in answer.text


def test_every_start_has_a_token_of_its_own(world, server):
    from advisor.facade import Advisor
    from advisor.view.server import view_server

    other = view_server(Advisor(world))
    other._socket.close()
    tokens = {each.address.split("token=")[1] for each in (server, other)}
    assert len(tokens) == 2
    assert min(map(len, tokens)) >= 43


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1",
                                  "", "localhost.evil.example", "0.0.0.0:{port}", "[::1]:{port}",
                                  "127.0.0.1:{port}@evil.example"])  # fmt: skip
def test_other_hosts_are_refused_even_with_the_cookie(base, cookie, host):
    host = host.format(port=base.rsplit(":")[-1])
    answer = asked(base, "/", cookie, host)
    assert status(answer) in (400, 421)
    assert b"kb.duckdb" not in answer


def test_two_hosts_and_no_host_are_refused(base, cookie):
    name = base.removeprefix("http://")
    two = f"GET / HTTP/1.1\r\nHost: {name}\r\nHost: {name}\r\nCookie: {cookie}\r\n"
    for request in (two, f"GET / HTTP/1.0\r\nCookie: {cookie}\r\n"):
        assert status(raw(base, f"{request}Connection: close\r\n\r\n".encode())) in (400, 421)


def test_the_own_name_is_served(base, cookie):
    port = base.rsplit(":")[-1]
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"LOCALHOST:{port}"):
        assert status(asked(base, "/", cookie, host)) == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:{port}",
                                    "http://127.0.0.1:1", "http://localhost:{port}"])  # fmt: skip
def test_other_origins_are_refused(visitor, base, origin):
    origin = origin.format(port=base.rsplit(":")[-1])
    for answer in (
        visitor.get("/", headers={"Origin": origin}),
        visitor.post("/", headers={"Origin": origin}),
    ):
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_other_pages_load_or_lead_to_is_refused(visitor, server, site):
    assert visitor.get("/", headers={"Sec-Fetch-Site": site}).status_code == 403
    loaded = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert visitor.get(server.address, headers=loaded).status_code == 403
    followed = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert visitor.get(server.address, headers=followed).status_code == 200
    framed = {**followed, "Sec-Fetch-Dest": "iframe"}
    assert visitor.get(server.address, headers=framed).status_code == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"])
def test_other_methods_are_refused(visitor, base, method):
    answer = visitor.request(method, "/", headers={"Origin": base})
    assert answer.status_code in (400, 405)


@pytest.mark.parametrize("path", [
    "/../etc/passwd", "/static/../server.py", "/static/..%2fserver.py", "/static/%2e%2e/server.py",
    "/static//etc/passwd", "/static/view.js%00", "/static/view.js/", "//etc/passwd", "/%2e%2e",
    "/study?name=..", "/study?name=../kb.duckdb", "/study?name=%00", "/study?name=/etc",
    "/study?name=.", "/study/events?name=../x", "/study?name=" + "a" * 5000,
])  # fmt: skip
def test_no_path_leads_to_another_file(base, cookie, path):
    answer = asked(base, path, cookie)
    assert status(answer) in (400, 404)
    assert b"root:" not in answer
    assert b"import " not in answer


def test_every_answer_forbids_to_load_embed_and_keep(visitor, base):
    for answer in (visitor.get("/"), visitor.get("/nope"), httpx.get(base)):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "server" not in answer.headers


def test_a_body_that_is_too_long_is_not_read(visitor, base):
    long = visitor.post("/", content=b"x" * 2**17, headers={"Origin": base})
    assert long.status_code == 413


@pytest.mark.parametrize("target", ["/", "/tasks", "/trials", "/trials?sort=nope<script>",
                                    "/trials?task=<script>", "/studies",
                                    "/nope<script>"])  # fmt: skip
def test_names_stay_names(visitor, target):
    text = visitor.get(target).text
    assert "<script>" not in text.replace('<script src="/static/view.js" defer></script>', "")
    assert "<img" not in text


def test_hostile_names_are_there_and_lead_to_their_pages(visitor):
    assert "&lt;script&gt;window.owned" in visitor.get("/trials").text
    answer = visitor.get("/study", params={"name": FOLDER})
    assert answer.status_code == 200
    assert "&lt;script&gt;window.owned" in answer.text
    assert "<img" not in answer.text
    assert NAME not in answer.text


def test_only_the_loopback_address_is_listened_on(server):
    assert server._socket.getsockname()[0] == "127.0.0.1"


def test_a_page_that_fails_is_guarded_and_told(visitor, monkeypatch, caplog):
    from knowledge_base import KnowledgeBase

    def fails(self):
        raise RuntimeError("<script>secret</script>")

    monkeypatch.setattr(KnowledgeBase, "info", fails)
    answer = visitor.get("/")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "This page failed" in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "secret" in caplog.text
