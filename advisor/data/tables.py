"""From a user's table to a `TabularDataset`: which column is read as what.

What `to_dataset` takes is left to it. What it refuses is read here as people mean it: identifiers
and rows without a target are left out, dates become their parts, money and the like numbers, and
texts columns of hashed words. The data set says what was done in its `intake`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from advisor.data.amounts import amount_form, numbers_in
from advisor.data.cells import DATES, all_scalars, cells_of, unpacked
from advisor.data.columns import plain_reading, text_levels
from advisor.data.dataset import TabularDataset
from advisor.data.dates import date_form, may_be_dates
from advisor.data.identifiers import are_codes, identifier
from advisor.data.inference import (
    MIN_PER_CLASS,
    check_columns,
    check_rows,
    target_column,
    to_dataset,
)
from advisor.data.intake import Intake, counted
from advisor.data.phrases import made_of_codes
from advisor.data.reading.columns import (
    CategoryColumn,
    ColumnReading,
    DateColumn,
    NumberColumn,
    PhraseColumn,
    digits,
)
from advisor.data.reading.table import Column, TableReading
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
    identifiers = _identifiers(frame, target, (*request.keep, *request.as_types))
    frame, notes = with_target_only(frame, target, name)
    label = _target(frame[target], request)
    found = _Decisions(name, request, left_out=identifiers)
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
    data = replace(data, reading=reading)
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


@dataclass
class _Decisions:
    """Decides column by column as what the features of a table are read.

    Attributes:
        where: the display name of the table.
        request: what the user said of single columns.
        columns: how those that are used are read.
        left_out: reasons by the names of the columns that are not.
        notes: sentences on columns that might be meant otherwise.
    """

    where: str
    request: DataRequest
    columns: list[Column] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def decide(self, column: pd.Series) -> None:
        """Decide about one column.

        Raises:
            UserError: it is not what the user says it is, or nothing that is known.
        """
        name = str(column.name)
        wanted = self.request.as_types.get(name)
        if wanted is not None:
            found = _AS[wanted](column)
            if found is None:
                raise UserError(f"The column '{name}' of {self.where} cannot be read as {wanted}.")
            self._use(name, found)
            return
        try:
            plain = plain_reading(column, self.where)
        except UserError as refusal:
            self._decide_otherwise(column, refusal)
            return
        self._use(name, plain)
        if isinstance(plain, CategoryColumn) and _could_be_numbers(plain.levels):
            self.notes.append(
                f"'{name}' is read as categories; to read it as numbers, say "
                f"`as_types={name}=number`."
            )

    def _decide_otherwise(self, column: pd.Series, refusal: UserError) -> None:
        """Decide about what is neither numbers nor categories as they stand."""
        name = str(column.name)
        found = _as_date(column) or _as_number(column)
        if found is not None:
            self._use(name, found)
            return
        if pd.api.types.infer_dtype(column, skipna=True) in _NO_TEXTS or not all_scalars(column):
            raise UserError(f"{str(refusal).rstrip('.')}, as with `drop={name}`.") from refusal
        if name not in self.request.keep and are_codes(column):
            self.left_out[name] = "an identifier, another in each row"
            return
        self._use(name, _text(column))

    def _use(self, name: str, reading: ColumnReading) -> None:
        taken = {self.request.target}.union(*(column.features.values() for column in self.columns))
        features = {}
        for end in reading.ends:
            full = f"{name} {end}".strip() if end else name
            while full in taken:
                full += "_"
            features[end] = full
        self.columns.append(Column(name, reading, features))

    def used(self, features: pd.DataFrame) -> tuple[Column, ...]:
        """Return the columns of which something is among the features, and what that is."""
        kept = set(features.columns)
        some = [
            replace(column, features={end: n for end, n in column.features.items() if n in kept})
            for column in self.columns
        ]
        return tuple(column for column in some if column.features)

    def reasons(self, features: pd.DataFrame) -> dict[str, str]:
        """Return why columns are not used, by name; those without any value come last."""
        used = {column.name for column in self.used(features)}
        empty = [column.name for column in self.columns if column.name not in used]
        return {**self.left_out, **dict.fromkeys(empty, "without any value")}


_NO_TEXTS = frozenset({"bytes", "complex", "interval"}) | DATES


def _as_date(column: pd.Series) -> ColumnReading | None:
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind in DATES or (kind == "string" and may_be_dates(column)):
        return _date(column)
    return None


def _as_number(column: pd.Series) -> ColumnReading | None:
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind not in ("string", "mixed-integer", "mixed") or not all_scalars(column):
        return None
    return _number(column)


def _number(column: pd.Series) -> ColumnReading | None:
    form = amount_form(column)
    return None if form is None else NumberColumn(cells_of(column), form)


def _date(column: pd.Series) -> ColumnReading | None:
    form = date_form(column)
    return None if form is None else DateColumn(cells_of(column), form)


def _text(column: pd.Series) -> ColumnReading:
    cells = cells_of(column)
    fractions = cells == "numbers" and pd.api.types.is_float_dtype(column)
    return PhraseColumn(cells, made_of_codes(column), fractions)


def _said_number(column: pd.Series) -> ColumnReading | None:
    if pd.api.types.is_numeric_dtype(column):
        return NumberColumn(cells_of(column))
    return _number(column.astype("string").astype("object"))


def _said_date(column: pd.Series) -> ColumnReading | None:
    column = unpacked(column)
    if not pd.api.types.is_numeric_dtype(column):
        return _date(column)
    form = date_form(digits(column))  # 20240131 is a date, too
    return None if form is None else DateColumn(cells_of(column), form)


def _said_category(column: pd.Series) -> ColumnReading | None:
    return text_levels(column) if all_scalars(column) else None


def _said_text(column: pd.Series) -> ColumnReading | None:
    return _text(column) if all_scalars(column) else None


def _could_be_numbers(found: pd.Index) -> bool:
    """Return whether categories are money and the like; plain digits are categories on purpose."""
    levels = pd.Series(found.astype(str))
    marked = levels.map(lambda level: not level.strip().isdecimal())
    return bool(len(levels) > 2 and marked.any()) and amount_form(levels) is not None


_AS: dict[str, Callable[[pd.Series], ColumnReading | None]] = {
    "category": _said_category,
    "number": _said_number,
    "date": _said_date,
    "text": _said_text,
}
