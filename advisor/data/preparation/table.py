"""Tables to arrays: imputed, scaled and one-hot, fitted on the training part only."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from advisor.data.dataset import TabularDataset
from advisor.data.preparation.base import PreparedData
from advisor.data.splits import split_indices

if TYPE_CHECKING:
    from sklearn.compose import ColumnTransformer

MAX_CATEGORIES = 30

HUGE = 1e140
"""Numbers beyond this have squares whose sum may be infinite."""

DIVISOR = 2.0**600
"""What columns of them are divided by, exactly, as by every power of two."""


def prepare_table(dataset: TabularDataset, seed: int = 0) -> PreparedData:
    """Split with `seed` and encode; nothing is learnt from validation and test parts."""
    splits = split_indices(dataset, seed)
    features = _within_float64(dataset.features, splits.train)
    parts = [features.iloc[rows] for rows in (splits.train, splits.valid, splits.test)]
    encoder = _encoder(parts[0])
    inputs = [np.asarray(encoder.fit_transform(parts[0]), dtype=np.float32)]
    inputs += [np.asarray(encoder.transform(part), dtype=np.float32) for part in parts[1:]]
    # A value far outside the training part must not blow up the network's first layer.
    inputs = [np.clip(part, -10, 10) for part in inputs]
    target, n_outputs, mean, scale = _targets(dataset, splits.train)
    return PreparedData(
        x_train=inputs[0],
        y_train=target[splits.train],
        x_valid=inputs[1],
        y_valid=target[splits.valid],
        x_test=inputs[2],
        y_test=target[splits.test],
        kind=dataset.kind,
        n_inputs=inputs[0].shape[1],
        n_outputs=n_outputs,
        target_mean=mean,
        target_scale=scale,
        categories=_categories(encoder),
    )


def _within_float64(features: pd.DataFrame, train: np.ndarray) -> pd.DataFrame:
    """Return features whose squares are numbers: columns beyond `HUGE` are divided.

    The training part decides, and standardising undoes it.
    """
    numeric = features.select_dtypes("number")
    largest = numeric.iloc[train].abs().max()
    huge = list(largest.index[largest > HUGE])
    if not huge:
        return features
    divided = features.copy()
    divided[huge] = features[huge] / DIVISOR
    return divided


def _categories(encoder: "ColumnTransformer") -> tuple[tuple[int, int], ...]:
    """Return where the indicator columns of each categorical column are."""
    slices = encoder.output_indices_
    name = next((n for n in slices if n.startswith("onehotencoder")), None)
    if name is None or slices[name].stop == slices[name].start:
        return ()
    onehot = encoder.named_transformers_[name]
    groups, start = [], slices[name].start
    for known, rare in zip(onehot.categories_, onehot.infrequent_categories_, strict=True):
        count = len(known) if rare is None else len(known) - len(rare) + 1
        groups.append((start, count))
        start += count
    return tuple(groups)


def _targets(dataset: TabularDataset, train: np.ndarray) -> tuple[np.ndarray, int, float, float]:
    if dataset.kind == "classification":
        return dataset.target.cat.codes.to_numpy(dtype=np.int64), dataset.n_classes or 0, 0.0, 1.0
    values = dataset.target.to_numpy(dtype=np.float64)
    mean, scale = float(values[train].mean()), float(values[train].std()) or 1.0
    return ((values - mean) / scale).astype(np.float32), 1, mean, scale


def _encoder(train: pd.DataFrame) -> "ColumnTransformer":
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numeric = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
    )
    categorical = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=MAX_CATEGORIES, sparse_output=False
    )
    return make_column_transformer(
        (numeric, make_column_selector(dtype_include="number")),
        (categorical, make_column_selector(dtype_include="category")),
    )
