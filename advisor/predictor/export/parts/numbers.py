"""Columns of numbers, also money and the like."""

import math

from advisor.data.written import WrittenForm
from advisor.predictor.export.parts.cells import READERS, Cells, is_missing, wrong_cell
from advisor.predictor.export.parts.files import Json


def read_numbers(column: Json, cells: Cells) -> dict[str, list[object]]:
    """Return floats, NaN for what is missing."""
    given = column["reading"]["form"]
    form = WrittenForm(
        given["decimal"], frozenset(given["units"]), given["several"], given["currency"]
    )
    # A column with texts is one of texts; these tell together which mark is the decimal one.
    by_text = any(isinstance(cell, str) for cell in cells)
    texts = sorted({str(cell) for cell in cells if not is_missing(cell)}) if by_text else []
    written = dict(zip(texts, form.values(texts), strict=True))
    found: list[object] = []
    for cell in cells:
        number: float | None = None
        if is_missing(cell):
            number = math.nan
        elif by_text:
            number = written[str(cell)]
        elif isinstance(cell, int | float):
            number = float(cell)
        if number is None or math.isinf(number):
            raise wrong_cell(column, cell, "it held finite numbers in training")
        found.append(number)
    return {"": found}


READERS["numbers"] = read_numbers
