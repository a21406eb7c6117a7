"""From a raw frame to a `TabularDataset`: target, kind of task, types and what is refused."""

import numpy as np
import pandas as pd

from advisor.data.cells import all_scalars
from advisor.data.columns import check_infinities, typed
from advisor.data.dataset import TabularDataset
from advisor.data.names import with_plain_names
from knowledge_base.errors import UserError
from knowledge_base.naming import did_you_mean

KINDS = ("classification", "regression")
MIN_ROWS = 10
MIN_PER_CLASS = 3
"""One row for each of the training, the validation and the test part."""
MAX_INTEGER_CLASSES = 20
MAX_TARGET = 1e100
"""Numbers beyond this are not predicted: their squares would be beyond float64."""
MAX_SHOWN = 12


def to_dataset(
    frame: pd.DataFrame,
    target: str | None,
    kind: str | None,
    name: str,
    source: str,
    licence: str | None = None,
) -> TabularDataset:
    """Check a frame, infer its types and return the data set.

    Columns without any value are left out: they tell nothing.

    Args:
        frame: one row per example; not changed.
        target: column to predict.
        kind: "classification" or "regression"; None infers it from the target.
        name: display name, which errors use too.
        source: where it came from, as stored.
        licence: that of the data, if known.

    Raises:
        UserError: no or unknown target, missing or constant target, infinities, text or
            date columns, too few rows or none, a class with too few rows.
    """
    if kind is not None and kind not in KINDS:
        raise UserError(f"The kind of task is {' or '.join(KINDS)}, not '{kind}'.")
    frame = with_plain_names(frame)
    check_columns(frame.columns, name)
    target = target_column(frame, target, name)
    check_rows(frame, name)
    label = _target(frame[target].reset_index(drop=True), kind, name)
    others = frame.drop(columns=target).reset_index(drop=True)
    features = pd.DataFrame({column: typed(others[column], name) for column in others.columns})
    check_infinities(features, name)
    features = features.loc[:, features.notna().any()]
    if features.shape[1] == 0:
        raise UserError(f"{name} has no usable column besides the target '{target}'.")
    found = "classification" if isinstance(label.dtype, pd.CategoricalDtype) else "regression"
    return TabularDataset(name, features, label, target, found, source, licence)


def infer_kind(label: pd.Series) -> str:
    """Return "classification" for texts, booleans and few whole numbers, else "regression"."""
    if not pd.api.types.is_numeric_dtype(label) or pd.api.types.is_bool_dtype(label):
        return "classification"
    whole = bool((label == label.round()).all())
    few = label.nunique() <= min(MAX_INTEGER_CLASSES, max(len(label) // 5, 2))
    return "classification" if whole and few else "regression"


def check_columns(columns: pd.Index, name: str) -> None:
    """Refuse two columns of the same name.

    Raises:
        UserError: names one of them.
    """
    repeated = columns[columns.duplicated()]
    if len(repeated):
        raise UserError(f"{name} has two columns called '{repeated[0]}'; rename one of them.")


def check_rows(frame: pd.DataFrame, name: str) -> None:
    """Refuse a frame of hardly any rows.

    Raises:
        UserError: says how many there are.
    """
    if len(frame) == 0:
        raise UserError(f"{name} has no rows below its header.")
    if len(frame) < MIN_ROWS:
        rows = "one row" if len(frame) == 1 else f"{len(frame)} rows"
        raise UserError(f"{name} has only {rows}; at least {MIN_ROWS} are needed to learn from.")


def target_column(frame: pd.DataFrame, target: str | None, name: str) -> str:
    """Return the name of a column that has to be there.

    Raises:
        UserError: none was named, or there is no such column; names the nearest.
    """
    columns = list(frame.columns)
    shown = ", ".join(" ".join(str(column).split()) for column in columns[:MAX_SHOWN]) + (
        ", ..." if len(columns) > MAX_SHOWN else ""
    )
    if target is None:
        raise UserError(f"Say which column of {name} to predict with `target`. It has: {shown}.")
    if target not in columns:
        hint = did_you_mean(target, columns, f"It has: {shown}.", cutoff=0.4)
        raise UserError(f"{name} has no column '{target}'. {hint}")
    return target


def _target(label: pd.Series, kind: str | None, name: str) -> pd.Series:
    """Return the target as `category` or, for regression, as float64."""
    label = _checked_target(label, name)
    if (kind or infer_kind(label)) == "regression":
        if not pd.api.types.is_numeric_dtype(label):
            raise UserError(
                f"The target '{label.name}' of {name} is not numeric, as regression needs; use "
                "`kind=classification`."
            )
        numbers = label.astype("float64")
        largest = float(numbers.abs().max())
        if largest > MAX_TARGET:
            raise UserError(
                f"The target '{label.name}' of {name} has values up to {largest:.3g}; divide them "
                f"so that they are below {MAX_TARGET:g}."
            )
        return numbers
    number = pd.api.types.is_numeric_dtype(label)
    _check_classes(label, name, ", or use `kind=regression`" if number else "")
    return label.astype("category")


def class_target(label: pd.Series, name: str) -> pd.Series:
    """Return a target that can only be classes as `category`; 1.0 is the class 1.

    Raises:
        UserError: missing or constant values, or a class with too few rows.
    """
    label = _checked_target(label, name)
    if pd.api.types.is_float_dtype(label) and (label == label.round()).all():
        label = label.astype("int64")
    _check_classes(label, name)
    return label.astype("category")


def _checked_target(label: pd.Series, name: str) -> pd.Series:
    """Return a target in a plain type, once it is complete, finite and not constant."""
    _check_complete(label, name)
    label = _plain_target(label, name)
    check_infinities(label.to_frame(), name)
    if label.nunique() < 2:
        raise UserError(
            f"The target '{label.name}' of {name} is constant ({label.iloc[0]}, one class); "
            "there is nothing to learn."
        )
    return label


def _plain_target(label: pd.Series, name: str) -> pd.Series:
    """Return categories as their values, and numbers and texts in plain types."""
    if isinstance(label.dtype, pd.CategoricalDtype):
        label = label.astype(label.cat.categories.dtype)
    found = pd.api.types.infer_dtype(label)
    if found in ("integer", "floating", "decimal", "mixed-integer-float"):
        whole = pd.api.types.is_integer_dtype(label)
        return label.astype("int64" if whole else "float64")
    if found == "boolean":
        return label.astype("bool")
    if found in ("string", "mixed-integer", "mixed") and all_scalars(label):
        return label.astype("string").astype("object")
    raise UserError(
        f"The target '{label.name}' of {name} holds neither numbers nor classes ({found}); choose "
        "another."
    )


def _check_complete(label: pd.Series, name: str) -> None:
    missing = label.isna()
    if missing.any():
        first = int(np.flatnonzero(missing.to_numpy())[0]) + 1
        count = "1 missing value" if missing.sum() == 1 else f"{missing.sum()} missing values"
        raise UserError(
            f"The target '{label.name}' of {name} has {count}, the first in data row {first}; "
            "fill in or drop these rows."
        )


def _check_classes(label: pd.Series, name: str, otherwise: str = "") -> None:
    counts = label.value_counts()
    if counts.min() >= MIN_PER_CLASS:
        return
    rare, fewest = counts.idxmin(), counts.min()
    rows = "1 row" if fewest == 1 else f"{fewest} rows"
    raise UserError(
        f"The class '{rare}' of '{label.name}' in {name} has only {rows}; every class needs "
        f"{MIN_PER_CLASS}. Drop or merge rare classes{otherwise}."
    )
