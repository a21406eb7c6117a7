"""Texts as they may leave the machine: without paths, names of people, and what data held.

An error message quotes what it stumbled over: a cell of a table, a name of a column, a file in
somebody's home. What is kept is what kind of error it was and what the first line of its message
says, without all that is quoted, numbers, words with a capital, and what follows a second colon.
A value that is a plain word in small letters cannot be told from the words around it; of errors
that are somebody's own, and say what he likes, the kind alone is kept. What this package
itself says of a trial holds none of that, and stays: some of it has a meaning (`records`).
"""

import builtins
import getpass
import re
from functools import cache
from pathlib import Path

from knowledge_base.records import PAUSED, SKIPPED, TIME_OVER

GONE = "..."
"""What stands for a part that was left out."""

LONGEST = 200
"""Characters of a message that are kept."""

_OURS = re.compile(
    rf"{re.escape(TIME_OVER)}"
    r"|the training loss became non-finite in epoch \d+"
    r"|the gradients exploded in epoch \d+ \(mean norm [-+.\deinfa]+\)"
    r"|the value told was (?:nan|-?inf)"
    r"|no value was told|the trial failed|the session failed|it ended with code \d+"
)
"""What this package says of trials, word for word."""

_FOLDED = re.compile(r"fold \d+: ")
_LEFT_OUT = re.compile(rf"{re.escape(PAUSED)}\d+(?: epochs?)?")

_KIND = re.compile(
    r"(?:[A-Za-z_]\w*\.)*"
    r"([A-Z]\w*(?:Error|Exception|Warning|Exit|Interrupt|Iteration|Fault|Timeout))(?::\s*|\s*$)"
)
_ANY_KIND = re.compile(r"(?:[A-Za-z_]\w*\.)*([A-Za-z_]\w*)(?::\s*|\s*$)")
"""How the line of a traceback begins that says what happened; of an error of any name."""

_KNOWN_KINDS = frozenset(dir(builtins)) - {"KeyError"} | {
    "OutOfMemoryError", "LinAlgError", "NotFittedError", "AcceleratorError", "OperationalError",
}  # fmt: skip
"""Errors of which the message is kept: those of somebody's own say what he likes, and the
message of a `KeyError` is nothing but what was looked for."""

_NAME = re.compile(
    r"(?<=\s)(?!No\b|None\b|True\b|False\b|NaN\b|Tensor\b|Float\b|"
    r"Double\b|Long\b|Half\b|Tried\b|Expected\b|Found\b|Got\b)"
    r"[A-Z\u00c0-\u00de\u0391-\u03a9\u0410-\u042f]\w*[a-z\u00df-\u00ff\u03b1-\u03c9\u0430-\u044f]\w*"
)
"""A word with a capital within a message, which may be somebody's name."""

_PATHS = (
    r"(?<![\w.])[A-Za-z]:[\\/]\S*"  # a path of Windows
    r"|\\\\[^\s\\]+\\\S*"  # a share of Windows
    r"|(?<![\w./\\])~\w*[\\/]\S*"  # somebody's home
    r"|(?<![\w./\\~])/(?:[^\s/]+/)+[^\s/]*"  # a path below the root
    r"|(?<![\w./\\~])/(?:home|Users|root|mnt|media|tmp|var|data|opt|srv|etc)\b"
)
"""What is an absolute path in a text."""

_ADDRESS = r"(?:\b[A-Za-z][\w+.-]*:)?//+\S+"
"""What is an address, such as sqlite:////home/eva/study.db."""

_ABSOLUTE = re.compile(f"{_ADDRESS}|{_PATHS}")
_IN_CONFIG = re.compile(rf"\b(?:file|sqlite):/\S+|{_PATHS}")

_PUBLIC = re.compile(r"https?://(?:[a-z][\w-]*\.)+[a-z]{2,}(?:/[^\s?#@]*)?", re.IGNORECASE)
"""An address of the web: not of a number or of a name within a network, and no password."""

_PATHLIKE = re.compile(r"\S*[\\/]\S|~\w*[\\/]")
_MARKS = (("'", "'"), ('"', '"'), ("`", "`"), ("\u201c", "\u201d"), ("\u2018", "\u2019"))
_QUOTED = re.compile("|".join(f"{first}[^{last}]*{last}?" for first, last in _MARKS))
_MAIL = re.compile(r"\S+@\S+")
_NUMBERED = re.compile(r"[\w.+-]*\d[\w.,+-]*")
_SAFE = ("out of memory", "device-side assert triggered", "not enough memory")
"""What may stand behind a second colon: it says what happened, and of nobody's data."""


