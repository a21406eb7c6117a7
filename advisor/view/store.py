"""Pages of the knowledge base's tables: the database sorts, filters and cuts them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from advisor.view.addresses import address
from advisor.view.listing import Asked, Column, Filter, Kind, Row, Table
from knowledge_base import KnowledgeBase
from knowledge_base.paging import ORDER, Condition
from knowledge_base.schema import TRIAL_STATES
from knowledge_base.states import Direction

if TYPE_CHECKING:
    import pandas as pd

LAYERS = ("user", "seed")
"""Where rows come from: the user's own, and what ships."""


class Link:
    """Leads from a row to a page about what one of its cells names."""

    def __init__(self, path: str, parameter: str, key: str) -> None:
        """Take the path, its parameter, and the column that holds what it is."""
        self._path: str = path
        self._parameter: str = parameter
        self._key: str = key

    def __call__(self, row: Row) -> str | None:
        """Return the address, None where the row names nothing."""
        value = row.get(self._key)
        return None if value is None else address(self._path, **{self._parameter: value})


TRIALS: tuple[Column, ...] = (
    Column("number", "Trial", Kind.NUMBER, link=Link("/trial", "id", "trial_id")),
    Column("task_name", "Task", filtered=True, link=Link("/task", "id", "task_id")),
    Column("family", "Family", filtered=True),
    Column("state", "State", Kind.CHOICE, filtered=True, choices=[str(s) for s in TRIAL_STATES]),
    Column("value", "Value", Kind.NUMBER, filtered=True),
    Column("metric", "Metric", sortable=False),
    Column("duration", "Seconds", Kind.NUMBER, filtered=True),
    Column("study_name", "Study", filtered=True, link=Link("/trials", "study", "study_id")),
    Column("strategy", "Strategy"),
    Column("contributor", "Contributor", filtered=True),
    Column("layer", "From", Kind.CHOICE, filtered=True, choices=LAYERS),
    Column("started_at", "Started", Kind.TIME),
    Column("config", "Configuration", Kind.CONFIG, sortable=False),
)

TASKS: tuple[Column, ...] = (
    Column("name", "Task", filtered=True, link=Link("/task", "id", "task_id")),
    Column("target", "Target", filtered=True),
    Column("metric", "Metric", filtered=True),
    Column("direction", "Better", Kind.CHOICE, filtered=True, choices=[str(d) for d in Direction]),
    Column("family", "Family", filtered=True),
    Column("modality", "Data"),
    Column("n_rows", "Rows", Kind.NUMBER, filtered=True),
    Column("n_features", "Columns", Kind.NUMBER),
    Column("trials", "Trials", Kind.NUMBER, filtered=True, link=Link("/trials", "task", "task_id")),
    Column("layer", "From", Kind.CHOICE, filtered=True, choices=LAYERS),
)

_TASKS = (
    "SELECT tasks.*, modality, n_rows, n_features, coalesce(trials, 0) AS trials FROM tasks "
    "LEFT JOIN (SELECT dataset_id, modality, n_rows, n_features FROM datasets) USING (dataset_id) "
    "LEFT JOIN (SELECT task_id, count(*) AS trials FROM trials "
    "JOIN (SELECT study_id, task_id FROM studies) USING (study_id) GROUP BY task_id) "
    "USING (task_id)"
)


def trials_table(
    kb: KnowledgeBase, asked: Asked, task: str | None = None, study: str | None = None
) -> Table:
    """Return a page of the trials.

    Args:
        kb: knowledge base.
        asked: sorting, filters and page.
        task, study: identities that the trials must have, or their first characters.

    Raises:
        UserError: an identity matches nothing, or several.
    """
    where = tuple(one for name, f in asked.filters.items() for one in _compared(name, f))
    total = _count(kb, kb.stamp(), task, study, where)
    order = [f"{'-' if asked.descending else ''}{asked.sort}"] if asked.sort else ORDER
    shown, after = max(min(asked.size, total - asked.offset), 0), total - asked.offset - asked.size
    # What lies nearer to the end is found from there: to pass over many rows costs sorting them.
    from_end = shown > 0 and after < asked.offset
    frame = kb.trials(
        task=task, study=study, where=where, order_by=order, limit=shown,
        offset=max(after, 0) if from_end else asked.offset, from_end=from_end,
    )  # fmt: skip
    rows = plain_rows(kb.with_studies(frame))
    return Table("trials", "Trials", TRIALS, asked, rows, total)


@lru_cache(maxsize=256)
def _count(
    kb: KnowledgeBase,
    _stamp: tuple[object, ...],
    task: str | None,
    study: str | None,
    where: tuple[Condition, ...],
) -> int:
    """Return how many trials there are; they are counted anew when something was stored."""
    return kb.count_trials(task=task, study=study, where=where)


def tasks_table(kb: KnowledgeBase, asked: Asked) -> Table:
    """Return a page of the tasks."""
    return listed(kb, Table("tasks", "Tasks", TASKS, asked, [], 0), _TASKS)


def listed(kb: KnowledgeBase, table: Table, sql: str) -> Table:
    """Return a table with the page of a query that was asked for.

    Args:
        kb: knowledge base.
        table: without rows; the names of its columns are those of the query.
        sql: the query, of which nothing came from a user.
    """
    asked = table.asked
    conditions, values = _conditions(asked.filters)
    way = "DESC" if asked.descending else "ASC"
    order = f"ORDER BY {asked.sort} {way} NULLS LAST" if asked.sort else ""
    page = f"(SELECT * FROM found {order} LIMIT {asked.size} OFFSET {asked.offset})"
    # One question for the page and the count, which is there also where the page is empty.
    frame = kb.query(
        f"WITH found AS MATERIALIZED (SELECT * FROM ({sql}) WHERE {conditions}) SELECT * FROM "
        f"(SELECT count(*) AS _total FROM found) LEFT JOIN (SELECT *, true AS _row FROM {page}) "
        f"ON true {order}",
        values,
    )
    rows = [row for row in plain_rows(frame) if row["_row"]]
    return replace(table, rows=rows, total=int(frame["_total"][0]))


def plain_rows(frame: "pd.DataFrame") -> list[Row]:
    """Return the rows of a frame with None where there is nothing."""
    return [
        {str(name): None if value != value else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def _compared(name: str, wanted: Filter) -> Iterator[Condition]:
    """Give a filter as conditions of `KnowledgeBase.trials`."""
    for operator, value in (
        ("contains", wanted.contains),
        ("=", wanted.equals),
        (">=", wanted.least),
        ("<=", wanted.most),
    ):
        if value is not None:
            yield name, operator, value


def _conditions(filters: Mapping[str, Filter]) -> tuple[str, list[object]]:
    parts, values = ["true"], list[object]()
    for name, wanted in filters.items():  # Names are those of columns of ours.
        for sql, value in (
            (f"contains(lower({name}), lower(?))", wanted.contains),
            (f"{name} = ?", wanted.equals),
            (f"{name} >= ?", wanted.least),
            (f"{name} <= ?", wanted.most),
        ):
            if value is not None:
                parts.append(sql)
                values.append(value)
    return " AND ".join(parts), values
