"""From a user's table to a `TabularDataset`: which column is read as what.

First it is decided as what each column is read, then all are read so, as later new rows are by the
`reading` of the data set. Identifiers and rows without a target are left out. The data set says
what was done in its `intake`.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from advisor.data.amounts import numbers_in
from advisor.data.cells import all_scalars
from advisor.data.dataset import TabularDataset
from advisor.data.decisions import Decisions
from advisor.data.groups import groups_of, told_of
from advisor.data.identifiers import identifier
from advisor.data.inference import (
    MIN_PER_CLASS,
    check_columns,
    check_rows,
    target_column,
    to_dataset,
)
from advisor.data.intake import Intake, counted
from advisor.data.reading.table import TableReading
from advisor.data.reading.target import target_reading
from advisor.data.request import DataRequest
from advisor.data.suspicion import suspicious_feature
from knowledge_base.errors import UserError


def to_table(
    frame: pd.DataFrame, request: DataRequest, name: str, source: str, licence: str | None
) -> TabularDataset:
    """Return a table with an account of how it was read.

    Args:
        frame: columns with texts as names; not changed.
        request: of these count target, kind, and what the user said of single columns.
        name: display name, which errors use too.
        source: where it came from, as stored.
        licence: that of the data, if known.

    Raises:
        UserError: as `to_dataset` has them, and for columns that are not there or not what the
            user says they are.
    """
    check_columns(frame.columns, name)
    target = target_column(frame, request.target, name)
    check_rows(frame, name)
    frame, left_out = without_dropped(frame, request, target, name)
    known = () if request.group is None else (request.group,)
    identifiers = _identifiers(frame, target, (*request.keep, *request.as_types, *known))
    frame, notes = with_target_only(frame, target, name)
    groups = None
    if request.group is not None:
        groups = groups_of(frame, request, target, name)
        frame, left_out = frame.drop(columns=request.group), {**left_out, **told_of(groups)}
    label = _target(frame[target], request)
    found = Decisions(name, request, left_out=identifiers)
    for other in frame.columns.drop([target, *identifiers]):
        found.decide(frame[other])
    features: dict[str, pd.Series] = {}
    for column in found.columns:
        features |= column.read(frame)
    read = pd.DataFrame(features, index=frame.index)
    read[target] = label
    if not found.columns and (left_out or found.left_out):
        gone = ", ".join([*left_out, *found.left_out])
        raise UserError(
            f"{name} has no usable column besides the target '{target}'; left out: {gone}. Keep "
            "one with `keep`."
        )
    data = to_dataset(read, target, request.kind, name, source, licence)
    wanted = target_reading(data.target, target, data.kind, frame[target])
    used, out = found.used(data.features), found.reasons(data.features)
    reading = TableReading(wanted, used, (*left_out, *out))
    data = replace(data, reading=reading, groups=groups)
    return _told(data, reading, {**left_out, **out}, (*notes, *found.notes))


def without_dropped(
    frame: pd.DataFrame, request: DataRequest, target: str, name: str
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return a frame without what the user wants dropped, and the reasons by name.

    Raises:
        UserError: there is no such column, or it is the target.
    """
    for column in (*request.drop, *request.keep, *request.as_types):
        target_column(frame, column, name)
    dropped = request.dropped
    if target in dropped:
        raise UserError(f"'{target}' is the target of {name}; it cannot be dropped.")
    return frame.drop(columns=list(dropped)), dict.fromkeys(dropped, "as you said")


def with_target_only(
    frame: pd.DataFrame, target: str, name: str
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows that have a target, and a note if some have none.

    Raises:
        UserError: none has one.
    """
    missing = frame[target].isna()
    if not missing.any():
        return frame, ()
    if missing.all() and len(frame):
        raise UserError(f"The target '{target}' of {name} is missing in all rows.")
    gone = int(missing.sum())
    first = int(np.flatnonzero(missing.to_numpy())[0]) + 1
    note = (
        f"{counted(gone, 'row')} without a target {'is' if gone == 1 else 'are'} left out, the "
        f"first being data row {first}."
    )
    return frame[~missing].reset_index(drop=True), (note,)


def _identifiers(frame: pd.DataFrame, target: str, known: Sequence[str]) -> dict[str, str]:
    """Return why columns tell rows apart and nothing else, by name.

    Columns that the user speaks of are `known`. All rows count, since a saved index has gaps where
    rows are left out.
    """
    reasons = {
        str(column): identifier(frame[column], place == 0)
        for place, column in enumerate(frame.columns)
        if column != target and column not in known
    }
    return {column: reason for column, reason in reasons.items() if reason is not None}


def _target(label: pd.Series, request: DataRequest) -> pd.Series:
    """Return money and the like as numbers, where texts would make no classes."""
    wanted = request.as_types.get(str(label.name))
    if wanted == "category":
        return label.astype("string").astype("object")
    if wanted in ("date", "text"):
        raise UserError(f"The target '{label.name}' can be read as category or number only.")
    if pd.api.types.infer_dtype(label, skipna=True) != "string" or not all_scalars(label):
        return label
    classes = label.value_counts().min() >= MIN_PER_CLASS
    by_class = request.kind == "classification" or (classes and request.kind is None)
    if wanted != "number" and by_class:
        return label
    numbers = numbers_in(label)
    if wanted == "number" and numbers is None:
        raise UserError(f"The target '{label.name}' cannot be read as numbers.")
    complete = numbers is not None and not numbers.isna().any()
    return numbers if numbers is not None and complete else label


def _told(
    data: TabularDataset, reading: TableReading, left_out: dict[str, str], notes: tuple[str, ...]
) -> TabularDataset:
    """Return the data set with the account of how it was read."""
    by_kind: dict[str, list[str]] = {}
    for column in reading.columns:
        by_kind.setdefault(column.reading.kind, []).append(column.name)
    what = "numbers" if data.n_classes is None else counted(data.n_classes, "class", "classes")
    suspect = suspicious_feature(data)
    warning = (
        f"'{suspect}' alone tells '{data.target_name}' almost without error, and no other column "
        f"does; if it is not known when you predict, leave it out with `drop={suspect}`.",
    )
    intake = Intake(
        name=data.name,
        size=counted(data.n_rows, "row"),
        target=f"'{data.target_name}', {what}",
        columns=by_kind,
        left_out=left_out,
        notes=notes,
        warnings=() if suspect is None else warning,
    )
    return replace(data, intake=intake)
