"""Addresses of servers: what is said of them, and where their copy on this machine lies."""

import getpass
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

import platformdirs

from knowledge_base.errors import UserError
from knowledge_base.identity import digest

SCHEMES = ("postgresql", "postgres")
"""How addresses begin."""


def is_address(given: object) -> bool:
    """Return whether what names a knowledge base is the address of a server."""
    return isinstance(given, str) and given.partition("://")[0] in SCHEMES and "://" in given


@dataclass(frozen=True)
class Address:
    """The address of a server, as libpq reads it.

    Attributes:
        url: as it was given; it may hold a password, and is never shown.
    """

    url: str

    def __post_init__(self) -> None:
        """Refuse what is no address.

        Raises:
            UserError: it cannot be read.
        """
        try:
            parts = urlsplit(self.url)
            _ = parts.port
        except ValueError as error:
            raise UserError(
                f"The address of the server cannot be read ({error}); give one such as "
                "postgresql://ann@db.example.org/team."
            ) from None
        if parts.scheme not in SCHEMES:
            raise UserError(
                "The address of a server begins with postgresql://, such as "
                "postgresql://ann@db.example.org/team."
            )

    @property
    def shown(self) -> str:
        """The address without a password."""
        parts = urlsplit(self.url)
        place = parts.hostname or ""
        if ":" in place:
            place = f"[{place}]"
        if parts.port is not None:
            place += f":{parts.port}"
        user = f"{parts.username}@" if parts.username else ""
        query = "&".join(
            piece for piece in parts.query.split("&") if not piece.startswith("password")
        )
        return urlunsplit((parts.scheme, user + place, parts.path, query, ""))

    @property
    def login(self) -> str:
        """The name that the server knows the user by, as libpq finds it."""
        parts = urlsplit(self.url)
        named = unquote(parts.username or "") or dict(parse_qsl(parts.query)).get("user")
        return named or os.environ.get("PGUSER") or getpass.getuser()

    @property
    def mirror(self) -> Path:
        """The database on this machine that holds what is known of the server.

        Raises:
            UserError: the user has no home directory.
        """
        parts, asked = urlsplit(self.url), dict(parse_qsl(urlsplit(self.url).query))
        host = parts.hostname or asked.get("host") or os.environ.get("PGHOST") or "local"
        port = parts.port or asked.get("port") or os.environ.get("PGPORT") or "5432"
        name = parts.path.strip("/") or os.environ.get("PGDATABASE") or self.login
        folder = Path(platformdirs.user_data_dir("advisor"))
        if not folder.is_absolute():
            raise UserError(
                "You have no home directory, where the copy of the team's knowledge base would lie."
            )
        key = digest("team", [host, str(port), name, self.login])
        return folder / "teams" / key / "knowledge_base.duckdb"
