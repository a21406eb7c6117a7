"""One hyperparameter: its kind, its values, and how they are checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from knowledge_base.space.cells import map_distinct
from knowledge_base.types import JsonObject

Value: TypeAlias = Any
"""A value of a hyperparameter: bool, int, float, str or None; the hyperparameter says which."""

NUMERIC = ("float", "int")

ROLES = (
    "learning_rate", "batch_size", "weight_decay", "n_layers", "units", "dropout", "momentum",
    "optimizer", "activation", "initialisation", "normalisation", "gradient_clipping",
    "schedule", "epochs", "patience",
)  # fmt: skip
"""What a hyperparameter may be in the training of a network, as the store's families call it."""

NONE = "None"
"""The cell of a frame in which the choice None was made; empty cells are inactive or missing. A
space with the choice None has no choice that is this text."""

TOLERANCE = 1e-9
"""How far a number may lie outside the bounds: relative to a bound where the scale is
logarithmic, to the largest of the bounds and their distance otherwise. Whole numbers have none."""

STEP_TOLERANCE = 1e-6
"""How far a number may lie beside the grid of its steps, as a share of a step."""


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
        step: distance of neighbouring values of a number, from `low` on; None for every float,
            or every whole number.
        role: which of `ROLES` it is in the training of a network, where that was said. It does
            not enter the identity of a space, since it changes no configuration.
    """

    name: str
    kind: str
    default: Value
    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[Value, ...] = ()
    step: float | None = None
    role: str | None = None

    def to_dict(self) -> JsonObject:
        """Return it in ConfigSpace's serialised form; a step, which that lacks, is added."""
        meta = None if self.role is None else {"role": self.role}
        if self.kind in NUMERIC:
            plain: JsonObject = {
                "type": f"uniform_{self.kind}",
                "name": self.name,
                "lower": self.low,
                "upper": self.high,
                "default_value": self.default,
                "log": self.log,
                "meta": meta,
            }
            return plain if self.step is None else {**plain, "step": self.step}
        plain = {"type": self.kind, "name": self.name}
        if self.kind == "constant":
            return {**plain, "value": self.choices[0], "meta": meta}
        values = "choices" if self.kind == "categorical" else "sequence"
        plain[values] = list(self.choices)
        if self.kind == "categorical":
            plain["weights"] = None
        return {**plain, "default_value": self.default, "meta": meta}

    def cell(self, value: object) -> object:
        """Return how a value stands in a frame: the choice None as `NONE`, others as they are."""
        return NONE if value is None and self.offers_none else value

    def value(self, cell: object) -> object:
        """Return the value that a cell of a clean frame, which is not empty, stands for."""
        return None if cell == NONE and self.offers_none else cell

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
            steps = "" if self.step is None else f" in steps of {self.step:g}"
            return f"{whole}[{self.low:g}, {self.high:g}]{steps}"
        return "{" + ", ".join(map(str, self.choices)) + "}"

    @property
    def count(self) -> int | None:
        """How many values it has, None for floats without a step."""
        if self.choices:
            return len(self.choices)
        assert self.low is not None
        assert self.high is not None
        if self.step is not None:
            return round((self.high - self.low) / self.step) + 1
        return int(self.high) - int(self.low) + 1 if self.kind == "int" else None

    def grid(self, places: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the numbers at these places of the grid of steps, `low` being at 0."""
        assert self.low is not None
        assert self.high is not None
        step = 1.0 if self.step is None else self.step
        values = self.low + np.asarray(places, dtype=float) * step
        # Sums of floats such as 0.1 * 3 are rounded to the digits that people wrote.
        decimals = max(_decimals(self.low), _decimals(step))
        rounded = np.round(values, decimals) if decimals <= 15 else values
        return np.clip(rounded, self.low, self.high)

    def on_grid(self, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the values of the grid of steps that are nearest to some numbers."""
        assert self.low is not None
        step = 1.0 if self.step is None else self.step
        return self.grid(np.round((np.asarray(values, dtype=float) - self.low) / step))

    def values(self) -> list[Value]:
        """Return every value of a hyperparameter whose `count` is not None, in order.

        They are cells of a frame; see `cell`.
        """
        if self.choices:
            return list(self.cells)
        kind = int if self.kind == "int" else float
        return [kind(value) for value in self.grid(np.arange(self.count or 0))]

    def place(self, value: object) -> int | None:
        """Return where a choice stands among the choices; True is not 1, but 1.0 is."""
        return self._places.get(choice_key(value))

    @cached_property
    def offers_none(self) -> bool:
        """Whether None is a choice."""
        return any(choice is None for choice in self.choices)

    @cached_property
    def cells(self) -> tuple[Value, ...]:
        """The choices as they stand in a frame; see `cell`."""
        return tuple(self.cell(choice) for choice in self.choices)

    @cached_property
    def all_texts(self) -> bool:
        """Whether all choices are texts."""
        return all(isinstance(choice, str) for choice in self.choices)

    @cached_property
    def _places(self) -> dict[tuple[str, object], int]:
        found: dict[tuple[str, object], int] = {}
        for place, choice in enumerate(self.choices):
            found.setdefault(choice_key(choice), place)
        if self.offers_none:
            found.setdefault(choice_key(NONE), found[choice_key(None)])
        return found

    @cached_property
    def _spellings(self) -> dict[str, int]:
        """Places by other spellings of a choice that no second choice shares."""
        spelled = [dict.fromkeys((str(c), str(c).lower(), _number_text(c))) for c in self.choices]
        found: dict[str, list[int]] = {}
        for place, spellings in enumerate(spelled):
            for spelling in spellings:
                found.setdefault(spelling, []).append(place)
        return {spelling: places[0] for spelling, places in found.items() if len(places) == 1}

    def _coerce_number(self, column: pd.Series) -> tuple[pd.Series, pd.Series]:
        numbers = _plain_numbers(column)
        if numbers is None:
            none = column.map(_is_no_number).astype(bool)
            column = column.astype(object).mask(none, "no number")
            numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        assert self.low is not None
        assert self.high is not None
        low, high = self._reach(self.low, self.high)
        inside = (numbers >= low) & (numbers <= high)
        if self.kind == "int":
            inside &= numbers == np.round(numbers)
        # Not np.clip, which makes 0.0 of -0.0.
        clean = np.where(numbers < self.low, self.low, numbers).astype(float)
        clean = np.where(clean > self.high, self.high, clean).astype(float)
        if self.step is not None:
            places = (clean - self.low) / self.step
            inside &= np.abs(places - np.round(places)) <= STEP_TOLERANCE
            clean = self.grid(np.round(places))
        illegal = column.notna().to_numpy() & ~inside
        return pd.Series(clean, index=column.index), pd.Series(illegal, index=column.index)

    def _reach(self, low: float, high: float) -> tuple[float, float]:
        """Return the bounds with what rounding may have added."""
        if self.kind == "int":
            return low, high
        if self.log:
            return low * (1 - TOLERANCE), high * (1 + TOLERANCE)
        slack = TOLERANCE * max(abs(low), abs(high), high - low)
        return low - slack, high + slack

    def _coerce_choice(self, column: pd.Series) -> tuple[pd.Series, pd.Series]:
        def legal(cell: object) -> Value:
            place = self.place(cell)
            for spelling in (str(cell), _number_text(cell)):
                place = self._spellings.get(spelling) if place is None else place
            return None if place is None else self.cells[place]

        clean = pd.Series(map_distinct(column, legal), index=column.index, dtype=object)
        return clean, column.notna() & clean.isna()


def choice_key(value: object) -> tuple[str, object]:
    """Return what tells choices apart: True, 1 and "1" are three, but 1 and 1.0 are one."""
    if isinstance(value, bool | np.bool_):
        return "truth", bool(value)
    if isinstance(value, int | float | np.integer | np.floating):
        return "number", value
    if isinstance(value, str):
        return "text", value
    return "other", repr(value)


def same_choice(choices: Sequence[object]) -> tuple[object, object] | None:
    """Return two choices that programs do not tell apart, None where all differ.

    1, 1.0 and True are equal in Python; 1 and "1" look the same in a table.
    """
    known: dict[object, object] = {}
    for choice in choices:
        number = isinstance(choice, bool | int | float)
        keys: list[object] = [str(choice), ("number", choice)] if number else [str(choice)]
        for key in keys:
            if key in known:
                return known[key], choice
        known |= dict.fromkeys(keys, choice)
    return None


def _plain_numbers(column: pd.Series) -> npt.NDArray[np.float64] | None:
    """Return a column of one type of numbers as floats, None if it holds anything else.

    What pandas makes of a mixture is left to pandas: -0.0 beside whole numbers becomes 0.0.
    """
    if pd.api.types.is_float_dtype(column) or pd.api.types.is_integer_dtype(column):
        return column.to_numpy(dtype=float, na_value=np.nan)
    if column.dtype != object:
        return None
    cells = column.tolist()
    types = {type(cell) for cell in cells if cell is not None}
    if types - {int, float} or len(types) > 1 or any(_is_no_number(cell) for cell in cells):
        return None
    return np.array([np.nan if cell is None else cell for cell in cells], dtype=float)


def _is_no_number(cell: object) -> bool:
    """Return whether pandas would take what is no number for one, or stumble over it."""
    if isinstance(cell, int) and not isinstance(cell, bool):
        return not -(2**64) < cell < 2**64
    return not isinstance(cell, str | float | np.integer | np.floating | None) and cell is not pd.NA


def _decimals(value: float) -> int:
    exponent = Decimal(repr(float(value))).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _number_text(value: Value) -> str:
    """Return one spelling for 1, 1.0 and "1.0", and the plain text for everything else."""
    if isinstance(value, bool | np.bool_):
        return str(value)
    try:
        return repr(float(value))
    except (TypeError, ValueError, OverflowError):
        return str(value)
