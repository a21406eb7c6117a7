"""Tables and JSON on standard output."""

import json
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime

import click

from knowledge_base.types import Config

UNPRINTABLE = dict.fromkeys(
    [*range(0x20), *range(0x7F, 0xA0), 0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F),
     *range(0x2066, 0x206A), *range(0xD800, 0xE000)]
)  # fmt: skip
"""Control characters, breaks of lines, marks of direction and lone surrogates: in a name they
would forge lines, colours or other names."""

_ESCAPES = str.maketrans({code: ascii(chr(code))[1:-1] for code in UNPRINTABLE})


def plain(text: str) -> str:
    """Return a text on one line as people may safely see it: `UNPRINTABLE` is escaped."""
    return text.translate(_ESCAPES)


def say(line: object = "", err: bool = False) -> None:
    """Print one line for people, on standard error with `err`; all of the package's lines go here.

    A line break within it comes from a name or a message, and is escaped, so that none can
    forge a line.
    """
    click.echo(plain(str(line)), err=err)


def print_json(value: object) -> None:
    """Print `value` as indented JSON; NaN and infinities become null."""
    click.echo(json.dumps(_plain(value), indent=2, allow_nan=False))


def print_json_rows(pieces: Iterable[Iterable[Mapping[Hashable, object]]]) -> None:
    """Print rows as `print_json` prints the list of all, piece by piece.

    A list of a million trials is some hundred times as large in memory as it is on paper.
    """
    first = True
    for rows in pieces:
        texts = [json.dumps(_plain(row), indent=2, allow_nan=False) for row in rows]
        if texts:
            # A text within JSON holds no break of a line, so that each one is of the layout.
            told = ",\n".join(texts).replace("\n", "\n  ")
            click.echo(f"{'[' if first else ','}\n  {told}", nl=False)
            first = False
    click.echo("[]" if first else "\n]")


def print_table(
    rows: Iterable[Mapping[str, object]] | Iterable[Mapping[Hashable, object]],
    columns: Sequence[str],
) -> None:
    """Print rows as an aligned table with a header."""
    cells = [[plain(cell(row.get(column))) for column in columns] for row in rows]
    widths = [max(len(column), *(len(r[i]) for r in cells), 0) for i, column in enumerate(columns)]
    for line in [list(columns), ["-" * width for width in widths], *cells]:
        say("  ".join(t.ljust(w) for t, w in zip(line, widths, strict=True)).rstrip())


def cell(value: object) -> str:
    """Return one value as short text; nothing for missing ones."""
    if value is None or (isinstance(value, float | datetime) and value != value):  # NaN or NaT
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def config_text(config: Config) -> str:
    """Return a configuration on one line: name=value, in the order of its names."""
    return " ".join(f"{name}={cell(value)}" for name, value in sorted(config.items()))


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):  # NumPy scalars
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, bool | int | float | str):
        return value
    text = str(value)
    return None if text in ("NaT", "<NA>") else text
