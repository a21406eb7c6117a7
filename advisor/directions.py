"""Which way a metric goes: as somebody says, or as everybody means by its name; never a guess."""

from advisor.checks import one_of
from advisor.metrics import usual_direction
from knowledge_base.errors import UserError
from knowledge_base.naming import printable
from knowledge_base.states import Direction

WAYS = {"minimize": "minimised", "maximize": "maximised"}

CHOICES = (
    "`direction=minimize`, as for a loss or an error, or `direction=maximize`, as for an accuracy"
)


def said_direction(
    metric: str | None,
    direction: str | None,
    what: str = "the value of your function",
    choices: str = CHOICES,
) -> str:
    """Return the direction that was said, or that of a metric whose name is known.

    Args:
        metric: its name, None where it has none.
        direction: "minimize", "maximize", or None where nothing was said.
        what: how errors call the value of a metric without a name.
        choices: how errors say what can be said.

    Raises:
        UserError: it is none, or neither tells: a guess would quietly find the worst.
    """
    if direction is not None:
        one_of("direction", direction, tuple(Direction))
        return direction
    if metric is not None and (known := usual_direction(metric)):
        return known
    if metric is not None:
        raise UserError(
            f"Whether {printable(metric)} is to be minimised or maximised is not known by its "
            f"name; say {choices}."
        )
    raise UserError(
        f"Whether {what} is to be minimised or maximised must be said: "
        f"{choices}; or name it, such as `metric=accuracy`, whose direction is known."
    )


def against_the_name(metric: str, direction: str) -> str | None:
    """Return a word where a value goes another way than everybody means by its name, else None."""
    if usual_direction(metric) in (None, direction):
        return None
    return f"{metric} is {WAYS[direction]} here, as `direction={direction}` says."
