"""Lists of trials, and identities by their first characters."""

from collections.abc import Mapping

import duckdb
import pandas as pd
import pyarrow as pa

from knowledge_base import columnar
from knowledge_base.errors import UserError
from knowledge_base.paging import MAX_PAGE, Page, of_trials

MIN_PREFIX = 6
"""Characters of an identity that stand for it at least."""

_CONTEXT = frozenset({"task_id", "space_id", "family"})
"""What every trial is shown with."""


def wanted_of(
    connection: duckdb.DuckDBPyConnection,
    task: str | None,
    study: str | None,
    space: str | None,
    state: str | None,
    family: str | None,
) -> dict[str, str]:
    """Return what columns of trials must be, with identities in full; None says nothing.

    Raises:
        UserError: an identity is too short, or none or several begin with it.
    """
    wanted = {
        "task_id": resolve(connection, "tasks", "task_id", task),
        "study_id": resolve(connection, "studies", "study_id", study),
        "space_id": resolve(connection, "spaces", "space_id", space),
        "family": family,
        "state": state,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def page_of(
    connection: duckdb.DuckDBPyConnection, wanted: Mapping[str, str], page: Page, configs: bool
) -> pd.DataFrame:
    """Return a page of trials with the task, space and family of their study.

    Args:
        connection: a connection with the views of `layers.make_views`.
        wanted: what columns must be, as `wanted_of` says.
        page: further conditions, the order and which rows; checked.
        configs: whether to add a typed column `config.NAME` per hyperparameter.
    """
    condition, values = _conditions(wanted, page)
    joined = page.columns | set(wanted) | _CONTEXT
    shown = "trials.*, task_id, space_id, family"
    small = page.limit is not None and page.limit <= MAX_PAGE
    if small:  # The identities of the page first: to order whole rows costs reading all of them.
        connection.register("page", _identities(connection, page, wanted))
        of_page = of_trials(joined, "trials JOIN page USING (trial_id)")
        sql, values = f"SELECT {shown}, place FROM {of_page}", []
    else:
        sql = f"SELECT {shown} FROM {of_trials(joined)} WHERE {condition}"
    names: dict[str, str] = {}
    if configs:
        sql, names = columnar.with_config_columns(sql, _definitions(connection, wanted))
    if small:
        sql = f"SELECT * EXCLUDE (place) FROM ({sql}) ORDER BY place"
    else:
        cut = "" if page.limit is None else f" LIMIT {page.limit}"
        sql += f" ORDER BY {page.order()}{cut} OFFSET {page.offset}"
    frame = connection.execute(sql, values).df().rename(columns=names)
    backwards = page.from_end and not small
    return frame.iloc[::-1].reset_index(drop=True) if backwards else frame


def count_of(connection: duckdb.DuckDBPyConnection, wanted: Mapping[str, str], page: Page) -> int:
    """Return how many trials fulfil all conditions; arguments are as for `page_of`."""
    condition, values = _conditions(wanted, page)
    source = of_trials(page.columns | set(wanted))
    sql = f"SELECT count(*) FROM {source} WHERE {condition}"
    ((count,),) = connection.execute(sql, values).fetchall()
    return int(count)


def resolve(
    connection: duckdb.DuckDBPyConnection, table: str, column: str, prefix: str | None
) -> str | None:
    """Return the identity that is `prefix` or alone begins with it.

    Raises:
        UserError: it is too short, or none or several begin with it.
    """
    if prefix is None:
        return None
    rows = connection.execute(
        f"SELECT {column} FROM {table} WHERE starts_with({column}, ?) "
        f"ORDER BY length({column}) LIMIT 2",
        [prefix],
    ).fetchall()
    found: list[str] = [row[0] for row in rows]
    if found and (found[0] == prefix or (len(found) == 1 and len(prefix) >= MIN_PREFIX)):
        return found[0]
    lists = f"; `advisor kb {table}` lists them" if table in ("tasks", "studies", "trials") else ""
    if len(prefix) < MIN_PREFIX:
        raise UserError(
            f"'{prefix}' is none of the {table}; give at least {MIN_PREFIX} characters of an "
            f"identity{lists}."
        )
    what = "Several" if found else "No"
    raise UserError(f"{what} {table} begin with '{prefix}'{lists}.")


def _conditions(wanted: Mapping[str, str], page: Page) -> tuple[str, list[object]]:
    """Return all conditions on trials as SQL, and the values for its marks."""
    further, values = page.conditions()
    condition = " AND ".join([*(f"{name} = ?" for name in wanted), further])
    return condition, [*wanted.values(), *values]


def _identities(
    connection: duckdb.DuckDBPyConnection, page: Page, wanted: Mapping[str, str]
) -> pa.Table:
    """Return the identities of the trials of a page, and their places in it."""
    condition, values = _conditions(wanted, page)
    source = of_trials(page.columns | set(wanted))
    sql = (
        f"SELECT trial_id FROM {source} WHERE {condition} ORDER BY {page.order()} "
        f"LIMIT {page.limit} OFFSET {page.offset}"
    )
    found = connection.sql(sql, params=values).to_arrow_table()
    places = range(found.num_rows)
    return found.append_column("place", pa.array(places[::-1] if page.from_end else places))


def _definitions(connection: duckdb.DuckDBPyConnection, given: Mapping[str, str]) -> list[str]:
    """Return the spaces of the studies that the conditions leave."""
    wanted = {name: value for name, value in given.items() if name != "state"}
    where = " AND ".join(f"{name} = ?" for name in wanted) or "true"
    rows = connection.execute(
        "SELECT definition FROM spaces WHERE space_id IN (SELECT space_id FROM studies "
        f"LEFT JOIN (SELECT task_id, family FROM tasks) USING (task_id) WHERE {where}) "
        "ORDER BY space_id",
        list(wanted.values()),
    ).fetchall()
    return [text for (text,) in rows]
