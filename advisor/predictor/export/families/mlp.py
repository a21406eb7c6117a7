"""Models of tables."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, cast

from advisor.data.preparation.stored import level_of
from advisor.data.reading.columns import CategoryColumn, DateColumn
from advisor.predictor.export.families.base import COMMON, PARTS, FamilyExport, Trained, folds_of
from knowledge_base.types import Config, JsonObject

if TYPE_CHECKING:
    from advisor.data import PreparedData
    from advisor.data.reading.table import Column, TableReading

BY_KIND = {
    "numbers": ("advisor.data.written", f"{PARTS}numbers"),
    "categories": ("advisor.data.spellings", f"{PARTS}categories"),
    "dates": (f"{PARTS}dates",),
    "texts": ("advisor.data.words", "advisor.data.buckets", f"{PARTS}phrases"),
}
"""Pieces that read a kind of column."""

OLDER = {"block": "plain", "embedding": "off", "numeric": "plain"}
"""What configurations of older versions lack, and what they mean."""

SOME_DAY = datetime(2024, 1, 31, 14, 30)
"""The date of examples."""


class MLPExport(FamilyExport):
    """Columns as they were read, their preparation, and a perceptron."""

    rows = (
        "a list of dicts, from names of columns to raw values, or a dict of columns. `None` is a "
        "missing value; a category that is new counts as a rare one. Dates are texts such as "
        "2024-01-31, texts in the form of the training data, or datetimes"
    )

    def pieces(self, preparation: JsonObject) -> Sequence[str]:
        """Return the pieces: readers of those kinds of columns alone that there are."""
        kinds = dict.fromkeys(column["kind"] for column in preparation["columns"])
        readers = [piece for kind in kinds for piece in BY_KIND[kind]]
        return [*COMMON, f"{PARTS}cells", *readers, f"{PARTS}tables", f"{PARTS}perceptron"]

    def form(self, seen: "PreparedData") -> JsonObject:
        """Return the columns after preparation, and which are groups of indicators."""
        groups = [list(group) for group in seen.categories]
        return {"n_inputs": seen.n_inputs, "n_outputs": seen.n_outputs, "groups": groups}

    def preparation(self, trained: Trained) -> JsonObject:
        """Return how columns are read, and what was learnt of them in each fold."""
        columns = [_column(column) for column in _reading(trained).columns]
        return {"columns": columns, "folds": folds_of(trained)}

    def example(self, trained: Trained) -> object:
        """Return one row."""
        return [{column.name: _example(column) for column in _reading(trained).columns}]

    def config(self, config: Config) -> Config:
        """Return a configuration with what older ones lack."""
        return {**OLDER, **config}


def _reading(trained: Trained) -> "TableReading":
    return cast("TableReading", trained.reading)


def _column(column: "Column") -> JsonObject:
    reading = column.reading.to_dict()
    if isinstance(column.reading, CategoryColumn):
        reading["levels"] = [level_of(level) for level in column.reading.levels]
    return {
        "name": column.name,
        "kind": column.reading.kind,
        "reading": reading,
        "features": dict(column.features),
    }


def _example(column: "Column") -> object:
    """Return a cell that may stand in a column."""
    reading = column.reading
    if isinstance(reading, CategoryColumn):
        return level_of(reading.levels[0]) if len(reading.levels) else None
    if isinstance(reading, DateColumn):
        written = reading.form.points.format if reading.form.points else None
        day = SOME_DAY.strftime(written) if written else str(SOME_DAY)
        return {"clock": "14:30", "points": day}.get(reading.form.what)
    return 1.5 if reading.kind == "numbers" else "some words"
