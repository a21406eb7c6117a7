"""Simple counts and shares: size, types, missing values, classes."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from advisor.metafeatures.base import MetafeatureGroup
from advisor.metafeatures.table_view import TableView


class General(MetafeatureGroup[TableView]):
    """Counts and shares (Michie et al. 1994; Rivolli et al. 2022, "general").

    Counts are logarithms (natural), so that distances between data sets of very different
    sizes make sense (Feurer et al. 2015).
    """

    name = "general"
    descriptions: ClassVar[Mapping[str, str]] = {
        "log_rows": "log of the number of rows (log nr_inst)",
        "log_features": "log of the number of features (log nr_attr)",
        "log_features_per_row": "log of features / rows (log attr_to_inst)",
        "log_classes": "log of the number of classes (log nr_class); classification",
        "numeric_share": "share of numeric features, the others are categorical (nr_num / nr_attr)",
        "binary_share": "share of features with exactly two distinct values (nr_bin / nr_attr)",
        "constant_share": "share of features with fewer than two distinct values",
        "log_categories_mean": "mean log of the number of categories of categorical features",
        "log_categories_max": "largest log of the number of categories",
        "missing_share": "share of missing values",
        "missing_feature_share": "share of features with a missing value",
        "missing_row_share": "share of rows with a missing value",
        "class_share_min": "share of rows in the rarest class (min freq_class); classification",
        "class_share_max": "share of rows in the largest class (max freq_class); classification",
        "class_imbalance": "imbalance of the classes, 0 (even) to 1 "
        "(c2 of Lorena et al. 2019); classification",
        "target_distinct_share": "distinct target values / rows; regression",
    }

    def values(self, view: TableView) -> Mapping[str, float]:
        """Return sizes and shares; empty tables have none."""
        if not view.n_rows or not view.n_features:
            return {}
        return {**_size(view), **_distinct(view), **_missing(view), **_target(view)}


def _size(view: TableView) -> dict[str, float]:
    return {
        "log_rows": np.log(view.n_rows),
        "log_features": np.log(view.n_features),
        "log_features_per_row": np.log(view.n_features / view.n_rows),
        "numeric_share": view.n_numeric / view.n_features,
    }


def _distinct(view: TableView) -> dict[str, float]:
    numbers = [_n_distinct(column[np.isfinite(column)]) for column in view.numeric]
    categories = [_n_distinct(column[column >= 0]) for column in view.categories]
    counts = np.array(numbers + categories)
    shares = {"binary_share": (counts == 2).mean(), "constant_share": (counts < 2).mean()}
    if not categories:
        return shares
    logs = np.log(np.maximum(categories, 1))
    return {**shares, "log_categories_mean": logs.mean(), "log_categories_max": logs.max()}


def _n_distinct(known: np.ndarray) -> int:
    return len(np.unique(known))


def _missing(view: TableView) -> dict[str, float]:
    missing = np.concatenate([np.isnan(view.numeric), view.categories < 0])
    return {
        "missing_share": missing.mean(),
        "missing_feature_share": missing.any(1).mean(),
        "missing_row_share": missing.any(0).mean(),
    }


def _target(view: TableView) -> dict[str, float]:
    if view.labels is None:
        return {"target_distinct_share": view.distinct_targets / view.n_rows}
    counts = view.class_counts
    shares = counts / counts.sum()
    return {
        "log_classes": np.log(len(counts)),
        "class_share_min": shares.min(),
        "class_share_max": shares.max(),
        "class_imbalance": _imbalance(shares),
    }


def _imbalance(shares: np.ndarray) -> float:
    """Return 1 - 1 / IR with the multi-class imbalance ratio of Lorena et al. (2019)."""
    if len(shares) < 2:
        return float("nan")
    ratio = (len(shares) - 1) / len(shares) * (shares / (1 - shares)).sum()
    return float(1 - 1 / ratio)
