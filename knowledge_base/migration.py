"""Creating a database and bringing an older one up to date."""

import os
import uuid
from pathlib import Path

import duckdb

from knowledge_base.errors import KnowledgeBaseError

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(connection: duckdb.DuckDBPyConnection, folder: Path = MIGRATIONS) -> int:
    """Apply the migrations that the attached database `db` lacks, all or none.

    Args:
        connection: with the database attached as `db`, writable.
        folder: numbered SQL files.

    Returns:
        The version after it.
    """
    current = _version(connection)
    missing = [(number, path) for number, path in _files(folder) if number > current]
    if not missing:
        return current
    connection.execute("USE db")
    connection.execute("BEGIN")
    try:
        for _, path in missing:
            connection.execute(path.read_text(encoding="utf-8"))
        connection.execute("DELETE FROM meta WHERE key = 'schema_version'")
        connection.execute("INSERT INTO meta VALUES ('schema_version', ?)", [str(missing[-1][0])])
        connection.execute("COMMIT")
    except duckdb.Error:
        connection.execute("ROLLBACK")
        raise
    finally:
        connection.execute("USE memory")
    return missing[-1][0]


def create(path: Path) -> None:
    """Make an empty database; safe when several processes do so at once.

    Raises:
        KnowledgeBaseError: the folder cannot be written to.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect()
        try:
            name = str(temporary).replace("'", "''")
            connection.execute(f"ATTACH '{name}' AS db")
            migrate(connection)
            connection.execute("DETACH db")
        finally:
            connection.close()
        try:
            os.link(temporary, path)  # fails, rather than replaces, where another was quicker
        except FileExistsError:
            return
    except OSError as error:
        raise KnowledgeBaseError(f"The knowledge base {path} cannot be made: {error}.") from error
    finally:
        temporary.unlink(missing_ok=True)


def _version(connection: duckdb.DuckDBPyConnection) -> int:
    tables = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'db' AND table_name = 'meta'"
    ).fetchone()
    if not tables or not tables[0]:
        return 0
    row = connection.execute("SELECT value FROM db.meta WHERE key = 'schema_version'").fetchone()
    return int(row[0]) if row else 0


def _files(folder: Path) -> list[tuple[int, Path]]:
    return sorted((int(path.name.split("_")[0]), path) for path in folder.glob("*.sql"))
