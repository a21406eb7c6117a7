"""Creating a database and bringing an older one up to date."""

import os
import uuid
from contextlib import suppress
from pathlib import Path

import duckdb

from knowledge_base.connection import STORAGE_VERSION, in_memory, quoted, unusable
from knowledge_base.durable import flush_folder, private_folder, tighten

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(connection: duckdb.DuckDBPyConnection, folder: Path | None = None) -> int:
    """Apply the migrations that the attached database `db` lacks, all or none.

    Migrations only add tables and columns, so that older files can be read as they are.

    Args:
        connection: a connection with the database attached as `db`, writable.
        folder: folder of numbered SQL files; default `MIGRATIONS`.

    Returns:
        The version of the database afterwards.
    """
    current = _version(connection)
    missing = [(number, path) for number, path in _files(folder or MIGRATIONS) if number > current]
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
        with suppress(duckdb.Error):  # A failed COMMIT has rolled back already.
            connection.execute("ROLLBACK")
        raise
    finally:
        connection.execute("USE memory")
    return missing[-1][0]


def create(path: Path) -> None:
    """Make an empty database; safe when several processes do so at once.

    It is made in the folder of the journal, because the journal cleans up after killed
    processes. Only its owner may read it.

    Raises:
        KnowledgeBaseError: the folder cannot be written to, or the disk is full.
    """
    folder = path.with_name(path.name + ".journal")
    temporary = folder / f".new-{uuid.uuid4().hex}"
    try:
        private_folder(folder)
        with in_memory(path) as connection:
            connection.execute(
                f"ATTACH {quoted(temporary)} AS db (STORAGE_VERSION '{STORAGE_VERSION}')"
            )
            migrate(connection)
            connection.execute("DETACH db")
        tighten(temporary)
        # A link fails where another process was quicker; renaming would replace its file.
        with suppress(FileExistsError):
            os.link(temporary, path)
        flush_folder(path.parent)
    except (OSError, duckdb.Error) as error:
        raise unusable(path, error) from error
    finally:
        for end in ("", ".wal"):
            with suppress(OSError):
                temporary.with_name(temporary.name + end).unlink(missing_ok=True)


def _version(connection: duckdb.DuckDBPyConnection) -> int:
    ((exists,),) = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'db' AND table_name = 'meta'"
    ).fetchall()
    if not exists:
        return 0
    rows = connection.execute("SELECT value FROM db.meta WHERE key = 'schema_version'").fetchall()
    return int(rows[0][0]) if rows else 0


def _files(folder: Path) -> list[tuple[int, Path]]:
    return sorted((int(path.name.split("_")[0]), path) for path in folder.glob("*.sql"))