def scrubbed(error: str | None) -> str | None:
    """Return an error as it may leave the machine; the same again for what was scrubbed before.

    >>> scrubbed("Traceback (most recent call last):\\n  ...\\nKeyError: 'Mrs Smith'")
    'KeyError: ...'
    """
    if not error or not error.strip():
        return error
    for begin in (SKIPPED, *(found.group() for found in [_FOLDED.match(error)] if found)):
        if error.startswith(begin):
            return begin + (scrubbed(error.removeprefix(begin)) or "")
    if _OURS.fullmatch(error.strip()):
        return error.strip()
    paused = _LEFT_OUT.match(error)
    if paused:
        rest = error[paused.end() :].strip(": ")
        return paused.group() + (f": {GONE}" if rest else "")
    line, kind = _telling(error)
    if kind is None:
        return _message(line) or GONE
    rest = line[kind.end() :]
    said = _message(rest) if kind.group(1) in _KNOWN_KINDS else (GONE if rest.strip() else "")
    return f"{kind.group(1)}: {said}" if said else kind.group(1)


def without_paths(text: str | None) -> str | None:
    """Return a name as it may leave the machine: of paths and addresses only the last part.

    >>> without_paths("optuna sqlite:////home/eva/runs/study.db")
    'optuna study.db'
    """
    if text is None:
        return None
    return _ABSOLUTE.sub(lambda found: _last_part(found.group()), text)


def without_own_paths(text: str | None) -> str | None:
    """Return where a data set is from as it may leave the machine: what the web has stays.

    >>> without_own_paths("https://archive.ics.uci.edu/dataset/53/iris")
    'https://archive.ics.uci.edu/dataset/53/iris'
    """
    public = text is not None and _PUBLIC.fullmatch(text) is not None
    return text if public else without_paths(text)


def holds_path(text: str) -> bool:
    """Return whether a text, or a text within JSON, holds an absolute path."""
    bare = text.replace('"', " ")
    forms = (bare, bare.replace("\\\\", "\\"))  # In JSON, a backslash stands twice.
    return any(_IN_CONFIG.search(form) is not None for form in forms)


def _telling(error: str) -> tuple[str, re.Match[str] | None]:
    """Return the line that says what happened, and what kind of error it names, if any.

    Behind a traceback, that is the last one that names a kind, since a message may have lines.
    """
    lines = [line for line in error.strip().splitlines() if line.strip()]
    for line in reversed(lines):
        kind = _KIND.match(line)
        if kind is not None:
            return line, kind
    # A traceback of an error with a name of its own, or one that was cut off.
    behind = lines[0].startswith(("Traceback", " "))
    return (lines[-1], _ANY_KIND.match(lines[-1])) if behind else (lines[0], None)


def _message(text: str) -> str:
    """Return the first line of a message without what may be data."""
    text = text.strip()
    # A path may hold spaces, and whatever follows it may be a part of it.
    path = _PATHLIKE.search(text)
    if path is not None:
        text = text[: path.start()] + GONE
    head, colon, tail = text.partition(":")
    if colon and tail.strip(" .") not in _SAFE:
        text = f"{head}: {GONE}"
    if " " not in text.strip():
        return GONE if text.strip() else ""
    for pattern in (_QUOTED, _MAIL, _NUMBERED, *_names(), _NAME):
        text = pattern.sub(GONE, text)
    text = re.sub(rf"{re.escape(GONE)}(?:[\s,;()\[\]]*{re.escape(GONE)})+", GONE, text)
    return " ".join(text.split())[:LONGEST].strip()


@cache
def _names() -> tuple[re.Pattern[str], ...]:
    """Return patterns of what the user of this machine is called."""
    found = set()
    try:
        found |= {getpass.getuser(), Path.home().name}
    except (KeyError, OSError, RuntimeError):  # He has neither a name nor a home.
        found.discard("")
    names = sorted(name for name in found if len(name) > 2)
    return tuple(re.compile(rf"\b{re.escape(name)}\b", re.IGNORECASE) for name in names)


def _last_part(path: str) -> str:
    parts = [part for part in re.split(r"[\\/]+", path) if part]
    last = parts[-1] if parts else ""
    # Of an address without a path, nothing may be told: it names a machine.
    address = re.match(r"(?:[A-Za-z][\w+.-]*:)?//", path) is not None
    return GONE if not last or (address and len(parts) < 3) or last.endswith(":") else last
