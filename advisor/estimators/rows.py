"""What users of scikit-learn call X, as the frames that are read here.

An array of numbers or truth values is columns of numbers, however few different values there are:
it says nothing else of itself. An array of objects is what its columns hold, as in a frame. The
columns of a frame are read as everywhere: categories, dates and texts by what they hold.
"""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from advisor.data.inference import MIN_ROWS
from advisor.data.names import numbered_names, with_plain_names
from advisor.data.reading.table import TableReading, check_there
from advisor.data.sources.objects import arrow_frame
from advisor.estimators.errors import EstimatorError

WHERE = "X"
"""How errors call the rows."""


def training_rows(estimator: BaseEstimator, X: object) -> pd.DataFrame:
    """Return the rows to learn from, and let the estimator know their columns.

    Args:
        estimator: gets `n_features_in_`, and `feature_names_in_` where all names are texts.
        X: frame or array, (rows, columns).

    Raises:
        EstimatorError, ValueError, TypeError: it is no table, or has hardly any rows.
    """
    frame = _frame_of(X)
    if frame is not None:
        validate_data(estimator, frame, skip_check_array=True)
        plain = with_plain_names(frame)
        named = hasattr(estimator, "feature_names_in_")
        return plain if named else plain.set_axis(numbered_names(plain.shape[1]), axis=1)
    return _of_array(
        validate_data(
            estimator, X, dtype=None, ensure_all_finite="allow-nan", ensure_min_samples=MIN_ROWS
        )
    )


def new_rows(estimator: BaseEstimator, X: object, reading: TableReading) -> pd.DataFrame:
    """Return rows to predict with the columns that the estimator was fitted on.

    Columns are found by their names where both sides have names, else by their places.

    Args:
        estimator: a fitted one.
        X: frame or array, (rows, columns).
        reading: how the training's rows were read.

    Raises:
        EstimatorError, ValueError: columns are missing, or were not there in training.
    """
    names = getattr(estimator, "feature_names_in_", None)
    frame = _frame_of(X)
    if frame is None:
        array = validate_data(estimator, X, reset=False, dtype=None, ensure_all_finite="allow-nan")
        return _of_array(array, names)
    if names is None or not all(isinstance(name, str) for name in frame.columns):
        validate_data(estimator, frame, reset=False, skip_check_array=True)
        places = numbered_names(frame.shape[1]) if names is None else list(names)
        return with_plain_names(frame).set_axis(places, axis=1)
    frame = with_plain_names(frame)
    kinds = {column.name: column.reading.kind for column in reading.columns}
    check_there(frame, [(name, kinds.get(name, "left out")) for name in names], WHERE)
    more = [name for name in frame.columns if name not in set(names)]
    if more:
        raise EstimatorError(
            f"{WHERE} has a column '{more[0]}' that was not there in training; drop it."
        )
    return frame[list(names)]


def _frame_of(X: object) -> pd.DataFrame | None:
    """Return a frame, of pandas or of a library that can become one; None for anything else."""
    if isinstance(X, pd.DataFrame):
        return X
    becomes_one = hasattr(X, "to_pandas") and hasattr(X, "columns") and not isinstance(X, type)
    return arrow_frame(X) if becomes_one else None


def _of_array(array: np.ndarray, names: np.ndarray | None = None) -> pd.DataFrame:
    columns = numbered_names(array.shape[1]) if names is None else list(names)
    if array.dtype.kind in "biuf":
        return pd.DataFrame(array.astype(np.float64), columns=columns)
    return pd.DataFrame(array.astype(object), columns=columns).infer_objects()
