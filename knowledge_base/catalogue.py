"""What a DuckDB file holds: our tables as they are described, and nothing else.

A DuckDB file can hold programs: a view or a macro reads other files when it is asked, a default,
a generated column or a check is computed. A knowledge base has none, so a file with any of them
is refused before a row of it is read.
"""

from functools import lru_cache
from pathlib import Path

import duckdb
import pyarrow as pa

from knowledge_base.errors import KnowledgeBaseError, TooLargeError, WrongFileError
from knowledge_base.limits import MAX_LINE_BYTES, MAX_ROWS, MAX_TABLE_BYTES
from knowledge_base.schema import CURATION, SCHEMA_VERSION, STORED

_SQL_TYPES = {"int64": "BIGINT", "double": "DOUBLE", "string": "VARCHAR"}
_META = {"key": "VARCHAR NOT NULL", "value": "VARCHAR NOT NULL"}
_MAX_META = 100
"""Rows of `meta` from which on a file is not one of ours, which have one."""


def sql_type(table: str, column: str) -> str:
    """Return the SQL type of a column."""
    return _SQL_TYPES.get(str(STORED[table].field(column).type), "TIMESTAMP WITH TIME ZONE")


def check_catalogue(
    connection: duckdb.DuckDBPyConnection, path: Path
) -> tuple[int, dict[str, list[str]]]:
    """Return the version and the columns of the tables of the attached database `db`.

    Nothing but the version is read, and no view is looked into.

    Raises:
        WrongFileError: it is no knowledge base, or holds a view, an index, another table, or a
            table with other columns.
        KnowledgeBaseError: a newer version of Advisor made it.
    """
    found = connection.execute(
        "SELECT schema_name, table_name, sql, index_count FROM duckdb_tables() "
        "WHERE database_name = 'db' UNION ALL SELECT schema_name, view_name, NULL, 0 "
        "FROM duckdb_views() WHERE database_name = 'db' AND NOT internal"
    ).fetchall()
    for _, name, sql, _ in found:
        if sql is None:
            raise _wrong(path, f"{name} is a view, not a table")
    statements = {name: sql for schema, name, sql, _ in found if schema == "main"}
    if "meta" not in statements:
        raise WrongFileError(f"{path} is a DuckDB file, but not a knowledge base.")
    _known_columns(path, "meta", statements["meta"])
    version = _version(connection, path)
    for schema, name, _, indexes in found:
        if schema != "main" or not (name == "meta" or name in STORED):
            raise _wrong(path, f"it has a table {name}")
        if indexes:
            raise _wrong(path, f"{name} has an index")
    columns = {
        name: _known_columns(path, name, sql) for name, sql in statements.items() if name in STORED
    }
    for name, schema in STORED.items():
        if name in CURATION and name not in columns and version < SCHEMA_VERSION:
            continue
        if name not in columns:
            raise _wrong(path, f"it has no table {name}")
        lacking = [column for column in schema.names if column not in columns[name]]
        if lacking and (version == SCHEMA_VERSION or not schema.field(lacking[0]).nullable):
            raise _wrong(path, f"{name} has no column '{lacking[0]}'")
    return version, columns


def _version(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    # Looking for the row in SQL would take DuckDB longer than giving all of them, which are few.
    found = connection.execute(
        f"SELECT left(key, 20), left(value, 20) FROM db.meta LIMIT {_MAX_META}"
    ).fetchall()
    values = [value for key, value in found if key == "schema_version"]
    text = values[0] if len(values) == 1 and len(found) < _MAX_META else ""
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0):
        raise WrongFileError(
            f"{path} is a DuckDB file, but not a knowledge base (its version is {text[:20]!r})."
        )
    version = int(text[:9])
    if version > SCHEMA_VERSION:
        raise KnowledgeBaseError(
            f"The knowledge base {path} has version {version}, this Advisor reads up to "
            f"{SCHEMA_VERSION}; upgrade Advisor."
        )
    return version


