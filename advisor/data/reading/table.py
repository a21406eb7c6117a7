"""Tables: new rows as the columns that were trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from advisor.data.cells import UnreadableError, cells_of, unreadable
from advisor.data.inference import check_columns
from advisor.data.intake import KINDS, Intake, counted
from advisor.data.names import numbered_names, with_plain_names
from advisor.data.reading.base import NewRows, Reading, described
from advisor.data.reading.columns import COLUMNS, CategoryColumn, ColumnReading
from advisor.data.reading.strict import MAX_COLUMNS, Fields
from advisor.data.reading.target import TargetReading
from advisor.data.request import DataRequest
from advisor.data.sources import RawTable, open_rows
from knowledge_base.errors import UserError
from knowledge_base.naming import did_you_mean
from knowledge_base.types import JsonObject

SHOWN = 5
"""Names, or unknown categories, that a message lists."""

_NOW = {
    "texts": "texts", "numbers": "numbers", "truths": "truth values", "dates": "dates",
    "others": "values that are neither",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column of the training and what became of it.

    Attributes:
        name: of the column.
        reading: how it is read.
        features: the names of what it becomes that are used, by the ends of `reading`.
    """

    name: str
    reading: ColumnReading
    features: dict[str, str]

    def read(self, frame: pd.DataFrame) -> dict[str, pd.Series]:
        """Return the features of the column by their names.

        Raises:
            UnreadableError: a cell is not what the column holds.
        """
        found = self.reading.read(frame[self.name])
        return {name: found[end] for end, name in self.features.items()}

    def read_new(self, frame: pd.DataFrame, where: str) -> dict[str, pd.Series]:
        """Return the features of the column of new rows by their names.

        Raises:
            UserError: it is not what it was; says what it was and is.
        """
        column = frame[self.name]
        try:
            found = self.read(frame)
        except (UnreadableError, TypeError, ValueError) as error:
            what = error.found if isinstance(error, UnreadableError) else "cells of several types"
            raise UserError(
                f"The column '{self.name}' of {where} was read as {self.reading.kind} in training; "
                f"now it holds {_NOW[cells_of(column)]}, such as {what}, which cannot be read so."
            ) from error
        for part in found.values():
            if pd.api.types.is_float_dtype(part) and np.isinf(part).any():
                what = unreadable(column, np.isinf(part)).found
                raise UserError(
                    f"The column '{self.name}' of {where} holds an infinite number, {what}; "
                    "replace it, or leave it empty."
                )
        return found


