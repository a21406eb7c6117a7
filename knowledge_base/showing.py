"""Small tables as HTML, for notebooks: no script, no style sheet, every text escaped."""

from collections.abc import Mapping, Sequence
from html import escape
from math import isfinite

MOST_ROWS = 20
"""Rows of a table in a notebook; the others are counted."""


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
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_cell(value))}</td>" for value in row) + "</tr>"
        for row in rows[:MOST_ROWS]
    )
    left = len(rows) - MOST_ROWS
    told = [*([f"{left} more rows"] if left > 0 else []), *notes]
    lines = "".join(f"<p>{escape(line)}</p>" for line in told)
    table = f"<table><caption>{escape(title)}</caption><thead><tr>{head}</tr></thead>"
    return f"<div>{table}<tbody>{body}</tbody></table>{lines}</div>"


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return " ".join(f"{name}={_cell(item)}" for name, item in sorted(value.items()))
    return str(value)
