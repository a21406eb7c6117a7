"""Columns of categories."""

from typing import TypeAlias

from advisor.data.spellings import other_spellings
from advisor.predictor.export.parts.cells import READERS, Cells, is_missing
from advisor.predictor.export.parts.files import Json

Level: TypeAlias = str | bool | int | float


class Unknown:
    """A category that training had not."""


UNKNOWN_CATEGORY = Unknown()


def read_categories(column: Json, cells: Cells) -> dict[str, list[object]]:
    """Return the categories of the training, None for what is missing, or the unknown one."""
    levels: list[Level] = column["reading"]["levels"]
    known = {level: level for level in levels}
    texts = {str(level): level for level in levels}
    as_texts = all(isinstance(level, str) for level in levels)
    # Texts are compared as they are where training had texts; else 1.0 may stand for "1".
    exactly = column["reading"]["cells"] == "texts" and any(isinstance(c, str) for c in cells)
    found: list[object] = []
    for cell in cells:
        if is_missing(cell):
            found.append(None)
            continue
        plain = cell if isinstance(cell, str | bool | int | float) and not as_texts else str(cell)
        names = [plain, *(() if exactly else other_spellings(plain))]
        level = next((known[name] for name in names if name in known), None)
        if level is None:
            text = UNKNOWN_CATEGORY if exactly else texts.get(str(plain), UNKNOWN_CATEGORY)
            found.append(text)
        else:
            found.append(level)
    return {"": found}


READERS["categories"] = read_categories
