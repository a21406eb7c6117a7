"""Which trials are meant, in which order, and which page of them: checked, and made SQL.

What is asked for becomes conditions, an order and a limit of one query, so that the database
leaves out what is not wanted, and a page of a million trials costs a page. Names of columns are
compared with those that there are, and values travel as parameters: nothing that a user typed
becomes SQL.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import pyarrow as pa

from knowledge_base.errors import UserError
from knowledge_base.schema import TRIALS

Condition: TypeAlias = tuple[str, str, object]
"""A column, one of `OPERATORS`, and what it is compared with: `("value", ">=", 0.9)`."""

OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "in", "contains", "begins")
"""How a column may be compared: `in` with a list, `contains` (in any case) and `begins` with a
text."""

ORDER = ("study_id", "number")
"""How trials lie unless told otherwise."""

OF_STUDY = {
    "task_id": "task_id",
    "space_id": "space_id",
    "study_name": "name",
    "strategy": "strategy",
    "source": "source",
    "contributor": "contributor",
}
"""Columns that a trial has of its study, and what they are called there."""

OF_TASK = {
    "family": "family",
    "task_name": "name",
    "metric": "metric",
    "direction": "direction",
    "dataset_id": "dataset_id",
    "target": "target",
}
"""Columns that a trial has of its task, and what they are called there."""

COLUMNS = (*TRIALS.names, "layer", *OF_STUDY, *OF_TASK)
"""Columns that may be asked for and ordered by."""

INSIDE = ("config.", "metrics.")
"""What names begin with that mean a value within a JSON object: `config.learning_rate`."""

MAX_PAGE = 100_000
"""Rows up to which a page is found by its identities first, and only then read."""


@dataclass(frozen=True)
class Page:
    """Conditions, order and limit of a question for trials.

    Attributes:
        where: conditions that all hold; a comparison with None is refused, since it never holds.
        order_by: names of columns, "-" before one for descending; what is missing comes last.
        limit: rows at most, None for all.
        offset: rows that are left out before them.
        from_end: whether `offset` rows are left out after them instead, and the last ones before
            these are meant; their order stays.
    """

    where: Sequence[Condition] = ()
    order_by: Sequence[str] = ORDER
    limit: int | None = None
    offset: int = 0
    from_end: bool = False

    def check(self) -> None:
        """Refuse what cannot be asked.

        Raises:
            UserError: a column or an operator is unknown, or a number is no whole one from 0 on.
        """
        for name, number in (("limit", self.limit), ("offset", self.offset)):
            whole = isinstance(number, int) and not isinstance(number, bool)
            if number is not None and (not whole or number < 0):
                raise UserError(f"`{name}` must be a whole number from 0 on, not {number!r}.")
        if isinstance(self.order_by, str):
            raise UserError("`order_by` must be a list of names of columns, not a text.")
        for name in self.order_by:
            _check_column(name.removeprefix("-"), "order_by")
        for condition in self.where:
            _check_condition(condition)

    @property
    def columns(self) -> frozenset[str]:
        """Columns that conditions and order need."""
        ordered = {name.removeprefix("-") for name in self.order_by}
        return frozenset({_stored(name) for name in {c for c, _, _ in self.where} | ordered})

    def conditions(self) -> tuple[str, list[object]]:
        """Return the conditions as SQL, "true" without any, and the values for its marks."""
        parts, values = ["true"], list[object]()
        for name, operator, value in self.where:
            part, given = _condition(name, operator, value)
            parts.append(part)
            values += given
        return " AND ".join(parts), values

    def order(self) -> str:
        """Return the order in which rows are counted, as SQL; it is the same whenever asked for."""
        return ", ".join([*self._ordered(), "trial_id DESC" if self.from_end else "trial_id"])

    def _ordered(self) -> Iterator[str]:
        nulls = "FIRST" if self.from_end else "LAST"
        for name in self.order_by:
            way = "DESC" if name.startswith("-") != self.from_end else "ASC"
            for sql in _sortable(name.removeprefix("-")):
                yield f"{sql} {way} NULLS {nulls}"


def of_trials(columns: frozenset[str], source: str = "trials") -> str:
    """Return SQL for trials with those columns of their studies and tasks that are needed.

    A join that nothing needs would cost as much as all the rest.
    """
    studies = {name: stored for name, stored in OF_STUDY.items() if name in columns}
    tasks = {name: stored for name, stored in OF_TASK.items() if name in columns}
    if not studies and not tasks:
        return source
    if tasks:
        studies["task_id"] = "task_id"
    listed = ", ".join(f"{stored} AS {name}" for name, stored in studies.items())
    joined = f"LEFT JOIN (SELECT study_id, {listed} FROM studies) USING (study_id)"
    if tasks:
        listed = ", ".join(f"{stored} AS {name}" for name, stored in tasks.items())
        joined += f" LEFT JOIN (SELECT task_id, {listed} FROM tasks) USING (task_id)"
    return f"{source} {joined}"


def _stored(name: str) -> str:
    """Return the column that a name means, which may be one within a JSON object."""
    return name.split(".", maxsplit=1)[0] if name.startswith(INSIDE) else name


def _check_column(name: str, parameter: str) -> None:
    inside = name.startswith(INSIDE) and len(name.split(".", 1)[1]) > 0
    if name not in COLUMNS and not inside:
        listed = ", ".join((*COLUMNS, "config.NAME", "metrics.NAME"))
        raise UserError(f"`{parameter}`: there is no column '{name}' of trials; one of {listed}.")


def _check_condition(condition: Condition) -> None:
    if not isinstance(condition, tuple | list) or len(condition) != 3:
        raise UserError(f"`where` takes (column, operator, value), not {condition!r}.")
    name, operator, value = condition
    _check_column(str(name), "where")
    if operator not in OPERATORS:
        known = ", ".join(OPERATORS)
        raise UserError(f"`where`: there is no operator '{operator}'; one of {known}.")
    listed = isinstance(value, list | tuple | set | frozenset)
    if listed != (operator == "in"):
        raise UserError(f"`where`: '{operator}' of '{name}' cannot take {value!r}.")
    if operator in ("contains", "begins") and not isinstance(value, str):
        raise UserError(f"`where`: '{operator}' of '{name}' takes a text, not {value!r}.")
    if value is None:
        raise UserError(f"`where`: '{name}' cannot be compared with nothing.")
    if operator != "in":
        _check_kind(name, value)
        return
    assert isinstance(value, list | tuple | set | frozenset)
    for each in value:
        _check_kind(name, each)


def _check_kind(name: str, value: object) -> None:
    """Refuse a value that no cell of a column can be compared with."""
    kind = TRIALS.field(name).type if name in TRIALS.names else pa.string()
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if name.startswith(INSIDE):
        right, what = isinstance(value, int | float | str), "a number or a text"
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
        right, what = number, "a number"
    elif pa.types.is_timestamp(kind):
        right, what = _is_time(value), "a time, such as 2026-01-31"
    else:
        right, what = isinstance(value, str), "a text"
    if not right:
        raise UserError(f"`where`: '{name}' is compared with {what}, not {value!r}.")


def _is_time(value: object) -> bool:
    if isinstance(value, str):
        with suppress(ValueError):
            return bool(datetime.fromisoformat(value))
    return isinstance(value, datetime)


def _condition(name: str, operator: str, value: object) -> tuple[str, list[object]]:
    column = _compared(name, value)
    if operator == "in":
        values = list(value) if isinstance(value, list | tuple | set | frozenset) else []
        alike = [_condition(name, "=", each) for each in values]
        given = [one for _, several in alike for one in several]
        return "(" + " OR ".join(["false", *(part for part, _ in alike)]) + ")", given
    if operator == "contains":
        return f"contains(lower({column}), lower(?))", [value]
    if operator == "begins":
        return f"starts_with({column}, ?)", [value]
    if isinstance(value, bool):
        value = str(value).lower()
    return f"{column} {operator} ?", [value]


def _compared(name: str, value: object) -> str:
    """Return SQL for a column in the form in which it is compared with a value."""
    if not name.startswith(INSIDE):
        return name
    number = isinstance(value, int | float) and not isinstance(value, bool)
    text = _inner(name)
    return f"TRY_CAST({text} AS DOUBLE)" if number else text


def _sortable(name: str) -> list[str]:
    """Return SQL for what a column is ordered by: numbers within JSON by their size."""
    if not name.startswith(INSIDE):
        return [name]
    text = _inner(name)
    return [f"TRY_CAST({text} AS DOUBLE)", text]


def _inner(name: str) -> str:
    """Return SQL for a value within a JSON object, as a text."""
    column, key = name.split(".", 1)
    # The path is a quoted text of JSON within a quoted text of SQL.
    path = '$."' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"json_extract_string({column}, '" + path.replace("'", "''") + "')"
