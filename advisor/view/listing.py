"""Tables that are sorted, filtered and cut into pages where their rows are, not in the browser."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from urllib.parse import urlencode

from knowledge_base.errors import UserError
from knowledge_base.naming import try_these

SIZES = (25, 50, 100, 200)
"""Rows that a page of a table may have."""

DEFAULT_SIZE = 50

MAX_PAGE = 1_000_000

Row: TypeAlias = Mapping[str, object]


class Kind(StrEnum):
    """What a column holds, and so how it is shown and filtered."""

    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    TIME = "time"
    CONFIG = "config"


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: key in the rows, and in addresses.
        label: heading.
        kind: what it holds.
        sortable, filtered: whether people can sort and filter by it.
        choices: of a column of choices.
        link: returns the address that a row's cell leads to, None for no link.
    """

    name: str
    label: str
    kind: Kind = Kind.TEXT
    sortable: bool = True
    filtered: bool = False
    choices: Sequence[str] = ()
    link: Callable[[Row], str | None] | None = None


@dataclass(frozen=True)
class Filter:
    """What the rows of a column are to hold.

    Attributes:
        contains: text that is in it, whatever its case.
        equals: the whole text.
        least, most: bounds, inclusive.
    """

    contains: str | None = None
    equals: str | None = None
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class Asked:
    """What an address asks of a table.

    Attributes:
        sort: column; "" for the order of the table itself.
        descending: whether the largest come first.
        page: from 1.
        size: rows of a page.
        given: texts of the filters as they were given, by parameter.
        kept: other parameters of the page, which links of the table keep.
        filters: what they mean, by column.
    """

    sort: str
    descending: bool
    page: int
    size: int
    given: Mapping[str, str]
    kept: Mapping[str, str]
    filters: Mapping[str, Filter]

    @property
    def offset(self) -> int:
        """Rows before the page."""
        return (self.page - 1) * self.size

    def query(self, **changed: object) -> str:
        """Return the part of an address from "?" that asks for this with something else changed."""
        now = replace(self, **changed)  # type: ignore[arg-type]
        parts: dict[str, object] = {**now.kept, **now.given}
        if now.sort:
            parts["sort"] = f"{'-' if now.descending else ''}{now.sort}"
        if now.size != DEFAULT_SIZE:
            parts["size"] = now.size
        if now.page != 1:
            parts["page"] = now.page
        return f"?{urlencode(parts)}"

    def sorted_by(self, column: Column) -> str:
        """Return the query that sorts by a column, or turns its order round."""
        down = not self.descending if self.sort == column.name else False
        return self.query(sort=column.name, descending=down, page=1)


def asked_of(
    columns: Sequence[Column],
    parameters: Mapping[str, str],
    sort: str = "",
    kept: Sequence[str] = (),
) -> Asked:
    """Return what an address asks of a table.

    Args:
        columns: of the table.
        parameters: of the address.
        sort: how it is sorted where the address does not say: a column, after "-" descending.
        kept: names of parameters of the page besides the table's.

    Raises:
        UserError: a parameter cannot be meant.
    """
    by = parameters.get("sort", sort)
    name = by.removeprefix("-")
    sortable = [column.name for column in columns if column.sortable]
    if name and name not in sortable:
        raise UserError(f"The table has no column '{name}' to sort by. {try_these(name, sortable)}")
    size = _whole(parameters, "size", DEFAULT_SIZE, max(SIZES))
    given: dict[str, str] = {}
    filters: dict[str, Filter] = {}
    for column in columns:
        if column.filtered:
            texts = {p: v for p in _parameters(column) if (v := parameters.get(p, "").strip())}
            given |= texts
            if texts:
                filters[column.name] = _filter(column, texts)
    return Asked(
        sort=name,
        descending=by.startswith("-"),
        page=_whole(parameters, "page", 1, MAX_PAGE),
        size=size,
        given=given,
        kept={name: parameters[name] for name in kept if name in parameters},
        filters=filters,
    )


@dataclass(frozen=True)
class Table:
    """A page of a table, as templates show it.

    Attributes:
        name: what its parts are called in the document, such as "trials".
        caption: what it is a table of.
        columns: in their order.
        asked: what was asked.
        rows: of this page.
        total: rows that the filters leave.
    """

    name: str
    caption: str
    columns: Sequence[Column]
    asked: Asked
    rows: Sequence[Row]
    total: int

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.total // self.asked.size))

    @property
    def first(self) -> int:
        """Number of the first row of this page, from 1."""
        return self.asked.offset + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """Number of its last row."""
        return self.asked.offset + len(self.rows)

    @property
    def filtered(self) -> list[Column]:
        """Columns with a filter."""
        return [column for column in self.columns if column.filtered]

    def order_of(self, column: Column) -> str:
        """Return "ascending", "descending" or "none", as assistive technology takes it."""
        if column.name != self.asked.sort:
            return "none"
        return "descending" if self.asked.descending else "ascending"


def page_of(rows: Sequence[Row], asked: Asked) -> tuple[list[Row], int]:
    """Return a page of rows that are in memory, and how many the filters leave."""
    left = [row for row in rows if all(_fits(row.get(n), f) for n, f in asked.filters.items())]
    if asked.sort:
        known = [row for row in left if row.get(asked.sort) is not None]
        missing = [row for row in left if row.get(asked.sort) is None]
        known.sort(key=lambda row: _key(row[asked.sort]), reverse=asked.descending)
        left = known + missing
    return left[asked.offset : asked.offset + asked.size], len(left)


def _key(value: object) -> tuple[bool, float, str]:
    """Return what a value is ordered by: numbers and times before texts, whatever their case."""
    if isinstance(value, datetime):
        value = value.timestamp()
    if isinstance(value, int | float):
        return False, float(value), ""
    return True, 0.0, str(value).casefold()


def _fits(value: object, wanted: Filter) -> bool:
    text = "" if value is None else str(value)
    if wanted.contains is not None and wanted.contains.casefold() not in text.casefold():
        return False
    if wanted.equals is not None and text != wanted.equals:
        return False
    if wanted.least is None and wanted.most is None:
        return True
    if not isinstance(value, int | float):
        return False
    low = wanted.least is None or value >= wanted.least
    return low and (wanted.most is None or value <= wanted.most)


def _parameters(column: Column) -> list[str]:
    """Return the names of the parameters of a column's filter."""
    if column.kind == Kind.NUMBER:
        return [f"{column.name}_min", f"{column.name}_max"]
    return [column.name]


def _filter(column: Column, texts: Mapping[str, str]) -> Filter:
    if column.kind == Kind.NUMBER:
        low, high = _parameters(column)
        return Filter(least=_number(texts, low), most=_number(texts, high))
    (text,) = texts.values()
    return Filter(equals=text) if column.kind == Kind.CHOICE else Filter(contains=text)


def _number(texts: Mapping[str, str], name: str) -> float | None:
    if name not in texts:
        return None
    try:
        return float(texts[name])
    except ValueError:
        raise UserError(f"`{name}` takes a number, not '{texts[name][:40]}'.") from None


def _whole(parameters: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = parameters.get(name, "").strip() or str(default)
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
        raise UserError(f"`{name}` takes a whole number from 1 to {most:,}, not '{text[:40]}'.")
    return int(text)
