"""Predictions as tables, and these as files."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np
import pandas as pd

from knowledge_base.durable import reason_of, replacing
from knowledge_base.errors import UserError

if TYPE_CHECKING:
    from advisor.data.reading import NewRows, Reading
    from advisor.data.reading.series import History, SeriesReading


class Predicts(Protocol):
    """What tables are made of, as `Predictor` has it."""

    @property
    def reading(self) -> "Reading[object]":
        """How the training data were read."""

    @property
    def classes(self) -> list[object] | None:
        """Labels in the order of their probabilities, None where there are none."""

    def raw(self, rows: "NewRows[object]") -> np.ndarray:
        """Return probabilities, numbers or forecasts."""

    def labels(self, prediction: np.ndarray) -> np.ndarray:
        """Return what probabilities mean."""

    def interval(
        self, rows: "NewRows[object]", prediction: np.ndarray, level: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the ends of intervals."""


ENDS = ("lower", "upper")
"""Columns of the ends of intervals; of a column that is called so already, with a _ behind."""


def table_of(
    predictor: Predicts,
    rows: "NewRows[object]",
    proba: bool = False,
    level: float | None = None,
) -> pd.DataFrame:
    """Return predictions for rows, one row each in their order; of series, one for each step.

    Args:
        predictor: predicts.
        rows: as `predictor.read` gave them.
        proba: whether every class has a column with its probability, too.
        level: of intervals, whose ends have the columns `lower` and `upper`; None for none.

    Raises:
        UserError: there are no classes, or no intervals.
    """
    raw = predictor.raw(rows)
    name = predictor.reading.target.name
    if raw.ndim == 2 and predictor.classes is None:
        time = cast("SeriesReading", predictor.reading).time
        table = _forecasts(cast("Sequence[History]", rows.features), raw, name, time)
    else:
        table = pd.DataFrame({name: predictor.labels(raw)})
    if level is not None:
        for end, values in zip(ENDS, predictor.interval(rows, raw, level), strict=True):
            table[end if end not in table else f"{end}_"] = values.ravel()
    if rows.names:
        table.insert(0, "file", list(rows.names))
    if not proba:
        return table
    classes = predictor.classes
    if classes is None:
        raise UserError("Only a classification has probabilities; this model predicts numbers.")
    shares = pd.DataFrame(raw, columns=[f"P({label})" for label in classes])
    return pd.concat([table, shares], axis=1)


def _forecasts(
    histories: "Sequence[History]", raw: np.ndarray, name: str, time: str
) -> pd.DataFrame:
    """Return a row for each series and step ahead, with its time as the file writes its own."""
    tables = [
        pd.DataFrame({time: list(history.ahead), name: forecast})
        for history, forecast in zip(histories, raw, strict=True)
    ]
    if len(tables) > 1:
        for table, history in zip(tables, histories, strict=True):
            table.insert(0, "series", history.name)
    return pd.concat(tables, ignore_index=True)


_WRITERS: dict[str, Callable[[pd.DataFrame], bytes]] = {
    ".csv": lambda table: table.to_csv(index=False).encode(),
    ".jsonl": lambda table: table.to_json(orient="records", lines=True).encode(),
    ".parquet": lambda table: table.to_parquet(index=False),
}


def check_format(path: Path) -> None:
    """Refuse a file that predictions cannot be written to, before any are made.

    Raises:
        UserError: its name ends in no known format, or its folder is not there.
    """
    if path.suffix.lower() not in _WRITERS:
        raise UserError(f"Write predictions to a file that ends in {', '.join(_WRITERS)}: {path}")
    if not path.parent.is_dir():
        raise UserError(f"{path} cannot be written: there is no folder {path.parent}.")


def write_table(table: pd.DataFrame, path: Path | None) -> None:
    """Write a table in the format of the file's name; as CSV to standard output without one.

    Raises:
        UserError: there is no such format, or the file cannot be written.
    """
    if path is None:
        sys.stdout.write(table.to_csv(index=False))
        return
    check_format(path)
    writer = _WRITERS[path.suffix.lower()]
    try:
        with replacing(path) as file:
            file.write(writer(table))
    except OSError as error:
        raise UserError(f"{path} cannot be written: {reason_of(error)}.") from error
