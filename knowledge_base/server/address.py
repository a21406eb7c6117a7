"""Where a team's knowledge base is, and where this computer keeps its copy of it.

A password may be part of an address, or come by libpq's usual means (PGPASSWORD, ~/.pgpass, a
service). It is neither stored nor shown, and no part of where the copy lies.
"""

import getpass
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.identity import digest

SCHEMES = ("postgresql://", "postgres://")

FILE = "knowledge_base.duckdb"

SECRET = ("password", "sslpassword", "passfile", "sslkey")
"""Parameters of an address that nobody is shown."""


def is_address(named: object) -> bool:
    """Return whether what was named as a knowledge base is one on a server."""
    return isinstance(named, str) and named.startswith(SCHEMES)


@dataclass(frozen=True)
class Address:
    """A team's knowledge base.

    Attributes:
        url: what the user named, with whatever secrets it holds; for libpq alone.
        user: login.
        shown: the address without secrets.
        key: digest of host, port, database and login.
    """

    url: str = field(repr=False)
    user: str
    shown: str
    key: str

    def local(self, folder: Path) -> Path:
        """Return the file of this computer's copy, given the folder of the user's own data."""
        return folder / "teams" / self.key / FILE

    def hide(self, text: object) -> str:
        """Return the first line of a message of libpq or the server, without secrets."""
        lines = [line.strip() for line in str(text).splitlines() if line.strip()]
        said = lines[0] if lines else "no reason"
        for secret in self._secrets():
            said = said.replace(secret, "****")
        return said

    def _secrets(self) -> list[str]:
        parts = urlsplit(self.url)
        found = [parts.password or "", os.environ.get("PGPASSWORD", "")]
        found += [value for name, value in parse_qsl(parts.query) if name in SECRET]
        both = {secret for one in found if one for secret in (one, unquote(one))}
        return sorted({self.url, *both}, key=len, reverse=True)


def address(url: str, environment: Mapping[str, str] = os.environ) -> Address:
    """Read an address such as postgresql://anna@db.example.org:5432/team.

    Args:
        url: what libpq understands as a connection URI.
        environment: libpq's variables, for what the address leaves open.

    Raises:
        KnowledgeBaseError: it is none.
    """
    try:
        parts = urlsplit(url)
        port, broken = parts.port, _torn(parts)
    except ValueError:
        port, broken = None, True
    if broken:  # What was meant as the password may be anywhere in it, so none of it is shown.
        raise KnowledgeBaseError(
            "The address of the server cannot be read; write postgresql://user@host:port/database, "
            "and in a password %40 for @, %2F for / and %25 for %."
        )
    given = dict(parse_qsl(parts.query))
    user = unquote(parts.username or "") or given.get("user") or environment.get("PGUSER")
    user = user or getpass.getuser()
    host = unquote(parts.hostname or "") or given.get("host") or environment.get("PGHOST", "")
    number = str(port or given.get("port") or environment.get("PGPORT") or 5432)
    base = unquote(parts.path.lstrip("/")) or given.get("dbname")
    base = base or environment.get("PGDATABASE") or user
    service = given.get("service", environment.get("PGSERVICE", ""))
    place = ["team", host.lower(), number, base, user, *([service] if service else [])]
    return Address(url, user, masked(url), digest(*place))


def _torn(parts: SplitResult) -> bool:
    """Return whether a password may have torn the address where it ought not to be.

    libpq ends a password at its first @, urllib at its last, and /, ? and # end both.
    """
    asked = [piece.partition("=") for piece in parts.query.split("&")]
    torn = any("@" in name + value for name, _, value in asked if name not in ("user", *SECRET))
    return torn or "@" in parts.path + parts.fragment or parts.netloc.count("@") > 1


def masked(url: str) -> str:
    """Return an address without its secrets, with which it can be opened again."""
    bare = re.sub(r"^(\w+://)([^/?#]*)@", _without_password, url)
    before, mark, query = bare.partition("?")
    kept = [(name, value) for name, value in parse_qsl(query) if name not in SECRET]
    return before + (mark + urlencode(kept, quote_via=quote) if kept else "")


def _without_password(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2].partition(':')[0]}@"
