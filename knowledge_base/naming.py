"""Names: of whoever contributes; those that people mistype, and what they may have meant."""

import difflib
import getpass
import os
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known name that is most like `name`, None if none is.

    Args:
        name: the name as it was given.
        known: the names that exist.
        cutoff: least similarity that counts as near, in [0, 1].
    """
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return found[0] if found else None


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "", cutoff: float = 0.6) -> str:
    """Return "Did you mean 'x'?" where a known name is near, else `otherwise`.

    >>> did_you_mean("lable", ["label", "age"])
    "Did you mean 'label'?"
    """
    near = nearest(name, known, cutoff)
    return otherwise if near is None else f"Did you mean '{near}'?"


def try_these(name: str, known: Iterable[str]) -> str:
    """Return "Try x." with the nearest known name, or with all of them where none is near.

    >>> try_these("grd", ["random", "grid"])
    'Try grid.'
    """
    names = list(known)
    near = nearest(name, names)
    return f"Try {near or ' or '.join(names)}."


def printable(text: str) -> str:
    """Return a text that can be stored and printed: lone surrogates are written out.

    Names of files and messages of other programs hold them where they are not UTF-8.

    >>> printable(b"caf\\xe9".decode("utf-8", "surrogateescape"))
    'caf\\\\udce9'
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def contributor() -> str:
    """Return the user's login name, or ADVISOR_CONTRIBUTOR where that is set."""
    named = os.environ.get("ADVISOR_CONTRIBUTOR")
    if named is not None:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without an entry
        return "unknown"
