"""What a server has that this computer lacks: one cheap question, then only the new rows.

A row bears the number of the transaction that added it. When the server is asked, it says which
number is the smallest of those still running: whatever is below it had ended and was seen. Next
time, rows from that number on are fetched; some were fetched before, none is missed, in whatever
order transactions end.
"""

import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING

import pyarrow as pa

from knowledge_base.bundle import Bundle
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.schema import KEYS, TABLES
from knowledge_base.server.address import Address
from knowledge_base.server.administration import SERVER_VERSION
from knowledge_base.server.connection import NotReached, faults, limited, lively, missing
from knowledge_base.server.state import Seen

if TYPE_CHECKING:
    import psycopg

ASK_SECONDS = 10.0
"""Seconds that the cheap question may take."""

SILENT_SECONDS = 60.0
"""Seconds that may pass between pieces of an answer before a server counts as lost."""

ROWS = 100_000
"""Rows that are taken over at once."""

PLAIN = tuple(table for table in TABLES if table != "curves")

SAID = ("datasets", "metafeatures")
"""What each login says for itself; the first that is not hidden is believed."""


@dataclass(frozen=True)
class News:
    """What the server says of itself.

    Attributes:
        seen: what will have been seen when all that is new is here.
        tables: tables with rows that may be new.
        since: number of the transaction from which on rows may be new.
        whole: whether everything is read anew, as from another server or quarantine.
        quarantined: whether anything is hidden now.
    """

    seen: Seen
    tables: tuple[str, ...]
    since: int
    whole: bool
    quarantined: bool


def ask(connection: "psycopg.Connection", there: Address, seen: Seen) -> News:
    """Ask what is new since `seen`, in one round trip.

    Raises:
        NotReached: the server was lost.
        KnowledgeBaseError: there is no schema, it does not fit this client, or reading is not
            allowed.
    """
    exists = ", ".join(
        f"EXISTS (SELECT 1 FROM advisor.{table} WHERE added >= %(since)s)" for table in TABLES
    )
    quarantine = "FROM advisor.quarantine WHERE lifted_at IS NULL"
    with faults(there), limited(connection, ASK_SECONDS):
        row = connection.execute(
            "SELECT (SELECT max(version) FROM advisor.schema_version), "
            "(SELECT max(oldest_client) FROM advisor.schema_version), "
            "(SELECT value FROM advisor.meta WHERE key = 'instance'), "
            "pg_snapshot_xmin(pg_current_snapshot())::text::bigint, "
            f"(SELECT coalesce(string_agg(id::text, ',' ORDER BY id), '') {quarantine}), {exists}",
            {"since": seen.horizon},
        ).fetchone()
    assert row is not None
    version, oldest, instance, horizon, hidden, *changed = row
    _check_version(there, version, oldest)
    tables = tuple(name for name, new in zip(TABLES, changed, strict=True) if new)
    # A server whose numbers went back is a restored copy of what it was.
    whole = instance != seen.instance or horizon < seen.horizon or hidden != seen.quarantine
    if whole:
        if seen.horizon:  # The question was of what came since then.
            tables = tuple(TABLES)
        return News(Seen(instance, horizon, 0, hidden), tables, 0, True, bool(hidden))
    now = Seen(instance, horizon, seen.curves, hidden)
    return News(now, tables, seen.horizon, False, bool(hidden))


def _check_version(there: Address, version: int | None, oldest: int | None) -> None:
    if version is None:
        raise KnowledgeBaseError(
            f"{there.shown} holds no knowledge base yet; make one with "
            f"`advisor kb init-server {there.shown}`."
        )
    if version < SERVER_VERSION:
        raise KnowledgeBaseError(
            f"{there.shown} has version {version} of the schema, and this Advisor needs "
            f"{SERVER_VERSION}; whoever owns the database upgrades it with "
            f"`advisor kb init-server {there.shown}`."
        )
    if oldest is not None and oldest > SERVER_VERSION:
        raise KnowledgeBaseError(
            f"{there.shown} has version {version} of the schema, which is too new for this Advisor "
            f"(it knows {SERVER_VERSION}): upgrade Advisor."
        )


