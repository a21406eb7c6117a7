"""The style sheet and the script: no other file can be asked for."""

from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TYPES = {"view.css": "text/css", "view.js": "text/javascript"}


@cache
def _content(name: str) -> bytes:
    return files("advisor.view").joinpath("static", name).read_bytes()


async def _asset(request: Request) -> Response:
    name = request.url.path.rsplit("/", 1)[1]
    return Response(_content(name), media_type=TYPES[name])


ROUTES = [Route(f"/static/{name}", _asset) for name in TYPES]
