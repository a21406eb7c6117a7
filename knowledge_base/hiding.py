"""Hiding what is in quarantine, and moving notes of curators into the database.

Only what is the user's layer is ever hidden: the shipped trials are left out as a whole or not at
all. A study is hidden with its trials and their curves; tasks, spaces and data sets are hidden with
the last study that is about them.
"""

from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa

from knowledge_base.schema import CURATION

ALL = "all_"
"""How the names of views begin that hold what is hidden, too, where anything is."""

IMPORT = "import"
"""The action of the log that says that a study came with somebody else's file."""

_REFERRED = {"tasks": "task_id", "spaces": "space_id"}
"""Tables that are hidden with the last study that names their identity."""

_OF = {
    "studies": "layer = 'seed' OR study_id NOT IN (SELECT study_id FROM hidden)",
    "trials": "layer = 'seed' OR study_id NOT IN (SELECT study_id FROM hidden)",
    "curves": "layer = 'seed' OR trial_id NOT IN "
    f"(SELECT trial_id FROM {ALL}trials WHERE study_id IN (SELECT study_id FROM hidden))",
}


def curation_table(
    connection: duckdb.DuckDBPyConnection,
    stored: Mapping[str, Sequence[str]] | None,
    notes: Mapping[str, pa.Table],
    table: str,
) -> pa.Table:
    """Return the rows of a table of `CURATION`, of the database and of notes.

    A quarantine is lifted once any row of its identity says so.

    Args:
        connection: a connection with the database attached as `db`, if there is one.
        stored: columns of the tables of the database, None without one.
        notes: rows by table that may not be in the database yet.
        table: its name.
    """
    rows, schema = notes[table], CURATION[table]
    if stored is not None and table in stored:
        there = connection.sql(f"SELECT * FROM db.{table}").to_arrow_table()
        rows = pa.concat_tables([there.select(schema.names).cast(schema), rows])
    return _merged(rows)


def _merged(rows: pa.Table) -> pa.Table:
    """Return a row for each identity, lifted if one of its rows is."""
    merged: dict[str, dict[str, object]] = {}
    for row in rows.to_pylist():
        known = merged.setdefault(row["id"], row)
        if row.get("lifted_at") is not None and known.get("lifted_at") is None:
            known["lifted_at"] = row["lifted_at"]
    return pa.Table.from_pylist(list(merged.values()), schema=rows.schema)


def in_force(quarantine: pa.Table) -> pa.Table:
    """Return the quarantines that are not lifted and say what they hide."""
    rows = [row for row in quarantine.to_pylist() if row["lifted_at"] is None]
    criteria = ("contributor", "study_id", "since")
    said = [row for row in rows if any(row[name] is not None for name in criteria)]
    return pa.Table.from_pylist(said, schema=quarantine.schema)


def make_hidden(connection: duckdb.DuckDBPyConnection, quarantine: pa.Table, studies: str) -> None:
    """Make the table `hidden` of the studies in quarantine: study_id, task_id and space_id.

    Studies begin when they say so, but not before they were imported; one that does not say when
    counts as new.

    Args:
        connection: where to make it; it has `kb_log_rows`, the rows of the log.
        quarantine: what is in force, as `in_force` returns it.
        studies: name of the view of all studies.
    """
    connection.register("quarantine_in_force", quarantine)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE hidden AS SELECT DISTINCT s.study_id, s.task_id, s.space_id "
        f"FROM {studies} s LEFT JOIN (SELECT study_id, max(logged_at) AS arrived FROM kb_log_rows "
        f"WHERE action = '{IMPORT}' GROUP BY study_id) i USING (study_id) "
        "JOIN quarantine_in_force q ON "
        "(q.contributor IS NULL OR q.contributor = coalesce(s.contributor, '')) "
        "AND (q.study_id IS NULL OR q.study_id = s.study_id) "
        "AND (q.since IS NULL OR coalesce(s.created_at >= q.since, true) "
        "OR coalesce(i.arrived >= q.since, false)) "
        "WHERE s.layer = 'user'"
    )


def make_visible(connection: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> None:
    """Make the views of what is not hidden, of views whose names begin with `ALL`."""
    for table in tables:
        connection.execute(
            f"CREATE TEMP VIEW {table} AS SELECT * FROM {ALL}{table} WHERE {_visible(table)}"
        )


def _visible(table: str) -> str:
    """Return the condition for rows of a table that are not hidden."""
    if table in _OF:
        return _OF[table]
    seen = f"SELECT {{0}} FROM {ALL}studies WHERE {_OF['studies']}"
    if table in _REFERRED:
        key = _REFERRED[table]
        return f"{key} NOT IN (SELECT {key} FROM hidden) OR {key} IN ({seen.format(key)})"
    datasets = f"SELECT dataset_id FROM {ALL}tasks WHERE dataset_id IS NOT NULL AND task_id IN "
    return (
        f"dataset_id NOT IN ({datasets} (SELECT task_id FROM hidden)) "
        f"OR dataset_id IN ({datasets} ({seen.format('task_id')}))"
    )


def insert_notes(connection: duckdb.DuckDBPyConnection, notes: Mapping[str, pa.Table]) -> list[str]:
    """Insert what notes hold and the database lacks, in one transaction.

    Args:
        connection: a connection with the migrated database attached as `db`, writable.
        notes: rows by table.

    Returns:
        The identities of the quarantines that are in force then.
    """
    connection.execute("BEGIN")
    for table, rows in notes.items():
        connection.register("noted", _merged(rows))
        connection.execute(
            f"INSERT INTO db.{table} BY NAME SELECT * FROM noted ANTI JOIN db.{table} USING (id)"
        )
        if table == "quarantine":
            connection.execute(
                "UPDATE db.quarantine SET lifted_at = noted.lifted_at FROM noted WHERE "
                "quarantine.id = noted.id AND quarantine.lifted_at IS NULL "
                "AND noted.lifted_at IS NOT NULL"
            )
        connection.unregister("noted")
    connection.execute("COMMIT")
    found = connection.execute("SELECT id FROM db.quarantine WHERE lifted_at IS NULL").fetchall()
    return [identity for (identity,) in found]
