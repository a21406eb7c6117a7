"""Trials from frames and back, column by column: DuckDB makes and reads the JSON."""

import json
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa

from knowledge_base.connection import in_memory
from knowledge_base.errors import UserError
from knowledge_base.identity import trial_ids
from knowledge_base.schema import TRIALS
from knowledge_base.space import Hyperparameter, SpaceDefinition
from knowledge_base.space.cells import map_distinct
from knowledge_base.states import TrialState
from knowledge_base.types import JsonObject


def trials_table(frame: pd.DataFrame, space: SpaceDefinition, study_id: str) -> pa.Table:
    """Return a frame of trials as the table `trials`.

    Raises:
        UserError: no column `value`, or rows that are no configurations of `space`.
    """
    if "value" not in frame.columns:
        raise UserError("The frame of trials has no column 'value'.")
    frame = frame.reset_index(drop=True)
    clean, reasons = space.check(frame)
    if (reasons != "").any():
        first = int(np.flatnonzero((reasons != "").to_numpy())[0])
        raise UserError(f"Row {first} of the trials is not in the space: {reasons.iloc[first]}.")
    numbers = frame["number"].to_numpy() if "number" in frame else np.arange(len(frame))
    columns = {
        "trial_id": trial_ids(study_id, numbers.tolist()),
        "study_id": pa.array([study_id] * len(frame), pa.string()),
        "number": pa.array(numbers, pa.int64()),
        "config": config_json(clean, space),
        "state": frame.get("state", pd.Series(str(TrialState.COMPLETE), index=frame.index)),
    }
    for field in TRIALS:
        if field.name not in columns:
            known = field.name in frame.columns
            cells = frame[field.name] if known else [None] * len(frame)
            columns[field.name] = pa.array(cells, field.type, from_pandas=True)
    return pa.table({name: columns[name] for name in TRIALS.names}, schema=TRIALS)


def config_json(clean: pd.DataFrame, space: SpaceDefinition) -> pa.Array:
    """Return the configurations of a clean frame as canonical JSON texts, shape (n,)."""
    if not len(clean):
        return pa.array([], pa.string())
    names = sorted(space.hyperparameters)
    arrays, parts = {}, []
    for place, name in enumerate(names):
        kind = {"float": pa.float64(), "int": pa.int64()}.get(space.hyperparameters[name].kind)
        key = json.dumps(name).replace("'", "''")
        if kind is None:
            dumped = map_distinct(clean[name], partial(_dumped, space.hyperparameters[name]))
            arrays[f"c{place}"] = pa.array(dumped, pa.string())
            text = f"c{place}"
        else:
            arrays[f"c{place}"] = pa.array(clean[name], from_pandas=True).cast(kind)
            text = f"to_json(c{place})::VARCHAR"
        parts.append(f"'{key}:' || {text}")
    sql = f"SELECT '{{' || concat_ws(',', {', '.join(parts)}) || '}}' AS config FROM cells"
    with in_memory() as connection:
        connection.register("cells", pa.table(arrays))
        made = connection.sql(sql).to_arrow_table()["config"]
    return made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made


def _dumped(hyperparameter: Hyperparameter, cell: object) -> str:
    return json.dumps(hyperparameter.value(cell))


def with_config_columns(sql: str, definitions: list[str]) -> tuple[str, dict[str, str]]:
    """Return a query that adds a typed column per hyperparameter to `sql`, and their names.

    A hyperparameter that spaces give different types comes as text. The columns have to be
    renamed by the mapping in the end: DuckDB takes "config.C" and "config.c" for the same.

    Args:
        sql: a query with a column `config`.
        definitions: definitions of the spaces, as they are stored.
    """
    kinds = _sql_types(definitions)
    lower = [name.lower() for name in kinds]
    # One pass over the JSON serves all others, but DuckDB's structs do not tell "C" from "c".
    together = {name: kind for name, kind in kinds.items() if lower.count(name.lower()) == 1}
    items, names = [], {}
    for place, (name, kind) in enumerate(kinds.items()):
        field = f"_config.{_quoted(name)}"
        if name not in together:
            path = _text('$."' + name.replace('"', '\\"') + '"')
            field = f"TRY_CAST(json_extract_string(config, {path}) AS {kind})"
        items.append(f"{field} AS _config_{place}")
        names[f"_config_{place}"] = f"config.{name}"
    if not items:
        return sql, {}
    structure = _text(json.dumps(together or {"_": "VARCHAR"}, ensure_ascii=False))
    source = f"SELECT *, json_transform(config, {structure}) AS _config FROM ({sql})"
    return f"SELECT * EXCLUDE (_config), {', '.join(items)} FROM ({source})", names


def _sql_types(definitions: list[str]) -> dict[str, str]:
    kinds: dict[str, set[str]] = {}
    for text in definitions:
        for hyperparameter in json.loads(text)["hyperparameters"]:
            kinds.setdefault(hyperparameter["name"], set()).add(_sql_type(hyperparameter))
    return {name: found.pop() if len(found) == 1 else "VARCHAR" for name, found in kinds.items()}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _sql_type(hyperparameter: JsonObject) -> str:
    kind = hyperparameter["type"]
    if kind.endswith("_float"):
        return "DOUBLE"
    if kind.endswith("_int"):
        return "BIGINT"
    values = hyperparameter.get("choices") or hyperparameter.get("sequence")
    types = {type(value) for value in values or [hyperparameter.get("value")]}
    if types == {bool}:
        return "BOOLEAN"
    if types == {int}:
        return "BIGINT"
    return "DOUBLE" if types <= {int, float} else "VARCHAR"
