"""Columns that tell rows apart and nothing else: saved indices and identifiers.

A network that gets the number of a row learns the order of the file: where rows are sorted by what
is to be predicted, it looks perfect and knows nothing.
"""

import re

import numpy as np
import pandas as pd

from advisor.data.amounts import numbers_in

MOST_RUNS = 0.02
"""Share of the rows of a saved index at which its numbers may start anew."""

_UNNAMED = re.compile(r"\s*|Unnamed: \d+(\.\d+)*|__index_level_\d+__|\.\.\.\d+")
_COUNTERS = frozenset({
    "index", "level0", "idx", "row", "rows", "rownames", "rowname", "rowid", "rownum", "rownumber",
    "rownr", "rowno", "rownumbers", "no", "nr", "num", "number", "obs", "obsno", "observation",
    "observationnumber", "record", "recordnumber", "recno", "recordno", "sno", "srno", "slno",
    "serialno", "serialnumber", "case", "caseno", "casenumber", "sample", "sampleno",
    "samplenumber", "instance", "line", "lineno", "linenumber", "seq", "sequence", "#",
})  # fmt: skip
"""Names, without spaces and signs, of columns that are left out where they count rows."""

_NAMES = frozenset({
    "id", "ids", "uid", "uuid", "guid", "identifier", "identifiers", "key", "primarykey", "pk",
    "index", "level0", "idx", "rownum", "rownumber", "hash", "rownames", "rowname", "rowid",
    "recordid", "sampleid", "objectid", "instanceid",
})  # fmt: skip
"""Names, without spaces and signs, of columns that are left out where each value is there once."""

_OF_WHOM = "|".join((
    "account", "app", "applicant", "case", "client", "customer", "device", "employee", "house",
    "invoice", "item", "listing", "loan", "member", "order", "passenger", "patient",
    "person", "policy", "product", "respondent", "row", "sample", "session", "student", "subject",
    "ticket", "transaction", "trip", "user",
))  # fmt: skip
_ENDS_AS_NAME = re.compile(
    r".*[_\s.-](id|uuid|guid|identifier|key)|.*[a-z](I[dD]|U?UID)|(id|ID|Id)[_\s.-].*"
    rf"|(?:{_OF_WHOM})_?id"
)
_CODE = re.compile(r"(?=.*[\d@])[!-~]{1,64}")


def identifier(column: pd.Series, first: bool) -> str | None:
    """Return why a column tells rows apart and nothing else, None if it may tell more.

    Columns whose names are not telling are never left out.

    Args:
        column: as it was read; its name counts.
        first: whether it is the first column of its table.
    """
    name = str(column.name)
    if len(column) < 2 or column.isna().any():
        return None
    numbers = _whole_numbers(column)
    plain = re.sub(r"[\s_.-]", "", name.lower())
    unnamed = _UNNAMED.fullmatch(name) is not None
    if numbers is not None:
        if unnamed and first and _counts_rows(numbers):
            return "a saved index"
        if plain in ("index", "level0") and column.is_unique:
            return "a saved index"
        if (unnamed or plain in _COUNTERS) and _in_steps(numbers):
            return "a saved index" if unnamed else "it counts the rows"
        if name == "X" and first and (numbers == np.arange(1, len(numbers) + 1)).all():
            return "a saved index"  # as R calls one that had no name
    elif pd.api.types.infer_dtype(column) not in ("string", "categorical"):
        return None
    elif unnamed and first and column.is_unique:
        return "names of the rows"
    if (plain in _NAMES or _ENDS_AS_NAME.fullmatch(name)) and column.is_unique:
        return "an identifier, another in each row"
    return None


def are_codes(column: pd.Series) -> bool:
    """Return whether texts are codes: each is one word with a digit or an @, and there once."""
    texts = column.dropna().astype(str).str.strip()
    return bool(
        len(texts) > 1
        and texts.is_unique
        and texts.map(lambda text: _CODE.fullmatch(text) is not None).all()
        and not texts.map(lambda text: numbers_in(pd.Series([text])) is not None).all()
    )


def _whole_numbers(column: pd.Series) -> np.ndarray | None:
    """Return whole numbers as float64, None if the column holds others or none."""
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return None
    numbers: np.ndarray = column.to_numpy(dtype=float)
    whole = np.isfinite(numbers).all() and (numbers == np.rint(numbers)).all()
    return numbers if whole else None


def _counts_rows(numbers: np.ndarray) -> bool:
    """Return whether whole numbers are those of a saved index, in whole or in part."""
    if numbers.min() < 0:
        return False
    if len(np.unique(numbers)) == len(numbers):
        return True
    anew = int((np.diff(numbers) != 1).sum())  # frames that were put below each other
    return anew <= max(MOST_RUNS * len(numbers), 1)


def _in_steps(numbers: np.ndarray) -> bool:
    """Return whether whole numbers, once sorted, are all different and in steps of one width."""
    steps = np.diff(np.sort(numbers))
    return bool((steps > 0).all() and (steps == steps[0]).all())
