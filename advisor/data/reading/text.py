"""Texts: new ones from the column that was trained on."""

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from advisor.data.cells import all_scalars
from advisor.data.inference import check_columns
from advisor.data.intake import Intake, beside, counted
from advisor.data.names import with_plain_names
from advisor.data.reading.base import NewRows, Reading, described
from advisor.data.reading.strict import Fields
from advisor.data.reading.table import check_there, read_target
from advisor.data.reading.target import TargetReading
from advisor.data.request import DataRequest
from advisor.data.sources import RawTable, open_rows
from knowledge_base.errors import UserError
from knowledge_base.types import JsonObject


@dataclass(frozen=True)
class TextReading(Reading[pd.Series]):
    """How texts were read.

    Attributes:
        target: their classes.
        text: the column with the texts.
    """

    target: TargetReading
    text: str

    modality: ClassVar[str] = "text"

    def read(self, source: object) -> NewRows[pd.Series]:
        """Return new texts, shape (n,); one that is missing is an empty text.

        A list or a single column without a name holds the texts themselves.

        Raises:
            UserError: as `Reading.read` has it.
        """
        literal = (self.target.name,) if self.target.column.literal else ()
        request = DataRequest(
            target=self.target.name, text=self.text, literal=literal, labelled=False
        )
        raw = open_rows(source, request)
        if not isinstance(raw, RawTable):
            raise UserError(f"{raw.name} holds images; texts were trained on.")
        frame = with_plain_names(raw.frame)
        if frame.shape[1] == 1 and isinstance(source, list | tuple | pd.Series):
            frame.columns = [self.text]
        check_columns(frame.columns, raw.name)
        check_there(frame, [(self.text, "texts")], raw.name)
        if frame.empty:
            raise UserError(f"{raw.name} has no rows below its header.")
        column = frame[self.text]
        if not all_scalars(column):
            raise UserError(f"The column '{self.text}' of {raw.name} holds no texts.")
        texts = column.astype("string").fillna("").astype("object")
        empty = int((texts.str.strip() == "").sum())
        notes = (f"{counted(empty, 'text')} of '{self.text}' without any word.",) if empty else ()
        target, more = read_target(frame, self.target, raw.name)
        intake = Intake(
            name=raw.name,
            size=counted(len(texts), "text"),
            target=described(target, self.target.name),
            columns={"texts": [self.text]},
            left_out=beside(frame.columns, (self.text, self.target.name)),
            notes=(*raw.notes, *notes, *more),
        )
        return NewRows(texts, target, intake)

    def to_dict(self) -> JsonObject:
        """Return the reading as plain JSON."""
        return {"modality": self.modality, "target": self.target.to_dict(), "text": self.text}

    @classmethod
    def from_fields(cls, fields: Fields) -> "TextReading":
        """Return what `to_dict` wrote.

        Raises:
            NotAReadingError: it did not write that.
        """
        fields.text("modality", (cls.modality,))
        target = TargetReading.from_fields(fields.inner("target"))
        reading = cls(target, fields.text("text"))
        fields.done()
        if not target.classes or target.name == reading.text:
            raise fields.wrong("target", "has no classes, or is the column with the texts")
        return reading
