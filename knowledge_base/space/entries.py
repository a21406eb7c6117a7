"""Small checks that all parts of a definition share."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from knowledge_base.errors import SpaceError
from knowledge_base.naming import nearest
from knowledge_base.space.reading import PlainWord
from knowledge_base.types import JsonObject

TRUE, FALSE = ("true", "yes", "on"), ("false", "no", "off")
"""Words by which YAML 1.1 means truth values, in small letters."""

SHOWN = 60
"""Characters of a wrong value that an error shows."""


def check_keys(given: Collection[object], known: Collection[str], where: str) -> None:
    """Refuse keys that do not exist; they are mostly typos.

    Raises:
        SpaceError: names the key and the nearest one that exists.
    """
    for key in given:
        if key not in known:
            refuse("key", key, known, where)


def refuse(what: str, name: object, known: Collection[str], where: str) -> NoReturn:
    """Say that there is no such name.

    Raises:
        SpaceError: always.
    """
    near = nearest(str(name)[:SHOWN], known)
    hint = f"did you mean '{near}'?" if near else f"known are {', '.join(known)}."
    raise SpaceError(f"{where}: there is no {what} {shown(name)}; {hint}")


def mapping(value: object, where: str) -> JsonObject:
    """Return a mapping as a dictionary.

    Raises:
        SpaceError: it is none.
    """
    if not isinstance(value, Mapping):
        raise SpaceError(f"{where}: expected keys and values, found {shown(value)}.")
    return dict(value)


def shown(value: object) -> str:
    """Return a value as an error shows it: in one line, and not too long."""
    if isinstance(value, str):
        text = f"'{value}'" if value.isprintable() else repr(str(value))
    else:
        try:
            text = repr(value)
        except ValueError:  # Python refuses to write whole numbers of thousands of digits.
            text = f"a number of {type(value).__name__} with very many digits"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def plain(value: Any) -> Any:
    """Return a value of NumPy or YAML as a value of Python."""
    if isinstance(value, np.generic):
        return value.item()
    return str(value) if isinstance(value, PlainWord) else value


def meant(value: object, choices: Sequence[object]) -> object:
    """Return the truth value that a word such as `yes` stands for, where only that is a choice."""
    if isinstance(value, str) and value not in choices and any(c is True for c in choices):
        return truth(value)
    return value


def truth(value: object) -> object:
    """Return True or False for `yes`, `on`, `no` and so on, and anything else as it is."""
    word = value.lower() if isinstance(value, str) else None
    return True if word in TRUE else False if word in FALSE else value
