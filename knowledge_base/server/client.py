"""What a member's machine asks a team's server, and gives to it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

import pyarrow as pa

from knowledge_base.bundle import Bundle
from knowledge_base.errors import KnowledgeBaseError, UserError
from knowledge_base.schema import CURATION, KEYS, TABLES
from knowledge_base.server.address import Address
from knowledge_base.types import JsonObject

if TYPE_CHECKING:
    import psycopg

SERVER_VERSION = 1
"""Version of the server's schema that this version of the package knows."""

CONNECT_SECONDS = 5
"""Seconds after which a server that does not answer counts as not reached."""

STATEMENT_SECONDS = 120
"""Seconds that the server may take for one statement, waiting for locks included."""

CHILDREN_FIRST = tuple(reversed(TABLES))
"""Tables in the order of asking: whatever a row refers to was stored before it or with it."""


class NotReached(Exception):
    """The server was not reached, or ceased to answer; what waits is kept for later."""


@dataclass(frozen=True)
class News:
    """What a server has that a machine may not have.

    Attributes:
        bundle: rows of all tables, some of them known already.
        cursor: what to ask with the next time.
        quarantine: all rows of the table `quarantine`.
    """

    bundle: Bundle
    cursor: JsonObject
    quarantine: pa.Table


class Client:
    """One member's way to a team's server; a connection for each of its calls."""

    def __init__(self, address: Address) -> None:
        """Take the address; nothing is asked yet."""
        self.address = address

    def news(self, cursor: Mapping[str, object]) -> News:
        """Return what came since the last time.

        Rows are known by the transaction that they came with. All that began before the oldest
        one that still runs have ended, so that their rows are seen; the next question begins
        there. A server that was put back has younger transactions than the cursor, or another
        mark: then everything is asked for again.

        Args:
            cursor: that of the last time, empty at first.

        Raises:
            NotReached: the server does not answer.
            KnowledgeBaseError: it refuses, or its schema is missing or too new.
        """
        with self._connected() as connection:
            mark = self._checked(connection)
            ((horizon,),) = connection.execute(
                "SELECT pg_snapshot_xmin(pg_current_snapshot())::text"
            ).fetchall()
            known = cursor.get("xid")
            same = cursor.get("mark") == mark and isinstance(known, int) and known <= int(horizon)
            since = known if same and isinstance(known, int) else 0
            names = [field.name for field in CURATION["quarantine"]]
            rows = connection.execute(
                f"SELECT {', '.join(names)} FROM advisor.quarantine".encode()
            ).fetchall()
            changed = _has_new(connection, since)
        quarantine = pa.Table.from_pylist(
            [dict(zip(names, row, strict=True)) for row in rows], schema=CURATION["quarantine"]
        )
        found = self._read(since) if changed else {}
        return News(Bundle.from_tables(found), {"mark": mark, "xid": int(horizon)}, quarantine)

    def deliver(self, bundle: Bundle) -> list[str]:
        """Store what the server lacks of a bundle, in one transaction.

        Delivering again has no effect: identities are digests of what they name.

        Returns:
            The studies that were left out with their trials, since on the server they are
            somebody else's.

        Raises:
            NotReached: the server does not answer; it may have stored everything.
            KnowledgeBaseError: it refuses.
        """
        with self._connected() as connection, connection.transaction():
            self._checked(connection)
            for table in TABLES:
                if bundle[table].num_rows:
                    _store(connection, table, bundle[table])
            studies = bundle["studies"]["study_id"].to_pylist()
            others = connection.execute(
                "SELECT study_id FROM advisor.studies WHERE study_id = ANY(%s) "
                "AND contributor IS DISTINCT FROM current_user",
                [studies],
            ).fetchall()
        return [study for (study,) in others]

    def curate(self, quarantine: Sequence[JsonObject], log: Sequence[JsonObject]) -> None:
        """Store rows of a curator: quarantines, or known ones that are lifted, and the log.

        Raises:
            NotReached: the server does not answer.
            KnowledgeBaseError: it refuses; nothing was stored.
        """
        with self._connected() as connection, connection.transaction():
            self._checked(connection)
            for row in quarantine:
                if row["lifted_at"] is None:
                    _insert(connection, "quarantine", {**row, "quarantined_by": self.address.login})
                else:
                    connection.execute(
                        "UPDATE advisor.quarantine SET lifted_at = %s "
                        "WHERE id = %s AND lifted_at IS NULL",
                        [row["lifted_at"], row["id"]],
                    )
            for row in log:
                _insert(connection, "kb_log", {**row, "who": self.address.login})

    @contextmanager
    def _connected(self) -> Iterator["psycopg.Connection"]:
        psycopg = _driver("psycopg")
        try:
            with psycopg.connect(
                self.address.url,
                autocommit=True,
                connect_timeout=CONNECT_SECONDS,
                application_name="advisor",
                options=f"-c statement_timeout={STATEMENT_SECONDS}s",
                keepalives_idle=10,
                tcp_user_timeout=20_000,
            ) as connection:
                yield connection
        except psycopg.Error as error:
            raise self._refusal(error) from error

    def _refusal(self, error: Exception) -> Exception:
        """Return what is to be said of an error of psycopg."""
        state, where = getattr(error, "sqlstate", None), self.address.shown
        said = _first_line(error)
        if state in ("42501",):
            return KnowledgeBaseError(
                f"The server {where} does not let {self.address.login} do that ({said}). Whoever "
                "keeps it grants roles; see docs/team.md."
            )
        unreachable = state is None or state[:2] in ("08", "57", "53", "58")
        if unreachable and not _refuses_login(str(error)):
            return NotReached(f"the server {where} was not reached ({said})")
        return KnowledgeBaseError(f"The server {where} refuses: {said}.")

    def _checked(self, connection: "psycopg.Connection") -> str:
        """Return the mark of the server's schema.

        Raises:
            KnowledgeBaseError: there is none, or this version of the package cannot read it.
        """
        where = self.address.shown
        ((there,),) = connection.execute("SELECT to_regclass('advisor.meta')::text").fetchall()
        if there is None:
            raise KnowledgeBaseError(
                f"The server {where} holds no knowledge base yet; whoever keeps it makes one with "
                f"`advisor kb init-server`."
            )
        meta: dict[str, str] = dict(
            connection.execute("SELECT key, value FROM advisor.meta").fetchall()
        )
        needed = int(meta.get("readable_by", "1"))
        if needed > SERVER_VERSION:
            raise KnowledgeBaseError(
                f"The server {where} has a schema of a newer version of Advisor; install that."
            )
        if int(meta["schema_version"]) < SERVER_VERSION:
            raise KnowledgeBaseError(
                f"The server {where} has a schema of an older version of Advisor; whoever keeps it "
                "runs `advisor kb init-server` again."
            )
        return str(meta["mark"])

    def _read(self, since: int) -> dict[str, pa.Table]:
        """Return the trials that came with a transaction or later ones, and all they refer to."""
        dbapi = _driver("adbc_driver_postgresql.dbapi")
        try:
            found = {}
            with dbapi.connect(self._url_for_reading()) as connection, connection.cursor() as at:
                for table in CHILDREN_FIRST:
                    columns = ", ".join(TABLES[table].names)
                    new = _NEW[table].format(since=since)
                    at.execute(f"SELECT {columns} FROM advisor.{table} WHERE {new}")
                    found[table] = at.fetch_arrow_table()
            return found
        except dbapi.Error as error:
            raise NotReached(
                f"the server {self.address.shown} ceased to answer ({_first_line(error)})"
            ) from error

    def _url_for_reading(self) -> str:
        glue = "&" if "?" in self.address.url else "?"
        return f"{self.address.url}{glue}connect_timeout={CONNECT_SECONDS}"


