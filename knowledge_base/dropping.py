"""Deleting studies from the database."""

from collections.abc import Sequence

import duckdb
import pyarrow as pa

_STUDIES = "(SELECT study_id FROM dropped)"


def drop_studies(
    connection: duckdb.DuckDBPyConnection, study_ids: Sequence[str], log: pa.Table
) -> None:
    """Delete studies with all that only they are about, and log it, in one transaction.

    Args:
        connection: a connection with the database attached as `db`, writable.
        study_ids: their identities.
        log: rows of the table `kb_log` that say so.
    """
    connection.register("dropped", pa.table({"study_id": pa.array(study_ids, pa.string())}))
    connection.register("dropped_log", log)
    connection.execute("BEGIN")
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE dropped_of AS SELECT task_id, space_id, dataset_id "
        f"FROM db.studies LEFT JOIN db.tasks USING (task_id) WHERE study_id IN {_STUDIES}"
    )
    connection.execute(
        "DELETE FROM db.curves WHERE trial_id IN "
        f"(SELECT trial_id FROM db.trials WHERE study_id IN {_STUDIES})"
    )
    for table in ("trials", "studies"):
        connection.execute(f"DELETE FROM db.{table} WHERE study_id IN {_STUDIES}")
    for table, key, other in (
        ("tasks", "task_id", "studies"),
        ("spaces", "space_id", "studies"),
        ("datasets", "dataset_id", "tasks"),
        ("metafeatures", "dataset_id", "tasks"),
    ):
        connection.execute(
            f"DELETE FROM db.{table} WHERE {key} IN (SELECT {key} FROM dropped_of) "
            f"AND {key} NOT IN (SELECT {key} FROM db.{other} WHERE {key} IS NOT NULL)"
        )
    connection.execute("INSERT INTO db.kb_log BY NAME SELECT * FROM dropped_log")
    connection.execute("COMMIT")
    connection.execute("CHECKPOINT db")
    connection.execute("DROP TABLE dropped_of")
