"""Checks that everything stored is whole."""

import duckdb

from knowledge_base.errors import SpaceError
from knowledge_base.schema import DIRECTIONS, KEYS, TRIAL_STATES
from knowledge_base.space import SpaceDefinition
from knowledge_base.states import TrialState

_REFERENCES = (
    ("trials", "study_id", "studies"),
    ("curves", "trial_id", "trials"),
    ("studies", "task_id", "tasks"),
    ("studies", "space_id", "spaces"),
    ("tasks", "dataset_id", "datasets"),
    ("metafeatures", "dataset_id", "datasets"),
)


def problems(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return what is wrong, one line per kind of problem, with how many rows and an example."""
    checks = [*_dangling(), *_duplicates(), *_values()]
    found = []
    for what, sql in checks:
        rows = connection.execute(sql).fetchall()
        if rows:
            found.append(f"{what}: {len(rows)} rows, such as {rows[0][0]}")
    return found + _spaces(connection)


def _dangling() -> list[tuple[str, str]]:
    return [
        (
            f"{table} without their {other}",
            f"SELECT DISTINCT {column} FROM {table} ANTI JOIN {other} USING ({column}) "
            f"WHERE {column} IS NOT NULL",
        )
        for table, column, other in _REFERENCES
    ]


def _duplicates() -> list[tuple[str, str]]:
    return [
        (
            f"{table} stored twice",
            f"SELECT {key[0]} FROM {table} GROUP BY {', '.join(key)} HAVING count(*) > 1",
        )
        for table, key in KEYS.items()
    ]


def _values() -> list[tuple[str, str]]:
    states = ", ".join(f"'{state}'" for state in TRIAL_STATES)
    directions = ", ".join(f"'{direction}'" for direction in DIRECTIONS)
    select = "SELECT trial_id FROM trials WHERE"
    return [
        ("trials in an unknown state", f"{select} state NOT IN ({states})"),
        (
            "complete trials without a finite value",
            f"{select} state = '{TrialState.COMPLETE}' AND (value IS NULL OR NOT isfinite(value))",
        ),
        ("trials whose config is no JSON", f"{select} NOT json_valid(config)"),
        ("trials whose metrics are no JSON", f"{select} NOT json_valid(metrics)"),
        ("trials whose labels are no JSON", f"{select} NOT json_valid(labels)"),
        ("trials with a negative duration", f"{select} duration < 0"),
        (
            "tasks with an unknown direction",
            f"SELECT task_id FROM tasks WHERE direction NOT IN ({directions})",
        ),
    ]


def _spaces(connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = []
    for space_id, text in connection.execute("SELECT space_id, definition FROM spaces").fetchall():
        try:
            known = SpaceDefinition.from_json(text, where=f"space {space_id}")
        except (SpaceError, ValueError) as error:
            found.append(str(error))
        else:
            if known.space_id != space_id:
                found.append(f"the space {space_id} is not what its identity says")
    return found
