"""The model in the user's hand: reads new rows as the training data were read, and predicts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

import numpy as np
import pandas as pd

from advisor.data.intake import counted
from advisor.metrics import get_metric
from advisor.predictor.average import ALL_ROWS, AVERAGED, ONE_FOLD, Average
from advisor.predictor.intervals import USUAL, Intervals
from advisor.predictor.saving import FindFamily, load_average, model_folder, save_average
from advisor.predictor.summary import Standing, remarks
from advisor.predictor.tables import table_of
from knowledge_base.errors import UserError
from knowledge_base.types import JsonObject

if TYPE_CHECKING:
    from advisor.data.preparation.base import Features
    from advisor.data.reading import NewRows, Reading
    from advisor.data.reading.series import History


_ABOUT = {
    AVERAGED: (),
    ALL_ROWS: (
        "Its validation value is that of the folds: it says what the configuration is worth, not "
        "this network, which was trained on these rows, too.",
    ),
    ONE_FOLD: (
        "No network was trained on all known rows, since the time was over or the training did "
        "not succeed. Its validation value is that of all folds.",
    ),
}
"""Sentences on a model by the way in which it was made."""


@dataclass(frozen=True)
class Predictor:
    """A trained model for new rows.

    Attributes:
        average: its networks.
        reading: how the training data were read.
        metric: what it was chosen by.
        standings: what it was measured against, and itself as the last one.
        intervals: what its predictions are worth; None for classes, and for a model of an earlier
            version.
        seconds_per_thousand: what its networks take for a thousand rows where it was made; None
            where that was not measured, as by earlier versions.
    """

    average: Average
    reading: "Reading[object]"
    metric: str
    standings: Sequence[Standing] = field(default=(), compare=False)
    intervals: Intervals | None = field(default=None, compare=False, repr=False)
    seconds_per_thousand: float | None = field(default=None, compare=False)

    def predict(self, source: object) -> np.ndarray:
        """Return the class or the number of each row, or the next points of each series.

        Args:
            source: new rows: a file, a frame or whatever else `load_dataset` takes, with the
                columns that were trained on; the target may be missing.

        Returns:
            Labels as they stood in the training data, or numbers, (n,); forecasts (series,
            horizon).

        Raises:
            UserError: the rows cannot be read, or their columns are not what they were.
        """
        return self.labels(self.raw(self.read(source)))

    def predict_proba(self, source: object) -> pd.DataFrame:
        """Return probabilities, one column per class, (n, classes).

        Raises:
            UserError: as `predict`, or there are no classes.
        """
        classes = self.classes
        if classes is None:
            raise UserError("Only a classification has probabilities; this predicts numbers.")
        return pd.DataFrame(self.raw(self.read(source)), columns=classes)

    def predict_interval(self, source: object, level: float = USUAL) -> pd.DataFrame:
        """Return forecasts with the intervals in which new values lie, a row for each step.

        A model of numbers has an interval for each row. See `advisor.predictor.intervals`.

        Args:
            source: as for `predict`.
            level: share of new values that lie within, from 0.01 to 0.99.

        Returns:
            Times, and names where there are several series, as they stand in the training data,
            a column with the name of the target, and `lower` and `upper`.

        Raises:
            UserError: as `predict`, there is no such level, or the model has no intervals.
        """
        return table_of(self, self.read(source), level=level)

    def interval(
        self, rows: "NewRows[object]", prediction: np.ndarray, level: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the lower and the upper ends of intervals, in the shape of the prediction.

        Args:
            rows: as `read` gave them.
            prediction: what `raw` gives for them.
            level: as for `predict_interval`.

        Raises:
            UserError: as `predict_interval`.
        """
        if self.classes is not None:
            raise UserError("Forecasts and numbers have intervals; this model predicts classes.")
        if self.intervals is None:
            raise UserError(
                "The model has no intervals, as those of earlier versions of Advisor; its study "
                "makes it again when it goes on."
            )
        first = self.average.preparations[0]
        units = self.intervals.units_of(first, features_of(rows), len(prediction))
        return self.intervals.around(prediction, units, level)

    def score(self, source: object) -> float:
        """Return the metric on rows whose target is known.

        Raises:
            UserError: as `predict`, or a target is missing.
        """
        rows = self.read(source)
        truth = truth_of(rows, self.reading)
        return get_metric(self.metric).compute(truth, self.raw(rows), None)

    def read(self, source: object) -> "NewRows[object]":
        """Return new rows as the training data were read, with an account of it.

        Raises:
            UserError: they cannot be read so.
        """
        return self.reading.read(source)

    @property
    def classes(self) -> list[object] | None:
        """Labels in the order of their probabilities, None where there are none."""
        return list(self.reading.target.classes) or None

    def labels(self, prediction: np.ndarray) -> np.ndarray:
        """Return what probabilities mean; numbers stay."""
        if self.classes is None:
            return prediction
        return self.reading.target.labels(prediction.argmax(1)).to_numpy()

    def raw(self, rows: "NewRows[object]") -> np.ndarray:
        """Return probabilities (n, classes), numbers (n,) or forecasts (series, horizon).

        Args:
            rows: as `read` gave them.
        """
        return self.average.raw(features_of(rows))

    def remarks(self) -> list[str]:
        """Return what the standings mean, in whole sentences."""
        return [*_ABOUT[self.average.made], *remarks(self.standings, get_metric(self.metric))]

    def described(self) -> JsonObject:
        """Return what the model is made of and worth, as plain JSON-able types."""
        members = [
            {"trial": member.trial, "share": member.share, "networks": len(member.networks)}
            for member in self.average.members
        ]
        standings = [standing.to_dict() for standing in self.standings]
        return {
            "made": self.average.made,
            "members": members,
            "standings": standings,
            "remarks": self.remarks(),
        }

    def save(self, folder: str | Path) -> None:
        """Write the model to a folder, from which `load` reads it.

        Raises:
            UserError: the folder cannot be written to.
        """
        more: JsonObject = {
            "reading": self.reading.to_dict(),
            "metric": self.metric,
            "standings": [standing.to_dict() for standing in self.standings],
        }
        if self.seconds_per_thousand is not None:
            more["seconds_per_thousand"] = self.seconds_per_thousand
        beside = {} if self.intervals is None else self.intervals.arrays()
        save_average(self.average, Path(folder), more, beside)

    def export(self, folder: str | Path, to: str = "torch") -> None:
        """Write the model to a new folder that needs neither this package nor pandas.

        Args:
            folder: where; it must be new or empty.
            to: "torch", a plain module of PyTorch in readable code, with JSON and safetensors;
                or "onnx", which adds the average of the networks for ONNX runtimes.

        Raises:
            UserError: there is no such format, the networks are the user's own, a library is
                missing, or the folder holds something or cannot be written.
        """
        from advisor.predictor.export import export

        export(self, folder, to)

    @classmethod
    def load(cls, folder: str | Path, find: FindFamily) -> Self:
        """Return what `save` wrote; nothing of it is executed.

        Args:
            folder: of a model, or of a study that has one.
            find: returns the family of the name and version that the model has.

        Raises:
            UserError: there is none, it is damaged, or somebody altered it.
        """
        from advisor.data.reading import reading_from_dict

        path = model_folder(Path(folder))
        average, content, arrays = load_average(path, find)
        reading = reading_from_dict(content.get("reading"))
        metric = get_metric(str(content.get("metric"))).name
        try:
            standings = tuple(Standing.from_dict(item) for item in content.get("standings", ()))
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{path} is no model: {error!r} in its standings.") from error
        intervals = Intervals.stored(arrays, average, reading.target.kind, str(path))
        seconds = content.get("seconds_per_thousand")
        measured = float(seconds) if isinstance(seconds, int | float) else None
        return cls(average, reading, metric, standings, intervals, measured)


def features_of(rows: "NewRows[object]") -> "Features":
    """Return new rows as preparations take them: series as their points by name."""
    features = rows.features
    if isinstance(features, tuple | list):
        return {history.name: history.values for history in cast("Sequence[History]", features)}
    return cast("Features", features)


def truth_of(rows: "NewRows[object]", reading: "Reading[object]") -> np.ndarray:
    """Return the targets of rows, as class indices or numbers, (n,).

    Raises:
        UserError: one is missing, or of a class that was not trained on.
    """
    target, name = rows.target, reading.target.name
    if reading.target.kind == "forecasting":
        raise UserError(
            f"Forecasts of '{name}' are not scored on a history: they begin where it ends."
        )
    if target is None or target.isna().any():
        missing = (
            "no row" if target is None else f"not in {counted(int(target.isna().sum()), 'row')}"
        )
        raise UserError(
            f"The target '{name}' must be known in every row of {rows.intake.name}"
            f"{', and be a class that was trained on' if reading.target.classes else ''}; it is "
            f"{'in ' if target is None else ''}{missing}."
        )
    codes = isinstance(target.dtype, pd.CategoricalDtype)
    return target.cat.codes.to_numpy() if codes else target.to_numpy(dtype=np.float64)
