"""The trivial answer: the classes' shares, the mean, or the season repeated."""

from typing import TYPE_CHECKING, cast

import numpy as np

if TYPE_CHECKING:
    from advisor.data import PreparedData
    from advisor.data.preparation.series import SeriesData


def baseline_data(data: "PreparedData") -> "PreparedData":
    """Return data as the baseline sees them: series as what differs from their last season."""
    if data.modality != "series":
        return data
    return cast("SeriesData", data).windows(1, "seasonal", "series")


def baseline(data: "PreparedData", part: str) -> np.ndarray:
    """Return what is predicted for a part without looking at its inputs.

    Args:
        data: as `baseline_data` gave them.
        part: "valid" or "test".

    Returns:
        The shares of the classes (n, classes), the mean (n,), both of the training part, or the
        last season of each window again (n, horizon).
    """
    rows = len(data.x(part))
    if data.kind == "classification":
        counts = np.bincount(data.y_train, minlength=data.n_outputs)
        return np.tile(counts / counts.sum(), (rows, 1))
    if data.kind == "regression":
        return np.full(rows, data.target_mean)
    return data.in_unit(np.zeros((rows, data.n_outputs)), part)
