"""From a frame of columns to a data set of the modality that was asked for."""

from collections.abc import Callable

import pandas as pd

from advisor.data.dataset import Dataset
from advisor.data.inference import to_dataset
from advisor.data.request import DataRequest
from advisor.data.series import to_series
from advisor.data.texts import to_texts
from knowledge_base.errors import UserError


def interpret(
    frame: pd.DataFrame,
    request: DataRequest,
    name: str,
    source: str,
    licence: str | None = None,
) -> Dataset:
    """Return the frame as a table, as labelled texts or as time series.

    Raises:
        UserError: it cannot be used as that; says what, where and what to do.
    """
    if request.of_frame not in _READERS:
        raise UserError(f"{name} is a table; {request.of_frame} data come as a folder or array.")
    return _READERS[request.of_frame](frame, request, name, source, licence)


def _table(
    frame: pd.DataFrame, request: DataRequest, name: str, source: str, licence: str | None
) -> Dataset:
    return to_dataset(frame, request.target, request.kind, name, source, licence)


_READERS: dict[str, Callable[..., Dataset]] = {
    "table": _table,
    "text": to_texts,
    "series": to_series,
}
