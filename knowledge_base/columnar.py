"""Trials from frames and back, column by column: DuckDB makes and reads the JSON."""

import json
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from knowledge_base.errors import UserError
from knowledge_base.identity import digest
from knowledge_base.schema import TRIALS
from knowledge_base.space import SpaceDefinition


def trials_table(frame: pd.DataFrame, space: SpaceDefinition, study_id: str) -> pa.Table:
    """Return a frame of trials as the table `trials`.

    Raises:
        UserError: no column `value`, or rows that are no configurations of `space`.
    """
    if "value" not in frame.columns:
        raise UserError("The frame of trials has no column 'value'.")
    frame = frame.reset_index(drop=True)
    reasons = space.validate(frame)
    if (reasons != "").any():
        first = int(np.flatnonzero((reasons != "").to_numpy())[0])
        raise UserError(f"Row {first} of the trials is not in the space: {reasons.iloc[first]}.")
    numbers = frame["number"].to_numpy() if "number" in frame else np.arange(len(frame))
    columns = {
        "trial_id": [digest("trial", study_id, int(number)) for number in numbers],
        "study_id": pa.array([study_id] * len(frame), pa.string()),
        "number": pa.array(numbers, pa.int64()),
        "config": config_json(space.clean(frame), space),
        "state": frame.get("state", pd.Series("complete", index=frame.index)),
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
            cells = [None if c is None or c != c else json.dumps(c) for c in clean[name]]
            arrays[f"c{place}"] = pa.array(cells, pa.string())
            text = f"c{place}"
        else:
            arrays[f"c{place}"] = pa.array(clean[name], from_pandas=True).cast(kind)
            text = f"to_json(c{place})::VARCHAR"
        parts.append(f"'{key}:' || {text}")
    sql = f"SELECT '{{' || concat_ws(',', {', '.join(parts)}) || '}}' AS config FROM cells"
    with duckdb.connect() as connection:
        connection.register("cells", pa.table(arrays))
        made = connection.sql(sql).to_arrow_table()["config"]
    return made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made


def config_columns(definitions: list[str]) -> list[str]:
    """Return select items that give a typed column `config.NAME` per hyperparameter.

    A hyperparameter that spaces give different types comes as text.

    Args:
        definitions: of the spaces, as they are stored.
    """
    kinds: dict[str, set[str]] = {}
    for text in definitions:
        for hyperparameter in json.loads(text)["hyperparameters"]:
            kinds.setdefault(hyperparameter["name"], set()).add(_sql_type(hyperparameter))
    columns = []
    for name, found in kinds.items():
        kind = found.pop() if len(found) == 1 else "VARCHAR"
        path = '$."' + name.replace('"', '\\"') + '"'
        quoted = path.replace("'", "''")
        label = '"config.' + name.replace('"', '""') + '"'
        columns.append(f"TRY_CAST(json_extract_string(config, '{quoted}') AS {kind}) AS {label}")
    return columns


def _sql_type(hyperparameter: dict[str, Any]) -> str:
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
