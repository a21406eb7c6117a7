"""Keywords of public calls: a misspelt one says which there are."""

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from knowledge_base.errors import UserError
from knowledge_base.naming import did_you_mean

P = ParamSpec("P")
T = TypeVar("T")


def known_keywords(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function refuse keywords that it lacks with one line that names those it has.

    The function then raises:
        UserError: there is no such keyword.
    """
    names = [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        for name in kwargs:
            if name not in names:
                hint = did_you_mean(name, names)
                raise UserError(
                    f"{function.__qualname__} takes no '{name}'. {hint}{' ' if hint else ''}It "
                    f"takes: {', '.join(names)}."
                )
        return function(*args, **kwargs)

    return checked
