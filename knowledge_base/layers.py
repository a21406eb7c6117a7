"""One view over the database, the journal and the shipped trials.

Within one key the database goes before the journal, and both before the shipped layer.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from knowledge_base.bundle import Bundle
from knowledge_base.connection import quoted
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.schema import KEYS, SCHEMA_VERSION, TABLES
from knowledge_base.shipped import shipped_files

_SQL_TYPES = {"int64": "BIGINT", "double": "DOUBLE", "string": "VARCHAR"}


def make_views(
    connection: duckdb.DuckDBPyConnection,
    version: int | None,
    pending: Iterable[Bundle],
    seed: Path | None,
    tables: Collection[str] = tuple(TABLES),
    family: str | None = None,
) -> None:
    """Make a view per table, with a column `layer` ("user" or "seed").

    Args:
        connection: a connection with the database attached as `db`, if there is one.
        version: schema version of the database, None without one.
        pending: segments of the journal.
        seed: folder of the shipped layer, None without it.
        tables: names of the views that are needed.
        family: model family whose shipped trials and curves are needed, None for all.

    Raises:
        KnowledgeBaseError: a file of the shipped layer is damaged.
    """
    bundles = list(pending)
    stored = _stored_columns(connection, version)
    for table in tables:
        parts: dict[str, str] = {}
        if table in stored:
            parts["user"] = _filled(table, stored[table], f"db.{table}")
        gathered = [bundle[table] for bundle in bundles if bundle[table].num_rows]
        if gathered:
            connection.register(f"pending_{table}", pa.concat_tables(gathered))
            parts["journal"] = f"pending_{table}"
        shipped = shipped_files(seed, table, family) if seed is not None else []
        if shipped:
            parts["seed"] = _shipped(table, shipped)
        _make_view(connection, table, parts, seed)


def _make_view(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    parts: Mapping[str, str],
    shipped: Path | None,
) -> None:
    try:
        connection.execute(f"CREATE TEMP VIEW {table} AS {_union(table, parts)}")
    except duckdb.Error as error:
        if "seed" not in parts:
            raise
        raise _damaged(shipped, error) from error


def _stored_columns(
    connection: duckdb.DuckDBPyConnection, version: int | None
) -> dict[str, set[str]]:
    if version is None:
        return {}
    if version == SCHEMA_VERSION:
        return {table: set(schema.names) for table, schema in TABLES.items()}
    rows = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() "
        "WHERE database_name = 'db' AND schema_name = 'main'"
    ).fetchall()
    stored: dict[str, set[str]] = {}
    for table, column in rows:
        stored.setdefault(table, set()).add(column)
    return stored


def _filled(table: str, stored: set[str], source: str) -> str:
    """Return a table in which columns that an older version lacks are null.

    Thus a reader needs no write access to read a file that was not migrated yet.
    """
    names = TABLES[table].names
    if stored >= set(names):
        return source
    columns = [name if name in stored else f"{_null(table, name)} AS {name}" for name in names]
    return f"(SELECT {', '.join(columns)} FROM {source})"


def _shipped(table: str, paths: Sequence[Path]) -> str:
    stored = set(TABLES[table].names)
    for path in paths:
        try:
            stored &= set(pq.read_schema(path).names)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(path, error) from error
    files = ", ".join(quoted(path) for path in paths)
    return _filled(table, stored, f"read_parquet([{files}])")


def _damaged(path: Path | None, error: Exception) -> KnowledgeBaseError:
    reason = str(error).splitlines()[0]
    return KnowledgeBaseError(
        f"The shipped trials {path} are damaged ({reason}); install Advisor again."
    )


def _union(table: str, parts: Mapping[str, str]) -> str:
    columns = ", ".join(TABLES[table].names)
    key = ", ".join(KEYS[table])
    selects: list[str] = []
    earlier: list[str] = []
    for part, source in parts.items():
        layer = "seed" if part == "seed" else "user"
        # Only the journal can hold the same key twice: the other layers were checked.
        distinct = f"DISTINCT ON ({key})" if part == "journal" else ""
        unseen = "".join(
            f" ANTI JOIN (SELECT {key} FROM {other}) USING ({key})" for other in earlier
        )
        selects.append(f"(SELECT {distinct} {columns}, '{layer}' AS layer FROM {source}{unseen})")
        earlier.append(source)
    if not selects:
        fields = ", ".join(f"{_null(table, name)} AS {name}" for name in TABLES[table].names)
        return f"SELECT {fields}, 'user' AS layer WHERE false"
    return " UNION ALL ".join(selects)


def _null(table: str, column: str) -> str:
    kind = str(TABLES[table].field(column).type)
    return f"NULL::{_SQL_TYPES.get(kind, 'TIMESTAMPTZ')}"
