"""Delivering what was made here: one transaction for a delivery, and nothing twice.

Identities are digests of content, so a row that is there already is left as it is. A delivery
that was cut off after its commit is made again without effect.
"""

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pyarrow as pa

from knowledge_base.bundle import Bundle
from knowledge_base.schema import KEYS, TABLES
from knowledge_base.server.address import Address
from knowledge_base.server.connection import faults, limited

if TYPE_CHECKING:
    import psycopg

FEW = 50
"""Rows of a table that are inserted directly; more are copied first, which costs a table."""


def deliver(
    connection: "psycopg.Connection", there: Address, bundle: Bundle, seconds: float
) -> None:
    """Insert what the server lacks; committed on return.

    Args:
        connection: a connection that commits by itself.
        there: the server.
        bundle: any rows; the server writes the login as their contributor.
        seconds: how long it may take.

    Raises:
        NotReached: it was lost, or took too long; it may have committed.
        NotTaken: the server has no place for one of the rows.
        KnowledgeBaseError: this login may not write.
    """
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