@dataclass(frozen=True)
class TableReading(Reading[pd.DataFrame]):
    """How a table was read.

    Attributes:
        target: what is predicted.
        columns: those that were used, in the order of their features.
        left_out: names of those that were not.
    """

    target: TargetReading
    columns: tuple[Column, ...]
    left_out: tuple[str, ...] = ()

    modality: ClassVar[str] = "table"

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the columns of features in their order."""
        return tuple(name for column in self.columns for name in column.features.values())

    @property
    def request(self) -> DataRequest:
        """How sources are asked for new rows."""
        known = [(column.name, column.reading) for column in self.columns]
        literal = [name for name, reading in known if reading.literal]
        if self.target.column.literal:
            literal.append(self.target.name)
        return DataRequest(
            target=self.target.name, modality="table", literal=tuple(literal), labelled=False
        )

    def read(self, source: object) -> NewRows[pd.DataFrame]:
        """Return new rows as the features that were trained on.

        A category that training had not is a level behind the training's; numbers that are missing
        stay NaN. Columns that training had not are left out.

        Raises:
            UserError: as `Reading.read` has it; names the column, what it was and what it is.
        """
        raw = open_rows(source, self.request)
        if not isinstance(raw, RawTable):
            raise UserError(f"{raw.name} holds images; a table was trained on.")
        frame = self._of_an_array(with_plain_names(raw.frame))
        check_columns(frame.columns, raw.name)
        check_there(frame, [(c.name, c.reading.kind) for c in self.columns], raw.name)
        if frame.empty:
            raise UserError(f"{raw.name} has no rows below its header.")
        features = self.features_of(frame, raw.name)
        target, notes = read_target(frame, self.target, raw.name)
        return NewRows(features, target, self._told(frame, features, target, raw, notes))

    def _of_an_array(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the columns of an array as x0, x1 and so on, if an estimator was fitted on one."""
        places = [str(place) for place in range(frame.shape[1])]
        known = {*(column.name for column in self.columns), *self.left_out}
        numbered = numbered_names(frame.shape[1])
        if list(frame.columns) == places and known == set(numbered):
            return frame.set_axis(numbered, axis=1)
        return frame

    def features_of(self, frame: pd.DataFrame, where: str) -> pd.DataFrame:
        """Return the features of a frame that has all columns, by whatever names.

        Raises:
            UserError: a column is not what it was.
        """
        found: dict[str, pd.Series] = {}
        for column in self.columns:
            found |= column.read_new(frame, where)
        return pd.DataFrame(found, index=frame.index)

    def _told(
        self,
        frame: pd.DataFrame,
        features: pd.DataFrame,
        target: pd.Series | None,
        raw: RawTable,
        notes: Sequence[str],
    ) -> Intake:
        used = {column.name for column in self.columns} | {self.target.name}
        more = [name for name in frame.columns if name not in used]
        reasons = {
            name: "as in training" if name in self.left_out else "not there in training"
            for name in more
        }
        return Intake(
            name=raw.name,
            size=counted(len(frame), "row"),
            target=described(target, self.target.name),
            columns={
                kind: names
                for kind in KINDS
                if (names := [c.name for c in self.columns if c.reading.kind == kind])
            },
            left_out=reasons,
            notes=(*raw.notes, *notes, *self._unknown(features)),
        )

    def _unknown(self, features: pd.DataFrame) -> list[str]:
        """Return a sentence on each column with categories that training had not."""
        notes = []
        for column in self.columns:
            if not isinstance(column.reading, CategoryColumn):
                continue
            found = features[column.features[""]]
            unknown = column.reading.unknown(found)
            if unknown:
                rows = int(found.isin(unknown).sum())
                shown = ", ".join(f"'{level}'" for level in unknown[:SHOWN])
                more = ", ..." if len(unknown) > SHOWN else ""
                notes.append(
                    f"{counted(rows, 'row')} of '{column.name}' {'has' if rows == 1 else 'have'} a "
                    f"category that training had not ({shown}{more})."
                )
        return notes

    def to_dict(self) -> JsonObject:
        """Return the reading as plain JSON."""
        return {
            "modality": self.modality,
            "target": self.target.to_dict(),
            "columns": [
                {
                    "name": column.name,
                    "kind": column.reading.kind,
                    "reading": column.reading.to_dict(),
                    "features": dict(column.features),
                }
                for column in self.columns
            ],
            "left_out": list(self.left_out),
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> "TableReading":
        """Return what `to_dict` wrote.

        Raises:
            NotAReadingError: it did not write that.
        """
        fields.text("modality", (cls.modality,))
        target = TargetReading.from_fields(fields.inner("target"))
        columns = tuple(
            _column_from(Fields(item, "a column of the reading"))
            for item in fields.items("columns", MAX_COLUMNS)
        )
        reading = cls(target, columns, fields.texts("left_out", MAX_COLUMNS))
        fields.done()
        names = [column.name for column in columns]
        several = len(set(names)) < len(names) or len(set(reading.features)) < len(reading.features)
        if not columns or several or {target.name} & {*names, *reading.features}:
            raise fields.wrong("columns", "are none, or two of one name")
        if target.kind == "forecasting":
            raise fields.wrong("target", "is forecast, which a table is not")
        return reading


def _column_from(fields: Fields) -> Column:
    name = fields.text("name")
    kind = fields.text("kind", tuple(COLUMNS))
    inner = fields.inner("reading")
    reading = COLUMNS[kind].from_fields(inner)
    inner.done()
    named = fields.inner("features")
    features = {end: named.text(end) for end in reading.ends if end in named.found}
    named.done()
    fields.done()
    if not features or set(features) != set(named.found):
        raise fields.wrong("features", "are not what the column becomes")
    return Column(name, reading, features)


def check_there(frame: pd.DataFrame, needed: Sequence[tuple[str, str]], where: str) -> None:
    """Refuse rows that lack columns of the training, given by name with what they were.

    Raises:
        UserError: names them, and those that may be meant.
    """
    missing = [(name, kind) for name, kind in needed if name not in frame.columns]
    if not missing:
        return
    known = {name for name, _ in needed}
    more = [str(name) for name in frame.columns if name not in known]
    shown = ", ".join(f"'{name}' ({kind})" for name, kind in missing[:SHOWN])
    rest = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
    hint = did_you_mean(missing[0][0], more, "Add it, empty where nothing is known.", cutoff=0.6)
    raise UserError(
        f"{where} lacks {'a column' if len(missing) == 1 else 'columns'} of the training: "
        f"{shown}{rest}. {hint}"
    )


def read_target(
    frame: pd.DataFrame, target: TargetReading, where: str
) -> tuple[pd.Series | None, tuple[str, ...]]:
    """Return the target of new rows, None if they have none, and notes on it.

    Raises:
        UserError: it is not what it was in training.
    """
    if target.name not in frame.columns:
        return None, ()
    return target.read(frame[target.name], where)
