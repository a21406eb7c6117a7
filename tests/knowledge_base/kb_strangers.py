"""Files as a stranger might make them, for the tests of what importing takes."""

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from kb_examples import make_bundle

from knowledge_base import Bundle, KnowledgeBase
from knowledge_base.schema import TABLES
from knowledge_base.shipped import SEED

VIEW = (
    "CREATE TABLE keep AS FROM studies",
    "DROP TABLE studies",
    "CREATE VIEW studies AS SELECT * REPLACE ((SELECT content FROM read_text('{private}')) "
    "AS contributor) FROM keep",
)


def made(path, *statements):
    """Make a knowledge base with three trials, and let a stranger work on it."""
    kb = KnowledgeBase(path, seed=False)
    kb.add(make_bundle(range(3)))
    assert kb.fold(5)
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
    return path


def written(folder, bundle, **tables):
    """Write a bundle with some tables replaced, as a stranger's export."""
    Bundle({**{name: bundle[name] for name in TABLES}, **tables}).export(folder)
    return folder


def changed(table, **columns):
    rows = [{**row, **columns} for row in table.to_pylist()]
    return pa.Table.from_pylist(rows, schema=table.schema)


def shipped(table):
    return pq.read_table(SEED / f"{table}.parquet").cast(TABLES[table])


def swapped(table):
    other = {"maximize": "minimize", "minimize": "maximize"}
    rows = [{**row, "direction": other[row["direction"]]} for row in table.to_pylist()]
    return pa.Table.from_pylist(rows, schema=table.schema)
