"""Labelled texts: one column of texts, one of classes."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd

from advisor.data.cells import all_scalars
from advisor.data.dataset import Dataset, digest_of, with_groups
from advisor.data.groups import groups_of, told_of
from advisor.data.inference import check_columns, check_rows, class_target, target_column
from advisor.data.intake import Intake, beside, counted
from advisor.data.reading.base import Reading
from advisor.data.reading.target import target_reading
from advisor.data.reading.text import TextReading
from advisor.data.request import DataRequest
from advisor.data.tables import with_target_only
from knowledge_base.errors import UserError


@dataclass(frozen=True)
class TextDataset(Dataset):
    """Texts with classes.

    Attributes:
        texts: none empty, shape (n,).
        target: classes as `category`, one per text.
        groups: of each text, with the name of their column; texts of one are not split apart.
    """

    modality: ClassVar[str] = "text"

    name: str
    texts: pd.Series
    target: pd.Series
    target_name: str
    kind: str = "classification"
    source: str | None = None
    licence: str | None = None
    intake: Intake | None = field(default=None, compare=False, repr=False)
    reading: Reading[pd.Series] | None = field(default=None, compare=False, repr=False)
    groups: pd.Series | None = field(default=None, compare=False, repr=False)

    @property
    def predicted(self) -> str:
        """The target, and by what texts are grouped."""
        return with_groups(self.target_name, self.groups)

    @property
    def n_rows(self) -> int:
        """Number of texts."""
        return len(self.texts)

    @property
    def n_features(self) -> int:
        """One: the text."""
        return 1

    @property
    def n_classes(self) -> int | None:
        """Number of classes."""
        return int(self.target.nunique())

    @cached_property
    def fingerprint(self) -> str:
        """Digest of texts and classes, whatever the order of the rows."""
        rows = sorted(
            f"{text}\x00{label}" for text, label in zip(self.texts, self.target, strict=True)
        )
        if self.groups is not None:  # What is split otherwise is another data set.
            rows = sorted(
                f"{text}\x00{label}\x00{group}"
                for text, label, group in zip(self.texts, self.target, self.groups, strict=True)
            )
            rows.append(f"grouped by {self.groups.name}")
        return digest_of([b"text", *(row.encode("utf-8", "replace") for row in rows)])


def to_texts(
    frame: pd.DataFrame, request: DataRequest, name: str, source: str, licence: str | None
) -> TextDataset:
    """Return the texts and classes of a frame.

    Raises:
        UserError: no such columns, empty texts, too few rows, or a class with too few.
    """
    frame = frame.rename(columns=str)
    check_columns(frame.columns, name)
    target = target_column(frame, request.target, name)
    check_rows(frame, name)
    frame, notes = with_target_only(frame, target, name)
    check_rows(frame, name)
    groups = groups_of(frame, request, target, name) if request.group is not None else None
    if groups is not None:
        frame = frame.drop(columns=str(groups.name))
    text = _text_column(frame, request.text, target, name)
    texts = frame[text].reset_index(drop=True)
    if not all_scalars(texts):
        raise UserError(f"The column '{text}' of {name} holds lists or bytes, not texts.")
    empty = np.flatnonzero(texts.isna() | texts.map(_is_blank))
    if len(empty):
        count = "1 empty text" if len(empty) == 1 else f"{len(empty)} empty texts"
        raise UserError(
            f"The column '{text}' of {name} has {count}, the first in data row {empty[0] + 1}; "
            "fill in or drop these rows."
        )
    if request.kind not in (None, "classification"):
        raise UserError("Texts are classified; `kind=regression` is not supported for them.")
    label = class_target(frame[target].reset_index(drop=True), name)
    plain = texts.astype("string").astype("object")
    intake = Intake(
        name=name,
        size=counted(len(plain), "text"),
        target=f"'{target}', {counted(label.nunique(), 'class', 'classes')}",
        columns={"texts": [text]},
        left_out={**told_of(groups), **beside(frame.columns, (text, target))},
        notes=notes,
    )
    wanted = target_reading(label, target, "classification", frame[target])
    return TextDataset(
        name, plain, label, target, "classification", source, licence, intake,
        TextReading(wanted, text), groups,
    )  # fmt: skip


def _is_blank(text: object) -> bool:
    return not str(text).strip()


def _text_column(frame: pd.DataFrame, text: str | None, target: str, name: str) -> str:
    if text is not None:
        if text == target:
            raise UserError(f"`text` and `target` are both '{text}'; they must differ.")
        return target_column(frame, text, name)
    found = [
        column
        for column in frame.columns
        if column != target and pd.api.types.infer_dtype(frame[column], skipna=True) == "string"
    ]
    if len(found) == 1:
        return found[0]
    shown = ", ".join(frame.columns)
    raise UserError(f"Say which column of {name} holds the texts with `text`. It has: {shown}.")
