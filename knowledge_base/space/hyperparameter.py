"""One hyperparameter: its kind, its values, and how they are checked."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from knowledge_base.space.cells import map_distinct
from knowledge_base.types import JsonObject

Value: TypeAlias = Any
"""A value of a hyperparameter: bool, int, float or str; the hyperparameter says which."""

NUMERIC = ("float", "int")


@dataclass(frozen=True)
class Hyperparameter:
    """A hyperparameter of a search space.

    Attributes:
        name: name, unique in the space.
        kind: "float", "int", "categorical", "ordinal" or "constant".
        default: value where nothing else is known.
        low, high: inclusive bounds of numbers, else None.
        log: whether a number is searched on a log scale.
        choices: values of a categorical or ordinal (in order), or the one value of a constant.
    """

    name: str
    kind: str
    default: Value
    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[Value, ...] = ()

    def to_dict(self) -> JsonObject:
        """Return it in ConfigSpace's serialised form."""
        if self.kind in NUMERIC:
            return {
                "type": f"uniform_{self.kind}",
                "name": self.name,
                "lower": self.low,
                "upper": self.high,
                "default_value": self.default,
                "log": self.log,
                "meta": None,
            }
        plain: JsonObject = {"type": self.kind, "name": self.name}
        if self.kind == "constant":
            return {**plain, "value": self.choices[0], "meta": None}
        values = "choices" if self.kind == "categorical" else "sequence"
        plain[values] = list(self.choices)
        if self.kind == "categorical":
            plain["weights"] = None
        return {**plain, "default_value": self.default, "meta": None}

    def coerce(self, column: pd.Series) -> tuple[pd.Series, pd.Series]:
        """Return the column in this hyperparameter's type, and which cells are illegal.

        Cells that are missing stay missing and are not illegal.

        Args:
            column: any cells, shape (n,); texts from a CSV are read as numbers or choices.
        """
        return self._coerce_number(column) if self.kind in NUMERIC else self._coerce_choice(column)

    def describe(self) -> str:
        """Return the legal values as text."""
        if self.kind in NUMERIC:
            whole = "whole numbers in " if self.kind == "int" else ""
            return f"{whole}[{self.low:g}, {self.high:g}]"
        return "{" + ", ".join(map(str, self.choices)) + "}"

    def _coerce_number(self, column: pd.Series) -> tuple[pd.Series, pd.Series]:
        if not pd.api.types.is_float_dtype(column) and not pd.api.types.is_integer_dtype(column):
            booleans = column.map(lambda cell: isinstance(cell, bool | np.bool_)).astype(bool)
            column = column.astype(object).mask(booleans, "a truth value")
        numbers = pd.to_numeric(column, errors="coerce").astype(float)
        assert self.low is not None
        assert self.high is not None
        slack = 1e-9 * max(abs(self.low), abs(self.high), self.high - self.low)
        inside = (numbers >= self.low - slack) & (numbers <= self.high + slack)
        if self.kind == "int":
            inside &= numbers == numbers.round()
        clean = numbers.clip(self.low, self.high)
        return clean, column.notna() & ~inside

    def _coerce_choice(self, column: pd.Series) -> tuple[pd.Series, pd.Series]:
        table: dict[str, int] = {}
        for index, choice in enumerate(self.choices):
            for spelling in (str(choice), str(choice).lower(), _number_text(choice)):
                table.setdefault(spelling, index)

        def legal(cell: object) -> Value:
            place = table.get(_number_text(cell), table.get(str(cell)))
            return None if place is None else self.choices[place]

        clean = pd.Series(map_distinct(column, legal), index=column.index, dtype=object)
        return clean, column.notna() & clean.isna()


def _number_text(value: Value) -> str:
    """Return one spelling for 1, 1.0 and "1.0", and the plain text for everything else."""
    if isinstance(value, bool | np.bool_):
        return str(value)
    try:
        return repr(float(value))
    except (TypeError, ValueError):
        return str(value)
