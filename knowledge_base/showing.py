"""Small tables as HTML, for notebooks: no script, no style sheet, every text escaped."""

from collections.abc import Mapping, Sequence
from html import escape
from math import isfinite

MOST_ROWS = 20
"""Rows of a table in a notebook; the others are counted."""

SHORT = 16
"""Characters up to which a cell is not broken into lines."""


def html_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    notes: Sequence[str] = (),
) -> str:
    """Return a table as a piece of HTML.

    Args:
        title: its caption.
        columns, rows: its cells; names in them are somebody's, and are escaped.
        notes: lines below it.
    """
    shown = rows[:MOST_ROWS]
    texts = [any(isinstance(row[n], str | Mapping) for row in shown) for n in range(len(columns))]
    head = "".join(
        f'<th scope="col"{_style(column, text)}>{escape(column)}</th>'
        for column, text in zip(columns, texts, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{_style(_cell(value), text)}>{escape(_cell(value))}</td>"
            for value, text in zip(row, texts, strict=True)
        )
        + "</tr>"
        for row in shown
    )
    left = len(rows) - MOST_ROWS
    told = [*([f"{left} more rows"] if left > 0 else []), *notes]
    lines = "".join(f"<p>{escape(line)}</p>" for line in told)
    table = f"<table><caption>{escape(title)}</caption><thead><tr>{head}</tr></thead>"
    return f"<div>{table}<tbody>{body}</tbody></table>{lines}</div>"


def _style(told: str, text: bool) -> str:
    """Return how a cell is set: notebooks set all to the right, where texts are hard to read."""
    side = "left" if text else "right"
    return f' style="text-align:{side}{";white-space:nowrap" if len(told) <= SHORT else ""}"'


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return " ".join(f"{name}={_cell(item)}" for name, item in sorted(value.items()))
    return str(value)