def check_foreign(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Look whether `db` has macros, types or sequences, or more rows than are taken.

    None of them is ever used by what reads a checked file, and looking takes DuckDB fifty
    milliseconds, so this is for files that somebody else made.

    Raises:
        WrongFileError: it has a macro, type or sequence.
        TooLargeError: a table has more rows than `limits` says, or texts too large for it.
    """
    found = connection.execute(
        "SELECT 'macro', function_name FROM duckdb_functions() "
        "WHERE database_name = 'db' AND NOT internal "
        "UNION ALL SELECT 'type', type_name FROM duckdb_types() "
        "WHERE database_name = 'db' AND NOT internal "
        "UNION ALL SELECT 'sequence', sequence_name FROM duckdb_sequences() "
        "WHERE database_name = 'db' LIMIT 1"
    ).fetchall()
    if found:
        raise _wrong(path, f"it has a {found[0][0]} {found[0][1]}")
    for table, schema in STORED.items():
        _check_size(connection, path, table, schema)


def _check_size(
    connection: duckdb.DuckDBPyConnection, path: Path, table: str, schema: pa.Schema
) -> None:
    stored = connection.execute(
        "SELECT column_name FROM duckdb_columns() WHERE database_name = 'db' AND table_name = ?",
        [table],
    ).fetchall()
    if not stored:  # An older version has no such table, which its catalogue was checked for.
        return
    ((rows,),) = connection.execute(f"SELECT count(*) FROM db.{table}").fetchall()
    if rows > MAX_ROWS:
        raise TooLargeError(
            f"The table {table} of {path} has {rows:,} rows; at most {MAX_ROWS:,} are read."
        )
    texts = [name for (name,) in stored if pa.types.is_string(schema.field(name).type)]
    lengths = " + ".join(f"coalesce(sum(strlen({name})), 0)" for name in texts)
    longest = ", ".join(f"max(strlen({name}))" for name in texts)
    total, most = connection.execute(
        f"SELECT {lengths}, greatest({longest}, 0) FROM db.{table}"
    ).fetchall()[0]
    size = int(total) + 8 * rows * len(schema)
    if size > MAX_TABLE_BYTES or (most or 0) > MAX_LINE_BYTES:
        raise TooLargeError(
            f"The table {table} of {path} would take {size:,} bytes of memory, with texts of up "
            f"to {most:,}; at most {MAX_TABLE_BYTES:,} and {MAX_LINE_BYTES:,} are read."
        )


def _known_columns(path: Path, table: str, sql: str) -> list[str]:
    names, why = _columns(table, sql)
    if why:
        raise _wrong(path, why)
    return list(names)


@lru_cache(maxsize=64)  # A process opens the same few tables again and again.
def _columns(table: str, sql: str) -> tuple[tuple[str, ...], str]:
    """Return the columns that a statement makes, and what is not ours in it, or "".

    The statement is what DuckDB itself makes of the catalogue. It has everything that is
    computed, so comparing it word by word leaves nothing out.
    """
    expected = _expected(table)
    other = f"{table} is not the table that a knowledge base has"
    start, end = f"CREATE TABLE {table}(", ");"
    if not (sql.startswith(start) and sql.endswith(end)):
        return (), other
    names = []
    for part in sql[len(start) : -len(end)].split(", "):
        name, _, kind = part.partition(" ")
        name = name.strip('"')
        if name not in expected or kind != expected[name]:
            return (), f"{table} has a column '{name}' of another kind ({kind or '?'})"
        names.append(name)
    if len(set(names)) < len(names) or (table == "meta" and len(names) < len(_META)):
        return (), other
    return tuple(names), ""


def _expected(table: str) -> dict[str, str]:
    if table == "meta":
        return _META
    return {
        field.name: sql_type(table, field.name) + ("" if field.nullable else " NOT NULL")
        for field in STORED[table]
    }


def _wrong(path: Path, why: str) -> WrongFileError:
    shown = " ".join(why.split())
    return WrongFileError(f"{path} is not a knowledge base as Advisor makes it: {shown}.")