def fetch(there: Address, tables: tuple[str, ...], since: int) -> Iterator[Bundle]:
    """Give the rows of `tables` that were added from the transaction `since` on, as Arrow.

    Trials come before what they refer to, so that what they refer to is there whenever they are.

    Raises:
        NotReached: the server was lost.
        KnowledgeBaseError: the package adbc-driver-postgresql is missing.
    """
    try:
        import adbc_driver_manager
        import adbc_driver_postgresql.dbapi as adbc
    except ImportError as error:
        raise missing("adbc-driver-postgresql", error) from error

    def rows() -> Generator[Bundle, None, None]:
        with adbc.connect(lively(there)) as connection, connection.cursor() as cursor:
            for table in reversed([name for name in TABLES if name in tables]):
                cursor.execute(_query(table, since))
                for piece in _pieces(cursor.fetch_record_batch()):
                    yield Bundle.from_tables({table: piece})

    try:
        yield from _watched(rows())
    except adbc_driver_manager.Error as error:
        raise NotReached(there.hide(error)) from None


def _watched(pieces: Generator[Bundle, None, None]) -> Iterator[Bundle]:
    """Give the pieces, which a thread of their own reads: Arrow's driver knows no time limit.

    Raises:
        NotReached: none came for `SILENT_SECONDS`. The thread is left to what it waits for.
    """
    found: Queue[Bundle | BaseException | None] = Queue(maxsize=1)
    over = threading.Event()

    def give(what: Bundle | BaseException | None) -> None:
        while not over.is_set():
            with suppress(Full):
                found.put(what, timeout=0.1)
                return

    def read() -> None:
        try:
            for piece in pieces:
                give(piece)
                if over.is_set():
                    return
            give(None)
        except BaseException as error:
            give(error)
        finally:
            pieces.close()  # Here, since a connection belongs to the thread that made it.

    threading.Thread(target=read, daemon=True).start()
    try:
        while (what := found.get(timeout=SILENT_SECONDS)) is not None:
            if isinstance(what, BaseException):
                raise what
            yield what
    except Empty:
        raise NotReached("it stopped answering") from None
    finally:
        over.set()


def hidden(
    connection: "psycopg.Connection", there: Address, among: Sequence[str] | None = None
) -> dict[str, pa.Table]:
    """Return what a quarantine hides: identities of studies and trials, and all that `SAID` holds.

    Args:
        connection: a connection.
        there: the server.
        among: trials to look at, and nothing else; None for all.

    Returns:
        Rows by table. Of what is said of a data set whole rows, since others say it, too.
    """
    ids = None if among is None else list(among)
    found = {}
    with faults(there):
        for table in ("studies", "trials", *SAID) if ids is None else ("trials",):
            names = TABLES[table].names if table in SAID else list(KEYS[table])
            same = " AND ".join(f"s.{key} = t.{key}" for key in (*KEYS[table], "contributor"))
            rows = connection.execute(
                f"SELECT {', '.join(names)} FROM advisor.{table} t WHERE "
                f"{'true' if ids is None else 'trial_id = ANY(%(ids)s)'} AND NOT EXISTS "
                f"(SELECT 1 FROM advisor.shown_{table} s WHERE {same})", {"ids": ids},
            ).fetchall()  # fmt: skip
            columns = zip(*rows, strict=True) if rows else [() for _ in names]
            schema = pa.schema([TABLES[table].field(name) for name in names])
            found[table] = pa.table([pa.array(cells, field.type) for cells, field in
                                     zip(columns, schema, strict=True)], schema=schema)  # fmt: skip
    return found


def _query(table: str, since: int) -> str:
    order = " ORDER BY added" if table in SAID else ""
    return (
        f"SELECT {', '.join(TABLES[table].names)} FROM advisor.shown_{table} "
        f"WHERE added >= {int(since)}{order}"
    )


def _pieces(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Give tables of about `ROWS` rows, so that memory does not grow with the store."""
    batches: list[pa.RecordBatch] = []
    rows = 0
    for batch in reader:
        batches.append(batch)
        rows += batch.num_rows
        if rows >= ROWS:
            yield pa.Table.from_batches(batches, reader.schema)
            batches, rows = [], 0
    if rows:
        yield pa.Table.from_batches(batches, reader.schema)
