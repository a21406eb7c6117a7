"""Decides as what each column of a table is read.

Numbers and categories are read as they stand. Else dates become their parts, money and the like
numbers, and texts columns of hashed words; codes that are different in each row are left out.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pandas as pd

from advisor.data.amounts import amount_form
from advisor.data.cells import DATES, all_scalars, cells_of, unpacked
from advisor.data.columns import plain_reading, text_levels
from advisor.data.dates import date_form, may_be_dates
from advisor.data.identifiers import are_codes
from advisor.data.phrases import made_of_codes
from advisor.data.reading.columns import (
    CategoryColumn,
    ColumnReading,
    DateColumn,
    NumberColumn,
    PhraseColumn,
    digits,
)
from advisor.data.reading.table import Column
from advisor.data.request import DataRequest
from knowledge_base.errors import UserError


@dataclass
class Decisions:
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
