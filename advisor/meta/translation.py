"""Trials of one search space as points of another one.

A past task may lack a hyperparameter of the new space, have one that the new space lacks,
call it differently, or search it in other bounds. What is common still helps: a past task
is fitted on the columns that it has.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from advisor.meta.aliases import match_names
from advisor.spaces import Encoder
from knowledge_base.space import Hyperparameter, SpaceDefinition

REACH = 1.0
"""How far outside the bounds, in units of their distance, a value may lie and still count."""


@dataclass(frozen=True)
class Translated:
    """Configurations in terms of a space.

    Attributes:
        rows: which of the given ones could be used, shape (n,).
        inputs: encoded, shape (n, d); unknown columns are zero; values outside the bounds
            of the space are outside [0, 1].
        known: which columns vary, boolean, shape (d,).
        legal: the nearest legal configuration of the space, length n.
        exact: whether that is the very configuration, boolean, shape (n,).
    """

    rows: np.ndarray
    inputs: np.ndarray
    known: np.ndarray
    legal: Sequence[Mapping[str, Any]]
    exact: np.ndarray


def translate(texts: Sequence[str], space: SpaceDefinition) -> Translated | None:
    """Return past configurations in terms of `space`, None if they have nothing in common.

    Args:
        texts: configurations of one task, as JSON.
        space: of the new task.
    """
    configs = [json.loads(text) for text in texts]
    given = pd.DataFrame(configs, dtype=object)
    names = match_names(space.hyperparameters, given.columns)
    if not names:
        return None
    frame = pd.DataFrame({name: given[source] for name, source in names.items()})
    frame = frame.reindex(columns=list(space.hyperparameters))
    nearest = pd.DataFrame({h.name: _nearest(h, frame[h.name]) for h in _all(space)})
    clean, reasons = space.check(nearest)
    encoder = Encoder(space)
    inputs = encoder.encode_frame(clean)
    _reach_out(inputs, encoder, space, frame, clean)
    rows = np.flatnonzero((reasons == "").to_numpy())
    if not len(rows):
        return None
    inputs = inputs[rows]
    known = np.ptp(inputs, axis=0) > 1e-9
    inputs = inputs * known
    legal = space.records(clean.iloc[rows].reset_index(drop=True))
    renamed = all(name == source for name, source in names.items())
    pairs = zip(rows, legal, strict=True)
    exact = [renamed and _same(configs[row], config) for row, config in pairs]
    return (
        Translated(rows, inputs, known, legal, np.array(exact, dtype=bool)) if len(rows) else None
    )


def _all(space: SpaceDefinition) -> Sequence[Hyperparameter]:
    return list(space.hyperparameters.values())


def _nearest(h: Hyperparameter, column: pd.Series) -> pd.Series:
    """Return the column with legal values only; what has none gets the default."""
    if h.choices:
        legal, _ = h.coerce(column)
        return legal.where(legal.notna(), h.default).astype(object)
    assert h.low is not None
    assert h.high is not None
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    if h.kind == "int":
        numbers = numbers.round()
    return numbers.clip(h.low, h.high).fillna(float(h.default))


def _reach_out(
    inputs: np.ndarray,
    encoder: Encoder,
    space: SpaceDefinition,
    frame: pd.DataFrame,
    clean: pd.DataFrame,
) -> None:
    """Put active numbers that lie outside the bounds where they belong, up to `REACH`."""
    for h in _all(space):
        if h.choices:
            continue
        numbers = pd.to_numeric(frame[h.name], errors="coerce").to_numpy(dtype=float)
        low, high = float(h.low or 0), float(h.high or 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            if h.log:
                numbers, low, high = np.log(numbers), np.log(low), np.log(high)
            units = (numbers - low) / (high - low)
        outside = clean[h.name].notna().to_numpy() & np.isfinite(units)
        outside &= (units < 0) | (units > 1)
        column = encoder.columns.index(h.name)
        inputs[outside, column] = np.clip(units[outside], -REACH, 1 + REACH)


def _same(config: Mapping[str, Any], legal: Mapping[str, Any]) -> bool:
    if config.keys() != legal.keys():
        return False
    return all(_equal(config[name], value) for name, value in legal.items())


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, bool) or isinstance(b, bool | str):
        return bool(a == b) or str(a) == str(b)
    try:
        return bool(np.isclose(float(a), float(b), rtol=1e-9, atol=0.0))
    except (TypeError, ValueError):
        return bool(a == b)
