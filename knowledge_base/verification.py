"""Checks that everything stored is whole.

The rules on single rows hold for what comes in as well (see `importers.checks`), so that nothing
is taken that `verify` then rejects.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf, isfinite, isinf

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
from knowledge_base.types import JsonObject

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
        breaks: the same condition of a row in Python, which few rows are asked sooner than SQL.
    """

    table: str
    rows: str
    wrong: str
    reason: str
    breaks: Callable[[JsonObject], bool]


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _not_json(column: str, kind: str) -> str:
    """Return a condition that a text is there and no JSON of a kind; NULL counts as right."""
    # Only of valid JSON may DuckDB be asked for the type.
    right = f"CASE WHEN json_valid({column}) THEN json_type({column}) = '{kind}' ELSE false END"
    return f"{column} IS NOT NULL AND NOT ({right})"


def _no_json(column: str, kind: type) -> Callable[[JsonObject], bool]:
    """Return whether a cell of a row is there and no JSON of a kind."""

    def breaks(row: JsonObject) -> bool:
        try:
            found = (
                json.loads(row[column], parse_constant=float) if row[column] is not None else None
            )
        except (ValueError, RecursionError):
            return True
        return row[column] is not None and not isinstance(found, kind)

    return breaks


def _any_below(least: int, *columns: str) -> Callable[[JsonObject], bool]:
    """Return whether one of the cells of a row is a number below the least that it may be."""
    return lambda row: any(row[each] is not None and row[each] < least for each in columns)


RULES = (
    Rule("trials", "trials in an unknown state", f"state NOT IN ({_listed(TRIAL_STATES)})",
         "its state is none of " + ", ".join(TRIAL_STATES),
         lambda row: row["state"] not in TRIAL_STATES),
    Rule("trials", "complete trials without a finite value",
         f"state = '{TrialState.COMPLETE}' AND (value IS NULL OR NOT isfinite(value))",
         "it is complete without a finite value",
         lambda row: row["state"] == TrialState.COMPLETE
         and (row["value"] is None or not isfinite(row["value"]))),
    Rule("trials", "trials whose config is no JSON", _not_json("config", "OBJECT"),
         "its configuration is no JSON object", _no_json("config", dict)),
    Rule("trials", "trials whose metrics are no JSON", _not_json("metrics", "OBJECT"),
         "its metrics are no JSON object", _no_json("metrics", dict)),
    Rule("trials", "trials whose labels are no JSON", _not_json("labels", "ARRAY"),
         "its labels are no JSON list", _no_json("labels", list)),
    Rule("trials", "trials with a negative duration", "duration < 0 OR NOT isfinite(duration)",
         "its duration is negative or not finite",
         lambda row: row["duration"] is not None and not 0 <= row["duration"] < inf),
    Rule("trials", "trials with a negative number", "number < 0 OR epochs < 0 OR n_params < 0",
         "its number, epochs or n_params are negative",
         _any_below(0, "number", "epochs", "n_params")),
    Rule("curves", "learning curves with a negative epoch", "epoch < 0",
         "its learning curve has a negative epoch", _any_below(0, "epoch")),
    Rule("tasks", "tasks with an unknown direction", f"direction NOT IN ({_listed(DIRECTIONS)})",
         "its direction is none of " + ", ".join(DIRECTIONS),
         lambda row: row["direction"] not in DIRECTIONS),
    Rule("studies", "studies whose versions are no JSON", _not_json("versions", "OBJECT"),
         "its versions are no JSON object", _no_json("versions", dict)),
    Rule("studies", "studies whose machine is no JSON", _not_json("machine", "OBJECT"),
         "its machine is no JSON object", _no_json("machine", dict)),
    Rule("datasets", "data sets of a negative size",
         "n_rows < 0 OR n_features < 0 OR n_classes < 0", "its size is negative",
         _any_below(0, "n_rows", "n_features", "n_classes")),
    Rule("metafeatures", "infinite metafeatures", "value IS NOT NULL AND isinf(value)",
         "it is infinite",
         lambda row: row["value"] is not None and isinf(row["value"])),
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


def first_wrong(bundle: Bundle) -> str:
    """Return what is wrong with a row of a bundle that breaks a rule, "" if none does.

    Args:
        bundle: rows whose cells can be stored (see `Bundle.check`).
    """
    for table in TABLES:
        rows = bundle[table]
        if not rows.num_rows or (table in _right and _right[table].equals(rows)):
            continue
        reasons = _reasons(bundle, table) if rows.num_rows <= FEW else wrong_rows(bundle, table)
        for place, reason in enumerate(reasons, start=1):
            if reason:
                return f"row {place} of '{table}': {reason}"
        if rows.num_rows <= FEW:
            _right[table] = rows
    return ""


def _reasons(bundle: Bundle, table: str) -> Iterator[str]:
    """Yield what `wrong_rows` returns, without a database."""
    rules = [rule for rule in RULES if rule.table == table]
    identity = IDENTITIES.get(table)
    for row in bundle[table].to_pylist():
        broken = next((rule.reason for rule in rules if rule.breaks(row)), "")
        yield broken or ("" if identity is None else identity(row))


_right: dict[str, pa.Table] = {}
"""By table, the last rows that were right: a search stores the same task with every trial."""

FEW = 200
"""Rows of a table for which no database is asked."""


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
