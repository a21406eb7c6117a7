"""All configurations of a finite space, and whether a space has any."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from knowledge_base.space.conditions import names_of, parents_of
from knowledge_base.space.hyperparameter import Hyperparameter
from knowledge_base.types import ConfigDict

ENUMERABLE = 100_000
"""Configurations up to which those of a finite space are gone through one by one."""

MANY = 1_000
"""Values of a hyperparameter up to which all are tried, to see whether anything is legal."""


class Conditional(Protocol):
    """What is asked of a space whose configurations are gone through."""

    @property
    def hyperparameters(self) -> Mapping[str, Hyperparameter]:
        """The hyperparameters by name."""

    @property
    def conditions(self) -> Sequence[ConfigDict]:
        """Conditions, one per child."""

    @property
    def forbiddens(self) -> Sequence[ConfigDict]:
        """Combinations that are excluded."""

    @property
    def order(self) -> Sequence[str]:
        """Names, parents before children."""

    def active_rows(
        self, name: str, frame: pd.DataFrame, active: Mapping[str, npt.NDArray[np.bool_]]
    ) -> npt.NDArray[np.bool_]:
        """Rows in which the hyperparameter is active, shape (n,)."""

    def check(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
        """The clean frame, and why each row is illegal."""

    def records(self, clean: pd.DataFrame) -> list[ConfigDict]:
        """The rows of a clean frame as configurations."""


def every(space: Conditional, limit: int = ENUMERABLE) -> pd.DataFrame | None:
    """Return all configurations as a clean frame, None for more than `limit`."""
    values: dict[str, Sequence[object]] = {}
    for name, h in space.hyperparameters.items():
        if h.count is None or h.count > limit:
            return None
        values[name] = h.values()
    return _with_values(space, values, limit)


def some_legal(space: Conditional) -> tuple[ConfigDict | None, bool]:
    """Return a legal choice of what forbidden clauses name, and whether all were looked at.

    Hyperparameters that no clause names do not matter; None stands for no legal choice.
    """
    named = set().union(*(names_of(clause) for clause in space.forbiddens))
    conditions = {condition["child"]: condition for condition in space.conditions}
    for name in reversed(space.order):
        if name in named and name in conditions:
            named |= parents_of(conditions[name])
    values: dict[str, Sequence[object]] = {}
    whole = True
    for name, h in space.hyperparameters.items():
        few = h.count is not None and h.count <= MANY
        values[name] = h.values() if name in named and few else [h.cell(h.default)]
        # Whether a range of very many numbers has a legal one is not looked at.
        whole = whole and (few or name not in named)
    found = _with_values(space, values, ENUMERABLE)
    if found is None:
        return None, False
    if found.empty:
        return None, whole
    config = space.records(found.iloc[:1])[0]
    return {name: value for name, value in config.items() if name in named}, whole


def _with_values(
    space: Conditional, values: Mapping[str, Sequence[object]], limit: int
) -> pd.DataFrame | None:
    """Return the legal configurations that have these values, None for more than `limit`."""
    frame = pd.DataFrame(index=range(1))
    for name in space.order:
        active = {known: frame[known].notna().to_numpy() for known in frame.columns}
        rows = space.active_rows(name, frame, active)
        if int(rows.sum()) * len(values[name]) + int((~rows).sum()) > limit:
            return None
        counts = np.where(rows, len(values[name]), 1)
        frame = frame.loc[frame.index.repeat(counts)].reset_index(drop=True)
        cells = np.full(len(frame), None, dtype=object)
        cells[np.repeat(rows, counts)] = np.tile(_objects(values[name]), int(rows.sum()))
        frame[name] = space.hyperparameters[name].coerce(pd.Series(cells))[0]
    clean, reasons = space.check(frame)
    return clean[reasons == ""].reset_index(drop=True)


def _objects(values: Sequence[object]) -> npt.NDArray[np.object_]:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found
