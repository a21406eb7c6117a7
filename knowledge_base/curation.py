"""Curation: what is hidden of contributions and who changed what, durable without the database.

As a finished trial does (see `journal`), a note of a curator first becomes a file beside the
database, written aside, flushed and renamed, so that it neither waits for the database's lock nor
is lost on it. Whoever next has the lock moves all notes into the tables `quarantine` and `kb_log`.
Readers see both. The notes that put something into quarantine stay beside the database for as long
as they are in force, so that they hold where somebody else has the database, too.

They lie in a folder of their own: an older version would take them for damaged segments of the
journal.
"""

import os
import time
import uuid
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from knowledge_base.durable import PRIVATE_FOLDER, reason_of, write_json
from knowledge_base.errors import KnowledgeBaseError, UserError, Warnings
from knowledge_base.limits import MAX_DOCUMENT_BYTES, check_file_size, check_inside, read_json
from knowledge_base.schema import CURATION
from knowledge_base.types import JsonObject

NOTE = ".json"
"""How the names of notes end."""

FOLDED = ".folded.json"
"""How those end that are in the database already, and stay since they are in force."""


def moment(given: str | datetime | None) -> datetime | None:
    """Return a time in UTC; a date alone is the begin of its day in UTC.

    Raises:
        UserError: it is no date or time of ISO 8601.
    """
    if isinstance(given, str):
        try:
            given = datetime.fromisoformat(given)
        except ValueError:
            raise UserError(
                f"`since` is {given!r}; give a date such as 2026-11-27 or 2026-11-27T09:30."
            ) from None
    if given is None:
        return None
    return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)


class Notes:
    """The notes beside a database.

    Attributes:
        path: their folder, of the database's name plus `.curation`.
        warnings: what could not be read, one line each.
    """

    def __init__(self, database: Path) -> None:
        """Keep the notes of `database`."""
        self.path = database.with_name(database.name + ".curation")
        self.warnings = Warnings()
        self._read: dict[str, dict[str, list[JsonObject]]] = {}

    def append(self, **rows: Sequence[JsonObject]) -> None:
        """Store rows of the tables of `CURATION`, by their names; durable on return.

        Raises:
            KnowledgeBaseError: the folder cannot be written to.
        """
        name = f"{time.time_ns():020d}-{os.getpid()}-{uuid.uuid4().hex[:8]}{NOTE}"
        try:
            self.path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            plain = {table: [_plain(row) for row in given] for table, given in rows.items()}
            write_json(self.path / name, plain)
        except OSError as error:
            raise KnowledgeBaseError(
                f"{self.path} cannot be written: {reason_of(error)}. Nothing was changed."
            ) from error

    def names(self) -> list[str]:
        """Return the names of all notes, oldest first."""
        try:
            return sorted(n for n in os.listdir(self.path) if n.endswith(NOTE) and n[0] != ".")
        except FileNotFoundError:
            return []
        except OSError as error:
            self.warnings.tell(f"{self.path} cannot be read: {reason_of(error)}.")
            return []

    def new(self) -> list[str]:
        """Return the names of the notes that are not in the database yet."""
        return [name for name in self.names() if not name.endswith(FOLDED)]

    def load(self, names: Collection[str] | None = None) -> dict[str, pa.Table]:
        """Return the rows of all notes, or of those named, as tables."""
        found: dict[str, list[JsonObject]] = {table: [] for table in CURATION}
        for name in self.names() if names is None else names:
            for table, rows in self._rows(name).items():
                found[table] += rows
        return {
            table: pa.Table.from_pylist(rows, schema=CURATION[table])
            for table, rows in found.items()
        }

    def settle(self, names: Collection[str], in_force: Collection[str]) -> None:
        """Remove notes that are in the database, except those that are in force.

        Args:
            names: notes that are in the database.
            in_force: identities of the quarantines that are not lifted.
        """
        folded = [name for name in self.names() if name.endswith(FOLDED)]
        for name in [*folded, *names]:
            if name not in self._read and not self._rows(name):
                continue  # It cannot be read, and is left for whoever can mend it.
            stays = {row["id"] for row in self._rows(name).get("quarantine", [])} & set(in_force)
            with suppress(FileNotFoundError):  # Another process settled it.
                if not stays:
                    (self.path / name).unlink()
                elif not name.endswith(FOLDED):
                    kept = name.removesuffix(NOTE) + FOLDED
                    os.replace(self.path / name, self.path / kept)

    def _rows(self, name: str) -> dict[str, list[JsonObject]]:
        """Return the rows of a note, which never changes; none if it cannot be read."""
        if name not in self._read:
            path = self.path / name
            try:
                check_inside(path)
                check_file_size(path, MAX_DOCUMENT_BYTES)
                given = read_json(path.read_text(encoding="utf-8"), str(path))
                if not isinstance(given, dict):
                    raise ValueError("it is no JSON object")
                self._read[name] = {
                    table: [_typed(row, schema) for row in given.get(table, [])]
                    for table, schema in CURATION.items()
                }
            except FileNotFoundError:
                return {}  # It is in the database by now.
            except (OSError, UserError, ValueError, TypeError, AttributeError) as error:
                reason = (str(error).splitlines() or ["no reason"])[0]
                self.warnings.tell(f"{path} cannot be read and is left out: {reason}")
                return {}
        return self._read[name]


def _plain(row: JsonObject) -> JsonObject:
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items()}


def _typed(row: JsonObject, schema: pa.Schema) -> JsonObject:
    """Return a row with times as such.

    Raises:
        ValueError, TypeError, AttributeError, ArrowException: it is no row of the table.
    """
    typed = {
        field.name: moment(row[field.name])
        if pa.types.is_timestamp(field.type) and row.get(field.name) is not None
        else row.get(field.name)
        for field in schema
    }
    missing = [f.name for f in schema if not f.nullable and typed[f.name] is None]
    if missing:
        raise ValueError(f"it has no '{missing[0]}'")
    pa.Table.from_pylist([typed], schema=schema)
    return typed
