"""Rows of a table to the inputs of networks."""

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor

from advisor.predictor.export.parts.averaging import Preparation, Prepared
from advisor.predictor.export.parts.cells import READERS, column_of
from advisor.predictor.export.parts.files import Json

FARTHEST = 10
"""Where inputs are clipped."""

DIVISOR = 2.0**600
"""What columns of huge numbers are divided by."""


class TablePreparation(Preparation):
    """Numbers standardised, then one indicator per category; learnt anew in each fold."""

    def __init__(self, content: Json) -> None:
        """Take what preparation.json holds."""
        self.columns: list[Json] = content["columns"]
        self.folds: list[Json] = content["folds"]

    def prepare(self, rows: object, networks: Sequence[Json]) -> list[Prepared]:
        """Return inputs (n, n_inputs) for each network.

        Args:
            rows: a dict for each row, from names of columns to raw values; or a dict of columns.
            networks: as `Preparation.prepare` has them.
        """
        features: dict[str, list[object]] = {}
        for column in self.columns:
            found = READERS[column["kind"]](column, column_of(rows, column["name"]))
            features |= {name: found[end] for end, name in column["features"].items()}
        if len({len(cells) for cells in features.values()}) != 1:
            raise ValueError("the columns of the new rows have different lengths")
        by_fold: dict[int, Prepared] = {}
        for one in networks:
            if one["fold"] not in by_fold:
                by_fold[one["fold"]] = self._of_fold(features, self.folds[one["fold"]])
        return [by_fold[one["fold"]] for one in networks]

    def _of_fold(self, features: Mapping[str, list[object]], fold: Json) -> Prepared:
        parts = [_standardised(one, features[one["name"]]) for one in fold["numbers"]]
        parts += [_indicators(one, features[one["name"]]) for one in fold["categories"]]
        inputs = torch.cat(parts, 1).clamp(-FARTHEST, FARTHEST)
        target = fold["target"]
        if target["classes"]:
            return (inputs,)
        n = len(inputs)
        factors = torch.full((n,), target["scale"], dtype=torch.float64)
        return inputs, factors, torch.full((n,), target["mean"], dtype=torch.float64)


def _standardised(column: Json, cells: list[object]) -> Tensor:
    values = torch.tensor(cast("list[float]", cells), dtype=torch.float64)
    if column["divided"]:
        values = values / DIVISOR
    median = torch.tensor(column["median"], dtype=torch.float64)
    values = torch.where(values.isnan(), median, values)
    scaled: Tensor = (values - column["mean"]) / column["scale"]
    return scaled.float().unsqueeze(1)


def _indicators(column: Json, cells: list[object]) -> Tensor:
    """Return one indicator per level, and a last one for those that were rare in training."""
    levels, rare = column["levels"], column["rare"]
    places: dict[object, int] = dict.fromkeys(rare, len(levels))
    places |= {level: place for place, level in enumerate(levels)}
    indicators = torch.zeros(len(cells), len(levels) + bool(rare))
    for row, cell in enumerate(cells):
        place = places.get(cell, len(levels) if rare else -1)  # unknown ones count as rare
        if place >= 0:
            indicators[row, place] = 1
    return indicators
