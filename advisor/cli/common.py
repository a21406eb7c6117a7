"""What the commands share: options, error reporting and opening the knowledge base."""

import functools
from collections.abc import Callable
from typing import Any

import click

from knowledge_base.errors import UserError

BAD_INPUT = 2


def kb_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --kb, read from ADVISOR_KB where it is not given."""
    return click.option(
        "--kb",
        "kb_path",
        metavar="PATH",
        envvar="ADVISOR_KB",
        help="Knowledge base file.  [env: ADVISOR_KB; default: in the user's data directory]",
    )(function)


def data_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add what says which columns hold texts or times."""
    for option in (
        click.option("--horizon", type=click.IntRange(min=1),
                     help="Steps ahead to forecast.  [default: a season, or 6]"),
        click.option("--series", help="Column that tells several time series apart."),
        click.option("--time", help="Column with the times of a series to forecast."),
        click.option("--text", help="Column with texts to classify."),
    ):  # fmt: skip
        function = option(function)
    return function


def format_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --format table|json."""
    return click.option(
        "--format",
        "output",
        type=click.Choice(["table", "json"]),
        default="table",
        show_default=True,
        help="How to print.",
    )(function)


def seed_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --seed."""
    return click.option(
        "--seed",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="Seed of everything random.",
    )(function)


def standard_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --kb, --seed and --format, and turn user errors into one line and exit code 2."""
    return kb_option(seed_option(format_option(speaks_to_the_user(function))))


def speaks_to_the_user(function: Callable[..., Any]) -> Callable[..., Any]:
    """Print a `UserError` as one line on standard error and exit with code 2."""

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except UserError as error:
            line = " ".join(str(error).split())
            click.echo(f"Error: {line}", err=True)
            raise SystemExit(BAD_INPUT) from None

    return wrapped
