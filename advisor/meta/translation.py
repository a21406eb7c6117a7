"""Trials of one search space as points of another one.

A past task may lack a hyperparameter of the new space, have one that the new space lacks,
call it differently, or search it in other bounds. What is common still helps: a past task
is fitted on the columns that it has.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import SupportsFloat

import numpy as np
import pandas as pd

from advisor.encoding import Encoder
from advisor.encoding.aliases import match_names
from knowledge_base.identity import canonical_json
from knowledge_base.space import Hyperparameter, SpaceDefinition
from knowledge_base.space.hyperparameter import NONE
from knowledge_base.types import Config, ConfigDict

REACH = 1.0
"""How far outside the bounds, in units of their distance, a value may lie and still count."""


def added_since(spaces: pd.DataFrame, space: SpaceDefinition) -> dict[str, ConfigDict]:
    """Return what `space` has beyond its earlier versions, with defaults, by their identity.

    Args:
        spaces: as the knowledge base has them, one per row.
        space: the present version.
    """
    earlier = spaces[(spaces["name"] == space.name) & (spaces["version"] < space.version)]
    conditional = {condition["child"] for condition in space.conditions}
    found = {}
    for row in earlier.itertuples():
        known = {part["name"] for part in json.loads(str(row.definition))["hyperparameters"]}
        found[str(row.space_id)] = {
            name: h.default
            for name, h in space.hyperparameters.items()
            if name not in known | conditional
        }
    return found


def upgraded(trials: pd.DataFrame, added: Mapping[str, Config]) -> pd.DataFrame:
    """Return trials of earlier versions as the trials of this one that they are.

    A hyperparameter comes with a default that is what was done before it was there.

    Args:
        trials: with the columns `space_id` and `config` (JSON).
        added: what `added_since` returns.
    """
    old = trials["space_id"].isin(list(added)).to_numpy()
    if not old.any():
        return trials
    configs = trials["config"].to_numpy(dtype=object).copy()
    configs[old] = [
        canonical_json({**added[space_id], **json.loads(text)})
        for space_id, text in zip(trials["space_id"][old], configs[old], strict=True)
    ]
    return trials.assign(config=configs)


@dataclass(frozen=True)
class Translated:
    """Configurations of one task in terms of a space.

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
    legal: Sequence[Config]
    exact: np.ndarray


def translate(tasks: Sequence[Sequence[str]], space: SpaceDefinition) -> list[Translated | None]:
    """Return past configurations in terms of `space`, None for what has nothing in common.

    Args:
        tasks: for each past task its configurations, as JSON.
        space: the search space of the new task.
    """
    parsed = [[json.loads(text) for text in texts] for texts in tasks]
    # Tasks with the same hyperparameters are translated together, since translating one table
    # takes nearly as long as translating many rows.
    groups: dict[frozenset[str], list[int]] = {}
    for place, configs in enumerate(parsed):
        names = frozenset(name for config in configs for name in config)
        groups.setdefault(names, []).append(place)
    found: list[Translated | None] = [None] * len(tasks)
    for names, places in groups.items():
        matches = match_names(space.hyperparameters, sorted(names))
        if matches:
            together = _translated([parsed[place] for place in places], matches, space)
            for place, translated in zip(places, together, strict=True):
                found[place] = translated
    return found


def _translated(
    tasks: Sequence[Sequence[Config]],
    names: Mapping[str, str],
    space: SpaceDefinition,
) -> list[Translated | None]:
    configs = [config for task in tasks for config in task]
    columns = {name: _column(configs, source) for name, source in names.items()}
    frame = pd.DataFrame(columns).reindex(columns=list(space.hyperparameters))
    nearest = pd.DataFrame({h.name: _nearest(h, frame[h.name]) for h in _all(space)})
    clean, reasons = space.check(nearest)
    encoder = Encoder(space)
    inputs = encoder.encode_frame(clean)
    _reach_out(inputs, encoder, space, frame, clean)
    usable = (reasons == "").to_numpy()
    legal = space.records(clean)
    renamed = all(name == source for name, source in names.items())
    found: list[Translated | None] = []
    first = 0
    for task in tasks:
        part = slice(first, first + len(task))
        first += len(task)
        exact = [
            renamed and _same(given, config)
            for given, config in zip(task, legal[part], strict=True)
        ]
        found.append(_task(usable[part], inputs[part], legal[part], np.array(exact, dtype=bool)))
    return found


def _task(
    usable: np.ndarray, inputs: np.ndarray, legal: Sequence[Config], exact: np.ndarray
) -> Translated | None:
    rows = np.flatnonzero(usable)
    if not len(rows):
        return None
    inputs = inputs[rows]
    known = np.ptp(inputs, axis=0) > 1e-9
    return Translated(rows, inputs * known, known, [legal[int(row)] for row in rows], exact[rows])


def _column(configs: Sequence[Config], name: str) -> pd.Series:
    """Return one hyperparameter, as numbers where all its values are."""
    cells = [_cell(config, name) for config in configs]
    if all(type(cell) in (int, float) or cell is None for cell in cells):
        return pd.Series(cells, dtype=float)
    return pd.Series(cells, dtype=object)


def _cell(config: Config, name: str) -> object:
    """Return a value as a cell: the choice None as a text, None where there is no value."""
    value = config.get(name)
    return NONE if value is None and name in config else value


def _all(space: SpaceDefinition) -> Sequence[Hyperparameter]:
    return list(space.hyperparameters.values())


def _nearest(h: Hyperparameter, column: pd.Series) -> pd.Series:
    """Return the column with legal values only; the default stands where there is none."""
    if h.choices:
        legal, _ = h.coerce(column)
        return legal.where(legal.notna(), h.cell(h.default)).astype(object)
    assert h.low is not None
    assert h.high is not None
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    if h.kind == "int":
        numbers = numbers.round()
    near = numbers.clip(h.low, h.high).fillna(float(h.default))
    return near if h.step is None else pd.Series(h.on_grid(near), index=near.index)


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


def _same(config: Config, legal: Config) -> bool:
    if config == legal and not any(isinstance(value, bool) for value in config.values()):
        return True  # the common case, by far
    if config.keys() != legal.keys():
        return False
    return all(_equal(config[name], value) for name, value in legal.items())


def _equal(a: object, b: object) -> bool:
    if isinstance(a, bool) or isinstance(b, bool | str):
        return bool(a == b) or str(a) == str(b)
    if isinstance(a, str | SupportsFloat) and isinstance(b, str | SupportsFloat):
        with suppress(ValueError):
            return bool(np.isclose(float(a), float(b), rtol=1e-9, atol=0.0))
    return bool(a == b)