_TRIALS = "xid >= '{since}'"
_STUDIES = f"study_id IN (SELECT study_id FROM advisor.trials WHERE {_TRIALS})"
_TASKS = f"task_id IN (SELECT task_id FROM advisor.studies WHERE {_STUDIES})"
_DATASETS = f"dataset_id IN (SELECT dataset_id FROM advisor.tasks WHERE {_TASKS})"
_NEW = {
    "trials": _TRIALS,
    "curves": f"trial_id IN (SELECT trial_id FROM advisor.trials WHERE {_TRIALS})",
    "studies": _STUDIES,
    "tasks": _TASKS,
    "spaces": f"space_id IN (SELECT space_id FROM advisor.studies WHERE {_STUDIES})",
    "datasets": _DATASETS,
    "metafeatures": _DATASETS,
}
"""Conditions for what belongs to the trials that came with a transaction or later ones."""


def _has_new(connection: "psycopg.Connection", since: int) -> bool:
    ((found,),) = connection.execute(
        f"SELECT EXISTS (SELECT FROM advisor.trials WHERE {_TRIALS.format(since=since)})".encode()
    ).fetchall()
    return bool(found)


def _store(connection: "psycopg.Connection", table: str, rows: pa.Table) -> None:
    """Copy rows beside a table, and insert those that it lacks and that are the user's to add."""
    columns = ", ".join(TABLES[table].names)
    connection.execute(
        f"CREATE TEMP TABLE incoming_{table} ON COMMIT DROP AS "
        f"SELECT {columns} FROM advisor.{table} WITH NO DATA".encode()
    )
    with connection.cursor() as cursor, cursor.copy(
        f"COPY incoming_{table} ({columns}) FROM STDIN"
    ) as copy:  # fmt: skip
        for row in zip(*(column.to_pylist() for column in rows.columns), strict=True):
            copy.write_row(row)
    key = ", ".join(KEYS[table])
    connection.execute(
        f"INSERT INTO advisor.{table} ({columns}) SELECT {columns} FROM incoming_{table} i "
        f"WHERE {_ALLOWED.get(table, 'true')} ON CONFLICT ({key}) DO NOTHING"
    )


