"""Types of feature columns: numeric, categorical, or refused with a reason."""

import numpy as np
import pandas as pd

from advisor.data.cells import DATES, all_scalars, cells_of
from advisor.data.dates import look_like_dates
from advisor.data.reading.columns import CategoryColumn, NumberColumn
from knowledge_base.errors import UserError

FEW_CATEGORIES = 20
"""Number of different texts up to which a column is one of categories, however long they are."""
MAX_CATEGORY_SHARE = 0.5
"""Share of the rows; a column with more different texts than that is not one of categories."""
MAX_CATEGORY_LENGTH = 30
"""Mean number of characters beyond which many different texts are free text."""

_NUMBERS = frozenset({"integer", "floating", "decimal", "mixed-integer-float"})
_CATEGORIES = frozenset({"string", "boolean", "mixed-integer", "mixed", "categorical"})


def typed(column: pd.Series, where: str) -> pd.Series:
    """Return a feature as float64 or `category`; missing values stay missing.

    Raises:
        UserError: as `plain_reading` has it.
    """
    return plain_reading(column, where).read(column)[""]


def plain_reading(column: pd.Series, where: str) -> NumberColumn | CategoryColumn:
    """Return how a column of numbers or categories is read.

    Args:
        column: as it was read.
        where: how errors call the data set.

    Raises:
        UserError: dates, free text, identifiers, or cells that are lists and the like.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        return category_reading(column)
    found = pd.api.types.infer_dtype(column, skipna=True)
    if found in _NUMBERS or found == "empty":
        return NumberColumn("numbers")
    if found in DATES or (found == "string" and look_like_dates(column)):
        raise UserError(
            f"The column '{column.name}' of {where} holds dates or times. To forecast a time "
            f"series, name it with `time={column.name}`; else turn it into numbers (such as days "
            "since a start) or drop it."
        )
    if found not in _CATEGORIES or not all_scalars(column):
        raise UserError(
            f"The column '{column.name}' of {where} holds values that are neither numbers nor "
            f"texts ({found}); drop it."
        )
    if found == "boolean":
        return category_reading(column.astype("object").astype("category"))
    _check_categories(column, where)
    return text_levels(column)


def category_reading(column: pd.Series) -> CategoryColumn:
    """Return how a column that is of categories already is read; unused levels do not count."""
    used = column.cat.remove_unused_categories()
    return CategoryColumn(cells_of(used), used.cat.categories, bool(used.cat.ordered))


def text_levels(column: pd.Series) -> CategoryColumn:
    """Return how a column is read whose cells become categories as texts."""
    texts = column.astype("string").astype("object").astype("category")
    return CategoryColumn(cells_of(column), texts.cat.categories)


def check_infinities(frame: pd.DataFrame, where: str) -> None:
    """Refuse numeric columns with infinite values.

    Raises:
        UserError: names the column and how many there are.
    """
    for name in frame.columns:
        if pd.api.types.is_float_dtype(frame[name]):
            count = int(np.isinf(frame[name].to_numpy(dtype=float, na_value=np.nan)).sum())
            if count:
                values = "1 infinite value" if count == 1 else f"{count} infinite values"
                raise UserError(
                    f"The column '{name}' of {where} has {values}; replace by a number or leave "
                    "the cell empty."
                )


def _check_categories(column: pd.Series, where: str) -> None:
    known = column.dropna().astype("string")
    distinct = known.nunique()
    if distinct <= FEW_CATEGORIES:
        return
    if distinct == len(known):
        what = f"a different text in each of {distinct} rows, as identifiers and free text have"
    elif distinct > MAX_CATEGORY_SHARE * len(known) or known.str.len().mean() > MAX_CATEGORY_LENGTH:
        what = f"{distinct} different texts in {len(known)} rows"
    else:
        return
    raise UserError(
        f"Tables have no text columns: '{column.name}' of {where} has {what}. To classify "
        f"texts, name it with `text={column.name}`; else drop it or turn it into categories."
    )
