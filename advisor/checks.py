"""Checks of what public calls are given, made before anything is done."""

from collections.abc import Sequence
from numbers import Integral, Real

from knowledge_base.errors import UserError
from knowledge_base.naming import nearest

SHORT = {"min": "minimize", "max": "maximize", "minimise": "minimize", "maximise": "maximize"}
"""Other words for directions, with those that are meant."""


def one_of(parameter: str, given: object, known: Sequence[str]) -> None:
    """Refuse a word that is not among the known ones.

    Args:
        parameter: its name, as errors call it.
        given: what was given for it.
        known: the words that it takes.

    Raises:
        UserError: names the word that may be meant, and all that there are.
    """
    if isinstance(given, str) and given in known:
        return
    words = [str(word) for word in known]
    text = given.strip().lower() if isinstance(given, str) else ""
    begun = [word for word in words if text and word.startswith(text)]
    near = SHORT.get(text) or (begun[0] if len(begun) == 1 else nearest(text, words))
    hint = f" Did you mean '{near}'?" if near in words else ""
    all_of_them = f"{', '.join(words[:-1])} or {words[-1]}"
    raise UserError(f"`{parameter}` is {all_of_them}, not {given!r}.{hint}")


def whole(parameter: str, given: object, least: int) -> None:
    """Refuse what is no whole number from `least` on.

    Args:
        parameter: its name, as errors call it.
        given: what was given for it; whole numbers of NumPy are such, truth values are not.
        least: the smallest that it may be.

    Raises:
        UserError: it is none, or too small.
    """
    if not isinstance(given, Integral) or isinstance(given, bool):
        raise UserError(f"`{parameter}` must be a whole number, not {given!r}.")
    if given < least:
        raise UserError(f"`{parameter}` must be at least {least}, not {given}.")


def limit(parameter: str, given: object) -> None:
    """Refuse a limit that is no number of at least 0; None is no limit.

    Args:
        parameter: its name, as errors call it.
        given: what was given for it.

    Raises:
        UserError: it is none.
    """
    if given is None:
        return
    if isinstance(given, bool) or not isinstance(given, Real) or not float(given) >= 0:
        raise UserError(f"`{parameter}` must be a number of at least 0, not {given!r}.")
