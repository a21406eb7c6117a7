"""Checks that everything stored is whole.

The rules on single rows hold for what comes in as well (see `importers.checks`), so that nothing
is taken that `verify` then rejects.
"""

from collections.abc import Callable
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from knowledge_base.bundle import Bundle
from knowledge_base.connection import in_memory
from knowledge_base.errors import SpaceError
from knowledge_base.limits import read_json
from knowledge_base.records import TaskRecord
from knowledge_base.schema import DIRECTIONS, KEYS, TABLES, TRIAL_STATES
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


@dataclass(frozen=True)
class Rule:
    """What no row of a table may be.

    Attributes:
        table: name of the table.
        rows: what such rows are, for a list of problems.
        wrong: SQL condition that holds for them.
        reason: what is wrong with one of them, beginning with "its" or "it".
    """

    table: str
    rows: str
    wrong: str
    reason: str


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _not_json(column: str, kind: str) -> str:
    """Return a condition that a text is there and no JSON of a kind; NULL counts as right."""
    # Only of valid JSON may DuckDB be asked for the type.
    right = f"CASE WHEN json_valid({column}) THEN json_type({column}) = '{kind}' ELSE false END"
    return f"{column} IS NOT NULL AND NOT ({right})"


RULES = (
    Rule("trials", "trials in an unknown state", f"state NOT IN ({_listed(TRIAL_STATES)})",
         "its state is none of " + ", ".join(TRIAL_STATES)),
    Rule("trials", "complete trials without a finite value",
         f"state = '{TrialState.COMPLETE}' AND (value IS NULL OR NOT isfinite(value))",
         "it is complete without a finite value"),
    Rule("trials", "trials whose config is no JSON", _not_json("config", "OBJECT"),
         "its configuration is no JSON object"),
    Rule("trials", "trials whose metrics are no JSON", _not_json("metrics", "OBJECT"),
         "its metrics are no JSON object"),
    Rule("trials", "trials whose labels are no JSON", _not_json("labels", "ARRAY"),
         "its labels are no JSON list"),
    Rule("trials", "trials with a negative duration", "duration < 0 OR NOT isfinite(duration)",
         "its duration is negative or not finite"),
    Rule("trials", "trials with a negative number", "number < 0 OR epochs < 0 OR n_params < 0",
         "its number, epochs or n_params are negative"),
    Rule("curves", "learning curves with an epoch before the first", "epoch < 1",
         "its learning curve has an epoch before the first"),
    Rule("tasks", "tasks with an unknown direction", f"direction NOT IN ({_listed(DIRECTIONS)})",
         "its direction is none of " + ", ".join(DIRECTIONS)),
    Rule("studies", "studies whose versions are no JSON", _not_json("versions", "OBJECT"),
         "its versions are no JSON object"),
    Rule("studies", "studies whose machine is no JSON", _not_json("machine", "OBJECT"),
         "its machine is no JSON object"),
    Rule("datasets", "data sets of a negative size",
         "n_rows < 0 OR n_features < 0 OR n_classes < 0", "its size is negative"),
    Rule("metafeatures", "infinite metafeatures", "value IS NOT NULL AND isinf(value)",
         "it is infinite"),
)  # fmt: skip
"""What every stored row keeps to."""


def problems(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return what is wrong, one line per kind of problem, with how many rows and an example."""
    checks = [*_dangling(), *_duplicates(), *_values()]
    found = []
    for what, sql in checks:
        rows = connection.execute(sql).fetchall()
        if rows:
            found.append(f"{what}: {len(rows)} rows, such as {rows[0][0]}")
    for table, reason_of in IDENTITIES.items():
        for row in connection.sql(f"SELECT * FROM {table}").to_arrow_table().to_pylist():
            reason = reason_of(row)
            if reason:
                found.append(f"{table[:-1]} {row[KEYS[table][0]]}: {reason}")
    return found


def wrong_rows(bundle: Bundle, table: str) -> list[str]:
    """Return why each row of a table breaks a rule or is not what its identity says, or "".

    Args:
        bundle: rows whose cells can be stored (see `Bundle.check`).
        table: name of the table.

    Returns:
        One reason per row.
    """
    rows = bundle[table]
    reasons = [""] * rows.num_rows
    if not reasons:
        return reasons
    rules = [rule for rule in RULES if rule.table == table]
    if rules:
        # One query for all rules: a query costs more than the few rows that most of them look at.
        cases = " ".join(f"WHEN {rule.wrong} THEN {i}" for i, rule in enumerate(rules))
        sql = f"FROM (SELECT _place, CASE {cases} END AS rule FROM rows) WHERE rule IS NOT NULL"
        placed = rows.append_column("_place", pa.array(range(len(reasons)), pa.int64()))
        with in_memory() as connection:
            connection.register("rows", placed)
            for place, broken in connection.execute(sql).fetchall():
                reasons[place] = rules[broken].reason
    if table in IDENTITIES:
        for place, row in enumerate(rows.to_pylist()):
            reasons[place] = reasons[place] or IDENTITIES[table](row)
    return reasons


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
    return [
        (rule.rows, f"SELECT {KEYS[rule.table][0]} FROM {rule.table} WHERE {rule.wrong}")
        for rule in RULES
    ]


def _task_reason(row: dict[str, object]) -> str:
    given = {name: row[name] for name in TABLES["tasks"].names if name != "task_id"}
    same = TaskRecord(**given).task_id == row["task_id"]  # type: ignore[arg-type]
    return "" if same else "it is not what its identity says"


def _space_reason(row: dict[str, object]) -> str:
    space_id, where = row["space_id"], f"the space {row['space_id']}"
    try:
        text = str(row["definition"])
        read_json(text, where)  # Nothing is nested too deeply.
        known = SpaceDefinition.from_json(text, where=where)
    except (SpaceError, ValueError, KeyError, TypeError, RecursionError) as error:
        return (str(error).splitlines() or ["it cannot be read"])[0]
    if (known.space_id, known.name, known.version) != (space_id, row["name"], row["version"]):
        return "it is not what its identity says"
    return ""


IDENTITIES: dict[str, Callable[[dict[str, object]], str]] = {
    "tasks": _task_reason,
    "spaces": _space_reason,
}
"""By table, what makes the identity of a row anew and says what is wrong with it."""
