"""One view over the database, the journal and the shipped trials.

Within one key the shipped layer goes before the database, and the database before the journal:
a row that came from somewhere never takes the place of one that was there. What belongs together
is taken from one layer as a whole, so that nothing is added to it from another: the metafeatures
of a data set with a target, and the learning curve of a trial. A shipped data set, task or space
counts as the user's (column `layer`) where the user's own trials are of it, too.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from knowledge_base.bundle import Bundle
from knowledge_base.catalogue import sql_type
from knowledge_base.connection import quoted
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.schema import KEYS, TABLES
from knowledge_base.shipped import BY_FAMILY, shipped_files

WHOLES: dict[str, tuple[str, ...]] = {
    **KEYS,
    "metafeatures": ("dataset_id", "target"),
    "curves": ("trial_id",),
}
"""What the rows have in common that are taken from one layer only."""


def make_views(
    connection: duckdb.DuckDBPyConnection,
    stored: Mapping[str, Sequence[str]] | None,
    pending: Iterable[Bundle],
    seed: Path | None,
    tables: Collection[str] = tuple(TABLES),
    family: str | None = None,
    prefix: str = "",
) -> None:
    """Make a view per table, with a column `layer` ("user" or "seed").

    Args:
        connection: a connection with the database attached as `db`, if there is one.
        stored: columns of the tables of the database, None without one.
        pending: segments of the journal.
        seed: folder of the shipped layer, None without it.
        tables: names of the views that are needed.
        family: model family whose shipped trials and curves are needed, None for all.
        prefix: what the names of the views begin with.

    Raises:
        KnowledgeBaseError: a file of the shipped layer is damaged.
    """
    bundles = list(pending)
    for table in tables:
        parts: dict[str, str] = {}
        shipped = shipped_files(seed, table, family) if seed is not None else []
        if shipped:
            parts["seed"] = _shipped(table, shipped)
        if stored is not None:
            parts["user"] = _filled(table, set(stored[table]), f"db.{table}")
        gathered = [bundle[table] for bundle in bundles if bundle[table].num_rows]
        if gathered:
            connection.register(f"pending_{table}", pa.concat_tables(gathered))
            parts["journal"] = f"pending_{table}"
        # A learning curve belongs to the layer of its trial.
        owners = shipped_files(seed, "trials", family) if seed and table == "curves" else []
        taken = _shipped("trials", owners) if owners else parts.get("seed")
        _make_view(connection, prefix + table, _union(table, parts, taken), seed)


def _make_view(
    connection: duckdb.DuckDBPyConnection, name: str, query: str, shipped: Path | None
) -> None:
    try:
        connection.execute(f"CREATE TEMP VIEW {name} AS {query}")
    except duckdb.Error as error:
        if shipped is None or str(shipped) not in str(error):
            raise
        raise _damaged(shipped, error) from error


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
            stored &= _columns_of(path, path.stat().st_mtime_ns)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(path, error) from error
    files = ", ".join(quoted(path) for path in paths)
    return _filled(table, stored, f"read_parquet([{files}])")


@cache
def _columns_of(path: Path, _changed: int) -> frozenset[str]:
    """Return the columns of a Parquet file, which is read again only if it was changed."""
    return frozenset(pq.read_schema(path).names)


def _damaged(path: Path | None, error: Exception) -> KnowledgeBaseError:
    reason = str(error).splitlines()[0]
    return KnowledgeBaseError(
        f"The shipped trials {path} are damaged ({reason}); install Advisor again."
    )


def _union(table: str, parts: Mapping[str, str], taken: str | None) -> str:
    """Return a query over all layers.

    Args:
        table: name of the table.
        parts: what to read of the layers, by their names.
        taken: what to read for the rows whose place no other layer may take, None for none.
    """
    columns = ", ".join(TABLES[table].names)
    key, whole = ", ".join(KEYS[table]), ", ".join(WHOLES[table])
    selects: list[str] = []
    own = [source for part, source in parts.items() if part != "seed"]
    if "seed" in parts:
        selects.append(_seed(table, parts["seed"], own))
    rows: list[str] = []
    for place, source in enumerate(own):
        # Only the journal can hold the same key twice: the database was checked.
        distinct = f"DISTINCT ON ({key})" if source.startswith("pending_") else ""
        unseen = "".join(
            f" ANTI JOIN (SELECT {key} FROM {other}) USING ({key})" for other in own[:place]
        )
        rows.append(f"(SELECT {distinct} {columns} FROM {source}{unseen})")
    if rows:
        # One join for all of them: naming a Parquet file again means opening it again.
        untaken = f" ANTI JOIN (SELECT {whole} FROM {taken}) USING ({whole})" if taken else ""
        selects.append(
            f"(SELECT {columns}, 'user' AS layer FROM ({' UNION ALL '.join(rows)}){untaken})"
        )
    if not selects:
        fields = ", ".join(f"{_null(table, name)} AS {name}" for name in TABLES[table].names)
        return f"SELECT {fields}, 'user' AS layer WHERE false"
    return " UNION ALL ".join(selects)


def _seed(table: str, source: str, own: Sequence[str]) -> str:
    """Return the shipped rows; those that the user has, too, count as the user's."""
    columns = ", ".join(TABLES[table].names)
    if not own or table in ("studies", *BY_FAMILY):
        return f"(SELECT {columns}, 'seed' AS layer FROM {source})"
    whole = ", ".join(WHOLES[table])
    known = " UNION ".join(f"SELECT DISTINCT {whole} FROM {other}" for other in own)
    return (
        f"(SELECT {columns}, CASE WHEN _own THEN 'user' ELSE 'seed' END AS layer FROM {source} "
        f"LEFT JOIN (SELECT {whole}, true AS _own FROM ({known})) USING ({whole}))"
    )


def _null(table: str, column: str) -> str:
    return f"NULL::{sql_type(table, column)}"