_MINE = "SELECT FROM advisor.studies s WHERE s.study_id = {} AND s.contributor = current_user"
_ALLOWED = {
    "studies": "i.contributor = current_user",
    "trials": f"EXISTS ({_MINE.format('i.study_id')})",
    "curves": "EXISTS (SELECT FROM advisor.trials t JOIN advisor.studies s USING (study_id) "
    "WHERE t.trial_id = i.trial_id AND s.contributor = current_user)",
}
"""Conditions for the rows that row-level security lets a writer add."""


def _insert(connection: "psycopg.Connection", table: str, row: JsonObject) -> None:
    names = [name for name in CURATION[table].names if name in row]
    places = ", ".join(["%s"] * len(names))
    connection.execute(
        f"INSERT INTO advisor.{table} ({', '.join(names)}) VALUES ({places}) "
        "ON CONFLICT (id) DO NOTHING",
        [row[name] for name in names],
    )


def _driver(name: str) -> ModuleType:
    """Return a package that only members of teams need.

    Raises:
        UserError: it is not installed.
    """
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError as error:
        raise UserError(
            f"A team's knowledge base needs {name.partition('.')[0]}, which is not installed: "
            "pip install 'advisor-automl[team]'."
        ) from error


def _refuses_login(said: str) -> bool:
    """Return whether libpq reached a server that let nobody in; it gives no state for that."""
    refused = r"authentication failed|no password supplied|does not exist|no pg_hba.conf entry"
    return re.search(refused, said) is not None


def _first_line(error: Exception) -> str:
    """Return what an error says, without what might hold a password."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = lines[-1] if lines and lines[0].startswith("connection") else (lines or ["no reason"])[0]
    said = re.sub(r"postgres(ql)?://\S+", "the address", said)
    return said.rstrip(".")
