"""Serving the view on the loopback address until Ctrl-C."""

import socket
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.facade import Advisor
from knowledge_base.errors import UserError

if TYPE_CHECKING:
    import uvicorn

HOST = "127.0.0.1"
"""The only address that is listened on: nothing outside of this computer reaches it."""

GRACE_SECONDS = 1
"""Seconds that open pages have to end when the server does."""


@dataclass
class ViewServer:
    """A server that listens already; whoever connects waits until it runs.

    Attributes:
        address: to open; it holds the token.
    """

    address: str
    _socket: socket.socket = field(repr=False)
    _server: "uvicorn.Server" = field(repr=False)

    def run(self) -> None:
        """Serve until `stop` or Ctrl-C."""
        with self._socket, suppress(KeyboardInterrupt):  # It was heard, and pages have ended.
            self._server.run([self._socket])

    def stop(self) -> None:
        """Let `run` end soon; may be called from another thread."""
        self._server.should_exit = True


def view_server(advisor: Advisor, root: Path | None = None, port: int = 0) -> ViewServer:
    """Return a server of the view.

    Args:
        advisor: with the knowledge base that is shown.
        root: folder of studies; default beside the knowledge base.
        port: to listen on; 0 for any that is free.

    Raises:
        UserError: a package is missing, or the port is not free.
    """
    try:
        import python_multipart  # noqa: F401 - starlette looks for it when a form comes
        import uvicorn

        from advisor.view.app import build_app
        from advisor.view.security import Keys
        from advisor.view.shelf import Shelf
        from advisor.view.site import Site
    except ImportError as error:
        raise UserError(
            f"The view needs a package that is not installed: {error.name}. Install what it needs "
            "with: pip install jinja2 python-multipart starlette uvicorn"
        ) from error
    listening = _listening(port)
    keys = Keys(listening.getsockname()[1])
    app = build_app(Site(advisor, Shelf(root or advisor.kb.studies_root), keys))
    config = uvicorn.Config(
        app, log_level="critical", access_log=False, lifespan="off", server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS, ws="none", proxy_headers=False,
    )  # fmt: skip
    return ViewServer(keys.address, listening, uvicorn.Server(config))


def _listening(port: int) -> socket.socket:
    """Return a socket that listens on the loopback address.

    Raises:
        UserError: the port is not free.
    """
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((HOST, port))
        made.listen(64)
    except OSError as error:
        made.close()
        raise UserError(f"`port={port}` cannot be listened on: {error.strerror}.") from error
    return made
