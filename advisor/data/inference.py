"""From a raw frame to a `TabularDataset`: types, target and what cannot be used."""

import difflib

import numpy as np
import pandas as pd

from advisor.data.dataset import TabularDataset
from knowledge_base.errors import UserError

MIN_ROWS = 10
MAX_INTEGER_CLASSES = 20
TEXT_LENGTH = 30
MAX_CATEGORY_SHARE = 0.5
MIN_PER_CLASS = 3


def to_dataset(
    frame: pd.DataFrame,
    target: str | None,
    kind: str | None,
    name: str,
    source: str,
    licence: str | None = None,
) -> TabularDataset:
    """Check a frame, infer its types and return the data set.

    Raises:
        UserError: no or unknown target, missing or constant target, infinities, text
            columns, too few rows or none, a class with too few rows.
    """
    frame = frame.rename(columns=str)
    _check_shape(frame, name)
    target = _target_name(frame, target, name)
    label = frame[target]
    _check_target(label, name)
    kind = kind or infer_kind(label)
    features = pd.DataFrame(
        {column: _feature(frame[column], name) for column in frame.columns if column != target}
    )
    _check_infinities(features.assign(**{target: label}), name)
    features = features.loc[:, features.notna().any()]
    if features.empty:
        raise UserError(f"{name} has no usable column besides the target '{target}'.")
    label = _target_values(label, kind, name).reset_index(drop=True)
    return TabularDataset(
        name, features.reset_index(drop=True), label, target, kind, source, licence
    )


def infer_kind(label: pd.Series) -> str:
    """Return "classification" for texts, booleans and few whole numbers, else "regression"."""
    if not pd.api.types.is_numeric_dtype(label) or pd.api.types.is_bool_dtype(label):
        return "classification"
    whole = bool((label == label.round()).all())
    few = label.nunique() <= min(MAX_INTEGER_CLASSES, max(len(label) // 5, 2))
    return "classification" if whole and few else "regression"


def _check_shape(frame: pd.DataFrame, name: str) -> None:
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        raise UserError(f"{name} has two columns called '{repeated[0]}'; rename one of them.")
    if len(frame) == 0:
        raise UserError(f"{name} has no rows.")
    if len(frame) < MIN_ROWS:
        rows = "one row" if len(frame) == 1 else f"{len(frame)} rows"
        raise UserError(f"{name} has only {rows}; at least {MIN_ROWS} are needed to learn from.")


def _target_name(frame: pd.DataFrame, target: str | None, name: str) -> str:
    columns = list(frame.columns)
    shown = ", ".join(columns[:12]) + (", ..." if len(columns) > 12 else "")
    if target is None:
        raise UserError(f"Say which column of {name} to predict with --target. It has: {shown}.")
    if target not in columns:
        near = difflib.get_close_matches(target, columns, n=1, cutoff=0.4)
        hint = f"Did you mean '{near[0]}'?" if near else f"It has: {shown}."
        raise UserError(f"{name} has no column '{target}'. {hint}")
    return target


def _check_target(label: pd.Series, name: str) -> None:
    missing = label.isna()
    if missing.any():
        first = int(np.flatnonzero(missing.to_numpy())[0]) + 1
        raise UserError(
            f"The target '{label.name}' of {name} has {int(missing.sum())} missing values, the "
            f"first in data row {first}; fill them or drop these rows."
        )
    if label.nunique() < 2:
        raise UserError(
            f"The target '{label.name}' of {name} is constant ({label.iloc[0]!r}, one class); "
            "there is nothing to learn."
        )


def _check_infinities(frame: pd.DataFrame, name: str) -> None:
    for column in frame.columns:
        if pd.api.types.is_float_dtype(frame[column]):
            count = int(np.isinf(frame[column].to_numpy(dtype=float)).sum())
            if count:
                raise UserError(
                    f"The column '{column}' of {name} has {count} infinite values; replace them "
                    "by numbers or leave them empty."
                )


def _feature(column: pd.Series, name: str) -> pd.Series:
    if pd.api.types.is_bool_dtype(column) or isinstance(column.dtype, pd.CategoricalDtype):
        return column.astype("category")
    if pd.api.types.is_numeric_dtype(column):
        return column.astype("float64")
    if pd.api.types.is_datetime64_any_dtype(column):
        raise UserError(
            f"The column '{column.name}' of {name} holds dates, which are not supported yet; "
            "turn it into numbers or drop it."
        )
    _check_text(column, name)
    return column.astype("string").astype("object").astype("category")


def _check_text(column: pd.Series, name: str) -> None:
    known = column.dropna().astype(str)
    distinct = known.nunique()
    if distinct <= max(20, MAX_CATEGORY_SHARE * len(known)):
        if known.str.len().mean() <= TEXT_LENGTH or distinct <= 20:
            return
    raise UserError(
        f"Text columns are not supported yet: '{column.name}' of {name} has {distinct} different "
        f"texts in {len(known)} rows; drop it or turn it into categories."
    )


def _target_values(label: pd.Series, kind: str, name: str) -> pd.Series:
    if kind == "regression":
        if not pd.api.types.is_numeric_dtype(label):
            raise UserError(f"The target '{label.name}' of {name} is not numeric; use "
                            "--kind classification.")  # fmt: skip
        return label.astype("float64")
    counts = label.value_counts()
    if counts.min() < MIN_PER_CLASS:
        raise UserError(
            f"The class {counts.idxmin()!r} of '{label.name}' in {name} has {counts.min()} "
            f"rows; every class needs {MIN_PER_CLASS}. Drop or merge rare classes"
            + (", or use --kind regression." if pd.api.types.is_numeric_dtype(label) else ".")
        )
    return label.astype("category")
