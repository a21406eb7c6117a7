"""Finding the new rows of a bundle, and inserting segments into the database."""

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from knowledge_base.bundle import Bundle
from knowledge_base.schema import KEYS, TABLES


@dataclass(frozen=True)
class AddReport:
    """How many trials of a bundle were new, and how many were there already.

    Attributes:
        added: trials that were not stored before.
        duplicates: trials that were, or that came twice in the bundle.
        exact: False where another process held the database for so long that only the
            trials outside it were compared; no trial is stored twice in any case.
    """

    added: int
    duplicates: int
    exact: bool = True


def new_rows(connection: duckdb.DuckDBPyConnection, bundle: Bundle) -> Bundle:
    """Return the rows of a bundle that no layer has, each once.

    Whatever the trials refer to is kept unless the user's own layer has it, because the shipped
    layer may be left out, and the user's trials must be whole without it.

    Args:
        connection: a connection with the views of `layers.make_views`.
        bundle: any rows.
    """
    singles = [table for table in TABLES if bundle[table].num_rows == 1]
    known = _known_singles(connection, bundle, singles)
    tables = {table: bundle[table].slice(0, 0 if table in known else 1) for table in singles}
    for table in TABLES:
        if bundle[table].num_rows > 1:
            connection.register("incoming", bundle[table])
            stored = f"(FROM {table} WHERE {_in_layer(table)})"
            tables[table] = _unknown(connection, table, "incoming", stored)
            connection.unregister("incoming")
    return Bundle(tables)


def insert(connection: duckdb.DuckDBPyConnection, segments: Iterable[Bundle]) -> None:
    """Insert what the segments hold and the database lacks, in one transaction.

    Args:
        connection: a connection with the database attached as `db`, writable.
        segments: the segments, oldest first; the first of rows with the same key is kept.
    """
    bundles = list(segments)
    connection.execute("BEGIN")
    for table in TABLES:
        gathered = [bundle[table] for bundle in bundles if bundle[table].num_rows]
        if gathered:
            connection.register("incoming", pa.concat_tables(gathered))
            new = _unknown_sql(connection, table, "incoming", f"db.{table}")
            connection.execute(f"INSERT INTO db.{table} BY NAME {new}")
            connection.unregister("incoming")
    connection.execute("COMMIT")


def _in_layer(table: str) -> str:
    return "true" if table in ("trials", "curves") else "layer = 'user'"


def _known_singles(
    connection: duckdb.DuckDBPyConnection, bundle: Bundle, tables: list[str]
) -> set[str]:
    """Return which tables of one row have a row that is stored; one query for all.

    A trial that is added as soon as it ends comes with one row in most tables, and a query
    costs more than the rows that it looks at.
    """
    if not tables:
        return set()
    checks, values = [], []
    for table in tables:
        same = " AND ".join(f"{key} = ?" for key in KEYS[table])
        checks.append(f"EXISTS (SELECT 1 FROM {table} WHERE {same} AND {_in_layer(table)})")
        values += [bundle[table][key][0].as_py() for key in KEYS[table]]
    (found,) = connection.execute(f"SELECT {', '.join(checks)}", values).fetchall()
    return {table for table, stored in zip(tables, found, strict=True) if stored}


def _unknown(
    connection: duckdb.DuckDBPyConnection, table: str, incoming: str, known: str
) -> pa.Table:
    sql = _unknown_sql(connection, table, incoming, known)
    return connection.sql(sql).to_arrow_table().cast(TABLES[table])


def _unknown_sql(
    connection: duckdb.DuckDBPyConnection, table: str, incoming: str, known: str
) -> str:
    """Return a query for the incoming rows whose key is not known, each key once."""
    columns, key = ", ".join(TABLES[table].names), ", ".join(KEYS[table])
    ((rows, distinct),) = connection.execute(
        f"SELECT count(*), (SELECT count(*) FROM (SELECT DISTINCT {key} FROM {incoming})) "
        f"FROM {incoming}"
    ).fetchall()
    source = incoming
    if rows != distinct:  # Taking one row per key costs as much as storing the rows.
        source = (
            f"(SELECT * FROM (SELECT *, row_number() OVER () AS place FROM {incoming}) "
            f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY place) = 1)"
        )
    return f"SELECT {columns} FROM {source} ANTI JOIN (SELECT {key} FROM {known}) USING ({key})"
