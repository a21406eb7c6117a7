"""Columns of short texts: their words are counted by a hash."""

import math

from advisor.data.buckets import BUCKETS, counts_of, runs_of
from advisor.data.words import words
from advisor.predictor.export.parts.cells import READERS, Cells, is_missing
from advisor.predictor.export.parts.files import Json


def read_phrases(column: Json, cells: Cells) -> dict[str, list[object]]:
    """Return the number of words of each text, and their counts divided by their length."""
    reading = column["reading"]
    lengths: list[object] = []
    rows = []
    for cell in cells:
        text = "" if is_missing(cell) else str(cell)
        if isinstance(cell, int | float) and text and reading["cells"] == "numbers":
            whole = float(cell).is_integer() and not reading["fractions"]
            text = str(int(cell)) if whole else str(float(cell))
        found = runs_of(text) if reading["by_runs"] else words(text)
        counts = counts_of(found)
        norm = math.sqrt(sum(count * count for count in counts)) or 1.0
        lengths.append(float(len(found)))
        rows.append([count / norm for count in counts])
    features: dict[str, list[object]] = {"length": lengths}
    for place in range(BUCKETS):
        features[f"words {place + 1}"] = [row[place] for row in rows]
    return features


READERS["texts"] = read_phrases
