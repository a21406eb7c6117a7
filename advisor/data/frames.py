"""From a frame of columns to a data set of the modality that was asked for."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pandas as pd

from advisor.data.dataset import Dataset
from advisor.data.names import with_plain_names
from advisor.data.request import DataRequest
from advisor.data.series import to_series
from advisor.data.tables import to_table
from advisor.data.texts import to_texts
from knowledge_base.errors import UserError


def interpret(
    frame: pd.DataFrame,
    request: DataRequest,
    name: str,
    source: str,
    licence: str | None = None,
    notes: Sequence[str] = (),
) -> Dataset:
    """Return the frame as a table, as labelled texts or as time series.

    Args:
        frame: one row per example; its columns may have names of any type. It is not changed.
        request: what the user said about it.
        name: display name, which errors use too.
        source: where it came from, as stored.
        licence: that of the data, if known.
        notes: sentences on how the frame itself was read, for the account of it.

    Raises:
        UserError: it cannot be used as that; says what, where and what to do.
    """
    if request.of_frame not in _READERS:
        raise UserError(f"{name} is a table; {request.of_frame} data come as a folder or array.")
    for parameter in ("drop", "keep", "as_types"):
        if getattr(request, parameter) and request.of_frame != "table":
            raise UserError(
                f"`{parameter}` is for tables; of {request.of_frame} data only the columns that "
                "you name are used."
            )
    if request.size is not None:
        raise UserError(f"`size` is for images; {name} is a table.")
    plain = with_plain_names(frame)
    data: Dataset = _READERS[request.of_frame](plain, request, name, source, licence)
    if not notes or data.intake is None:
        return data
    return replace(data, intake=data.intake.noting(*notes))  # type: ignore[type-var]


_READERS: dict[str, Callable[..., Dataset]] = {
    "table": to_table,
    "text": to_texts,
    "series": to_series,
}
