"""One view over the database, the journal and the shipped trials.

Within one key the database goes before the journal, and both before the shipped layer.
"""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from knowledge_base.schema import KEYS, TABLES

SEED = Path(__file__).parent / "seed"


def make_views(
    connection: duckdb.DuckDBPyConnection,
    database: bool,
    segments: list[Path],
    seed: Path | None,
) -> None:
    """Make a view per table, with a column `layer` ("user" or "seed").

    Args:
        connection: with the database attached as `db` if `database`.
        segments: folders of the journal.
        seed: folder of the shipped layer, None for none.
    """
    for table in TABLES:
        parts: dict[str, str] = {}
        if database:
            parts["user"] = f"db.{table}"
        journal = [path / f"{table}.parquet" for path in segments]
        present = [path for path in journal if path.is_file()]
        if present:
            parts["journal"] = _parquet(present)
        if seed is not None and (seed / f"{table}.parquet").is_file():
            parts["seed"] = _parquet([seed / f"{table}.parquet"])
        connection.execute(f"CREATE TEMP VIEW {table} AS {_union(table, parts)}")


def _parquet(paths: list[Path]) -> str:
    quoted = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    return f"read_parquet([{quoted}], union_by_name = true)"


def _union(table: str, parts: Mapping[str, str]) -> str:
    columns = ", ".join(TABLES[table].names)
    key = ", ".join(KEYS[table])
    selects: list[str] = []
    earlier: list[str] = []
    for part, source in parts.items():
        layer = "seed" if part == "seed" else "user"
        # Only the journal can hold the same key twice; the others were checked.
        distinct = f"DISTINCT ON ({key})" if part == "journal" else ""
        unseen = "".join(f" ANTI JOIN (SELECT {key} FROM {other}) USING ({key})" for other in earlier)
        selects.append(f"(SELECT {distinct} {columns}, '{layer}' AS layer FROM {source}{unseen})")
        earlier.append(source)
    if not selects:
        fields = ", ".join(f"NULL::{_sql_type(table, name)} AS {name}" for name in TABLES[table].names)
        return f"SELECT {fields}, 'user' AS layer WHERE false"
    return " UNION ALL ".join(selects)


def _sql_type(table: str, column: str) -> str:
    kind = str(TABLES[table].field(column).type)
    return {"int64": "BIGINT", "double": "DOUBLE", "string": "VARCHAR"}.get(kind, "TIMESTAMPTZ")
