"""Delivering what was made here: one transaction for a delivery, and nothing twice.

Identities are digests of content, so a row that is there already is left as it is. A delivery
that was cut off after its commit is made again without effect.
"""

from collections.abc import Collection
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from knowledge_base.bundle import Bundle
from knowledge_base.schema import KEYS, TABLES
from knowledge_base.server.address import Address
from knowledge_base.server.connection import faults, limited

if TYPE_CHECKING:
    import psycopg

FEW = 50
"""Rows of a table that are inserted directly; more are copied first, which costs a table."""


def deliver(
    connection: "psycopg.Connection",
    there: Address,
    bundle: Bundle,
    seconds: float,
    own: set[str],
) -> dict[str, str]:
    """Insert what the server lacks; committed on return.

    Args:
        connection: a connection that commits by itself.
        there: the server.
        bundle: any rows; the server writes the login as their contributor.
        seconds: how long it may take.
        own: studies known to be of this login, which saves asking; those found are added.

    Returns:
        The logins whose studies some of the trials are of, by the identity of each trial that
        was left out; the server lets nobody add to a study of another.

    Raises:
        NotReached: it was lost, or took too long; it may have committed.
        NotTaken: the server has no place for one of the rows.
        KnowledgeBaseError: this login may not write.
    """
    with faults(there), limited(connection, seconds):
        others = _of_others(connection, bundle, own)
    bundle = _without(bundle, others)
    few = all(bundle[table].num_rows <= FEW for table in TABLES)
    # All of a small delivery travels at once; copying needs an answer in between.
    together = connection.pipeline() if few else nullcontext()
    with faults(there), limited(connection, seconds), together, connection.transaction():
        # In one order everywhere, so that two deliveries never wait for each other in a circle.
        for table in TABLES:
            rows = bundle[table]
            if rows.num_rows:
                rows = rows.sort_by([(key, "ascending") for key in KEYS[table]])
                (_insert if rows.num_rows <= FEW else _copy)(connection, table, _sendable(rows))
    own.update(bundle["trials"]["study_id"].to_pylist())
    return others


def _of_others(connection: "psycopg.Connection", bundle: Bundle, own: set[str]) -> dict[str, str]:
    """Return the trials that are of another's study, or whose curves are of another's trial."""
    given = dict(
        zip(*(bundle["trials"][name].to_pylist() for name in ("trial_id", "study_id")), strict=True)
    )
    others: dict[str, str] = {}
    studies = sorted(set(given.values()) - own)
    if studies:
        owners: dict[str, str] = dict(
            connection.execute(
                "SELECT study_id, contributor FROM advisor.studies WHERE study_id = ANY(%s) "
                "AND contributor <> session_user", [studies],
            ).fetchall()
        )  # fmt: skip
        others = {trial: owners[study] for trial, study in given.items() if study in owners}
    alone = sorted(set(bundle["curves"]["trial_id"].to_pylist()) - set(given))
    if alone:
        others |= dict(
            connection.execute(
                "SELECT trial_id, contributor FROM advisor.trials WHERE trial_id = ANY(%s) "
                "AND contributor <> session_user", [alone],
            ).fetchall()
        )  # fmt: skip
    return others


def _without(bundle: Bundle, trials: Collection[str]) -> Bundle:
    if not trials:
        return bundle
    left_out = pa.array(trials, pa.string())
    tables = {table: bundle[table] for table in TABLES}
    for table in ("trials", "curves"):
        tables[table] = tables[table].filter(
            pc.invert(pc.is_in(tables[table]["trial_id"], left_out))
        )
    return Bundle(tables)


def _sendable(rows: pa.Table) -> pa.Table:
    """Return the columns that a client sends: not the contributor, which the server knows."""
    return rows.drop_columns(["contributor"]) if "contributor" in rows.column_names else rows


def _insert(connection: "psycopg.Connection", table: str, rows: pa.Table) -> None:
    names = rows.column_names
    marks = ", ".join("%s" for _ in names)
    sql = (
        f"INSERT INTO advisor.{table} ({', '.join(names)}) VALUES ({marks}) ON CONFLICT DO NOTHING"
    )
    with connection.cursor() as cursor:
        cursor.executemany(sql, [_cells(row) for row in _rows(rows)])


def _copy(connection: "psycopg.Connection", table: str, rows: pa.Table) -> None:
    names, key = ", ".join(rows.column_names), ", ".join(KEYS[table])
    connection.execute(
        f"CREATE TEMPORARY TABLE incoming_{table} ON COMMIT DROP AS "
        f"SELECT {names} FROM advisor.{table} WITH NO DATA"
    )
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY incoming_{table} ({names}) FROM STDIN") as copy,
    ):
        for row in _rows(rows):
            copy.write_row(_cells(row))
    connection.execute(
        f"INSERT INTO advisor.{table} ({names}) SELECT {names} FROM incoming_{table} "
        f"ORDER BY {key} ON CONFLICT DO NOTHING"
    )


def _rows(table: pa.Table) -> "zip[tuple[object, ...]]":
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def _cells(row: tuple[object, ...]) -> list[object]:
    """Return the cells of a row; PostgreSQL has no place for the character 0 in a text."""
    return [cell.replace("\x00", "\ufffd") if isinstance(cell, str) else cell for cell in row]


def stored(connection: "psycopg.Connection", there: Address, trials: Collection[str]) -> set[str]:
    """Return which of the trials the server has, whoever added them.

    Raises:
        NotReached: it was lost.
    """
    with faults(there), limited(connection, 10.0):
        rows = connection.execute(
            "SELECT trial_id FROM advisor.trials WHERE trial_id = ANY(%s)", [list(trials)]
        ).fetchall()
    return {trial for (trial,) in rows}
