"""Columns of a table: what each was read as, so that new cells are read as that."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import pandas as pd

from advisor.data.amounts import AmountForm
from advisor.data.cells import CELLS, all_scalars, cells_of, unpacked, unreadable
from advisor.data.dates import DateForm
from advisor.data.phrases import PARTS as PHRASE_PARTS
from advisor.data.phrases import phrase_columns
from advisor.data.reading import forms
from advisor.data.reading.levels import levels_from, levels_to_dict
from advisor.data.reading.strict import Fields
from advisor.data.spellings import other_spellings
from knowledge_base.types import JsonObject

PLAIN = AmountForm()
"""The form of plain numbers."""

Columns = dict[str, pd.Series]
"""What a column becomes: columns by the ends of their names, "" for the name itself."""


@dataclass(frozen=True)
class ColumnReading(ABC):
    """How one column is read.

    Attributes:
        cells: of which of `CELLS` it was, before it was read.
    """

    cells: str

    kind: ClassVar[str]
    """What it was read as, one of the kinds of an `Intake`."""

    @property
    def literal(self) -> bool:
        """Whether its cells are texts, as which they are to be read from files without types."""
        return self.cells == "texts"

    @property
    @abstractmethod
    def ends(self) -> tuple[str, ...]:
        """The ends of the names of what it becomes."""

    @abstractmethod
    def read(self, column: pd.Series) -> Columns:
        """Return what a column becomes, each cell by itself.

        Raises:
            UnreadableError: a cell is not what the column holds.
        """

    @abstractmethod
    def to_dict(self) -> JsonObject:
        """Return it as plain JSON."""

    @classmethod
    @abstractmethod
    def from_fields(cls, fields: Fields) -> Self:
        """Return what `to_dict` wrote.

        Raises:
            NotAReadingError: it did not write that.
        """


@dataclass(frozen=True)
class NumberColumn(ColumnReading):
    """Numbers, also money and the like.

    Attributes:
        form: how texts are read as numbers.
    """

    form: AmountForm = PLAIN

    kind: ClassVar[str] = "numbers"

    @property
    def ends(self) -> tuple[str, ...]:
        """The name itself."""
        return ("",)

    def read(self, column: pd.Series) -> Columns:
        """Return float64; True is 1."""
        column = unpacked(column)
        cells = cells_of(column)
        if cells in ("numbers", "truths"):
            return {"": column.astype("float64")}
        if cells != "texts" or not all_scalars(column):
            raise unreadable(column, column.notna())
        return {"": self.form.read(column)}

    def to_dict(self) -> JsonObject:
        """Return it as plain JSON."""
        return {"cells": self.cells, "form": forms.amount_to_dict(self.form)}

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        """Return what `to_dict` wrote."""
        return cls(fields.text("cells", CELLS), forms.amount_from(fields.inner("form")))


@dataclass(frozen=True, eq=False)
class CategoryColumn(ColumnReading):
    """Categories.

    Attributes:
        levels: those of the training, in their order.
        ordered: whether that order means something.
    """

    levels: pd.Index
    ordered: bool = False

    kind: ClassVar[str] = "categories"

    @property
    def ends(self) -> tuple[str, ...]:
        """The name itself."""
        return ("",)

    @property
    def of_texts(self) -> bool:
        """Whether the levels are texts."""
        return all(isinstance(level, str) for level in self.levels)

    def read(self, column: pd.Series) -> Columns:
        """Return `category` with the levels of the training.

        What is none of them becomes a level behind these, so that it is unknown and not missing.
        """
        column = unpacked(column)
        cells = cells_of(column)
        strange = cells in ("dates", "others")
        if cells != self.cells if strange else not all_scalars(column):
            raise unreadable(column, column.notna())
        as_texts = self.of_texts and not strange
        values = column.astype("string") if as_texts else column
        codes, distinct = pd.factorize(values.astype("object"))
        find = _Finder(self, exactly=cells == self.cells == "texts")
        places = np.array([*map(find.place, distinct), -1], dtype=np.int64)
        kind = pd.CategoricalDtype(find.levels(), ordered=self.ordered)
        found = pd.Categorical.from_codes(places[codes], dtype=kind)
        return {"": pd.Series(found, index=column.index, name=column.name)}

    def unknown(self, column: pd.Series) -> list[object]:
        """Return what `read` found that was no level in training."""
        return list(column.cat.categories[len(self.levels) :])

    def to_dict(self) -> JsonObject:
        """Return it as plain JSON."""
        levels = levels_to_dict(self.levels)
        return {"cells": self.cells, "levels": levels, "ordered": self.ordered}

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        """Return what `to_dict` wrote."""
        cells = fields.text("cells", CELLS)
        return cls(cells, levels_from(fields.inner("levels")), fields.flag("ordered"))


class _Finder:
    """Finds the levels of cells, in whatever type these come now; knows the unknown ones."""

    def __init__(self, column: CategoryColumn, exactly: bool) -> None:
        self.column, self.exactly = column, exactly
        self.known = {level: place for place, level in enumerate(column.levels)}
        self.texts = {str(level): place for place, level in enumerate(column.levels)}
        self.new: dict[object, int] = {}

    def place(self, cell: object) -> int:
        """Return the place of a cell among the levels, one behind them if it is unknown."""
        if cell in self.known:
            return self.known[cell]
        for other in () if self.exactly else other_spellings(cell):
            if other in self.known:
                return self.known[other]
        text = str(cell)
        if not self.exactly and text in self.texts:
            return self.texts[text]
        if isinstance(cell, float) and cell.is_integer():
            text = str(int(cell))
        return self.new.setdefault(text, len(self.known) + len(self.new))

    def levels(self) -> pd.Index:
        """Return the levels of the training, and the unknown ones behind them."""
        levels = self.column.levels
        if not self.new:
            return levels
        kind = levels.dtype if self.column.of_texts else "object"
        return pd.Index([*levels, *self.new], dtype=kind)


@dataclass(frozen=True)
class DateColumn(ColumnReading):
    """Dates, times of the day or durations.

    Attributes:
        form: how they are read, and what of them is used.
    """

    form: DateForm

    kind: ClassVar[str] = "dates"

    @property
    def ends(self) -> tuple[str, ...]:
        """The parts of a date that are used."""
        return self.form.parts

    def read(self, column: pd.Series) -> Columns:
        """Return parts as float64."""
        column = unpacked(column)
        cells = cells_of(column)
        if column.isna().all():
            return {end: pd.Series(np.nan, column.index, dtype="float64") for end in self.ends}
        if cells == self.cells == "numbers":
            column = digits(column)
        elif cells not in ("texts", "dates"):
            raise unreadable(column, column.notna())
        return self.form.read(column)

    def to_dict(self) -> JsonObject:
        """Return it as plain JSON."""
        return {"cells": self.cells, "form": forms.date_to_dict(self.form)}

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        """Return what `to_dict` wrote."""
        return cls(fields.text("cells", CELLS), forms.date_from(fields.inner("form")))


@dataclass(frozen=True)
class PhraseColumn(ColumnReading):
    """Short texts.

    Attributes:
        by_runs: whether runs of characters are counted, not words.
        fractions: whether its cells were numbers with a decimal point, as whole ones have too.
    """

    by_runs: bool
    fractions: bool = False

    kind: ClassVar[str] = "texts"

    @property
    def ends(self) -> tuple[str, ...]:
        """The columns of hashed words, and their number."""
        return PHRASE_PARTS

    def read(self, column: pd.Series) -> Columns:
        """Return counts as float64; a missing text counts as an empty one."""
        column = unpacked(column)
        cells = cells_of(column)
        if not all_scalars(column) or (cells in ("dates", "others") and cells != self.cells):
            raise unreadable(column, column.notna())
        if cells == self.cells == "numbers":
            column = column.astype("float64") if self.fractions else digits(column)
        return phrase_columns(column, self.by_runs)

    def to_dict(self) -> JsonObject:
        """Return it as plain JSON."""
        return {"cells": self.cells, "by_runs": self.by_runs, "fractions": self.fractions}

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        """Return what `to_dict` wrote."""
        cells = fields.text("cells", CELLS)
        return cls(cells, fields.flag("by_runs"), fields.flag("fractions"))


def digits(column: pd.Series) -> pd.Series:
    """Return numbers as texts, whole ones without a decimal point."""
    known = column.dropna()
    whole = bool((known == known.round()).all())
    plain = column.astype("float64").astype("Int64") if whole else column
    return plain.astype("string").astype("object")


COLUMNS: dict[str, type[ColumnReading]] = {
    "numbers": NumberColumn,
    "categories": CategoryColumn,
    "dates": DateColumn,
    "texts": PhraseColumn,
}
"""All readings of columns by what the columns are read as."""
