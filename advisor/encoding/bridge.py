"""Points of one space as points of another, by the roles of their hyperparameters.

A family of the store knows what a learning rate of 0.1 does; somebody's space has one by another
name, in other bounds, on another scale. A bridge says for every encoded point of that space where
it lies in the family's own: each column of the family is a sum of functions of single columns of
the new space, kept as tables, and what has no partner stands where it is put.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from advisor.encoding.cube import to_frame
from advisor.encoding.encoder import Encoder
from advisor.encoding.roles import choice_of, roles_of
from knowledge_base.space import Hyperparameter, SpaceDefinition
from knowledge_base.space.hyperparameter import ROLES

GRID = 129
"""Places of a number at which its partner is known; between them it is interpolated."""

REACH = 0.5
"""How far outside the family's bounds, in units of their distance, a number may lie.

Beyond its bounds a family knows less and less, and expects at last what is usual."""


@dataclass(frozen=True)
class Bridge:
    """From encoded points of a space (d columns) to encoded points of a family's (e columns).

    Attributes:
        sources: for each of l links the column of the space, shape (l,).
        targets: for each the column of the family, shape (l,).
        tables: what is added there for values of 0 to 1 in the space, shape (l, GRID).
        bases: where the family's columns stand without links, one row per variant of what the
            space does not say, shape (v, e); zero where links say it.
    """

    sources: np.ndarray
    targets: np.ndarray
    tables: np.ndarray
    bases: np.ndarray

    @property
    def covered(self) -> np.ndarray:
        """Which columns of the family are linked, boolean, shape (e,)."""
        found = np.zeros(self.bases.shape[1], dtype=bool)
        found[self.targets] = True
        return found

    def across(self, points: np.ndarray) -> np.ndarray:
        """Return encoded points of the space as points of the family, shape (v, n, e).

        Args:
            points: shape (n, d).
        """
        grid = np.linspace(0.0, 1.0, self.tables.shape[1]) if len(self.tables) else np.zeros(0)
        moved = np.zeros((len(points), self.bases.shape[1]))
        for source, target, table in zip(self.sources, self.targets, self.tables, strict=True):
            moved[:, target] += np.interp(points[:, source], grid, table)
        return self.bases[:, None, :] + moved

    def lengthscales(self, own: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
        """Return lengthscales in the space, shape (d,), of those in the family, shape (e,).

        Args:
            own: the family's.
            otherwise: the space's where no link says it, shape (d,).
        """
        found = otherwise.copy()
        for column in set(self.sources.tolist()):
            mine = self.sources == column
            # How fast scores change along the column: its squared slopes through all its links.
            steps = np.ptp(self.tables[mine], axis=1) / own[self.targets[mine]]
            slope = float(np.sqrt((steps**2).sum()))
            if slope > 1e-9:
                found[column] = 1 / slope
        return found

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return everything as plain arrays, for a file."""
        return {"sources": self.sources, "targets": self.targets, "tables": self.tables,
                "bases": self.bases}  # fmt: skip

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "Bridge":
        """Return what `to_arrays` wrote."""
        return cls(*(np.asarray(arrays[name]) for name in ("sources", "targets", "tables",
                                                           "bases")))  # fmt: skip


@dataclass(frozen=True)
class Partners:
    """Which hyperparameters of a space a family knows, and how the family's are called.

    Attributes:
        of: names in the space by the family's name.
        new: names in the space that the family knows nothing of.
    """

    of: Mapping[str, Sequence[str]]
    new: Sequence[str]


def partners(space: SpaceDefinition, family: SpaceDefinition) -> Partners:
    """Return who is whose partner: those of one role, or those of one name outside all roles."""
    theirs, roles = family.hyperparameters, roles_of(space)
    found: dict[str, list[str]] = {}
    for name, h in space.hyperparameters.items():
        if h.kind == "constant":
            continue
        role = roles.of.get(name)
        # What is called as a role and is none (a learning rate beside trees) is something else.
        named = role is None and name in theirs and name not in ROLES
        own = role if role in theirs else (name if named else None)
        if own is not None and _links(h, theirs[own]) is not None:
            found.setdefault(own, []).append(name)
    known = {name for names in found.values() for name in names}
    varying = [h.name for h in space.hyperparameters.values() if h.kind != "constant"]
    return Partners(found, [name for name in varying if name not in known])


def bridge(
    space: SpaceDefinition,
    family: SpaceDefinition,
    among: Partners,
    variants: Sequence[Mapping[str, object]],
) -> Bridge:
    """Return how points of a space are points of a family's.

    Several partners of one hyperparameter (the units of several layers) count by their mean.

    Args:
        space: somebody's.
        family: the space of a family.
        among: what `partners` returns for both, or a part of it.
        variants: configurations of the family, for what the space does not say.
    """
    here, there = Encoder(space).columns, Encoder(family)
    places = {name: column for column, name in enumerate(here)}
    own = {name: column for column, name in enumerate(there.columns)}
    bases = there.encode(list(variants))
    sources, targets, tables = [], [], []
    for name, names in among.of.items():
        for partner in names:
            links = _links(space.hyperparameters[partner], family.hyperparameters[name])
            for (source, target), table in (links or {}).items():
                sources.append(places[source])
                targets.append(own[target])
                tables.append(table / len(names))
    found = Bridge(
        np.array(sources, dtype=int),
        np.array(targets, dtype=int),
        np.array(tables).reshape(len(tables), GRID),
        bases,
    )
    bases[:, found.covered] = 0.0
    return found


Links = dict[tuple[str, str], np.ndarray]
"""By column of the space and column of the family, what is added at the places of the grid."""


def _links(h: Hyperparameter, own: Hyperparameter) -> Links | None:
    """Return how one hyperparameter says where its partner stands, None where it cannot."""
    if own.kind == "categorical":
        return _to_choices(h, own)
    if h.choices:
        places = [_place(choice, own) for choice in h.choices]
        if any(place is None for place in places):
            return None
        known = [float(place or 0.0) for place in places]
        if h.kind == "ordinal":
            return {(h.name, own.name): _over_ranks(np.array(known))}
        return {
            (f"{h.name}={choice}", own.name): np.linspace(0.0, place, GRID)
            for choice, place in zip(h.choices, known, strict=True)
        }
    return {(h.name, own.name): np.array([_place(value, own) for value in _values(h)])}


def _to_choices(h: Hyperparameter, own: Hyperparameter) -> Links | None:
    """Return the links to a choice: of choices by what they mean, of numbers to the nearest."""
    if h.choices:
        meant = [choice_of(own.name, choice, own.choices) for choice in h.choices]
    else:
        meant = [_nearest(value, own) for value in _values(h)]
    if all(choice is None for choice in meant):
        return None
    links: Links = {}
    for target in own.choices:
        there = np.array([choice == target for choice in meant], dtype=float)
        # What is no choice of the family's stands between all of them.
        there[[choice is None for choice in meant]] = 1 / len(own.choices)
        column = f"{own.name}={target}"
        if h.kind == "categorical":
            for choice, amount in zip(h.choices, there, strict=True):
                if amount:
                    links[f"{h.name}={choice}", column] = np.linspace(0.0, amount, GRID)
        else:
            links[h.name, column] = _over_ranks(there) if h.choices else there
    return links


def _over_ranks(known: np.ndarray) -> np.ndarray:
    """Return what is known at each of some ordered choices at the places of the grid."""
    at = np.linspace(0.0, 1.0, max(len(known), 2))
    values = known if len(known) > 1 else np.repeat(known, 2)
    found: np.ndarray = np.interp(np.linspace(0.0, 1.0, GRID), at, values)
    return found


def _values(h: Hyperparameter) -> np.ndarray:
    """Return the values of a number at the places of the grid."""
    low, high = float(h.low or 0), float(h.high or 0)
    if h.log:
        return np.exp(np.linspace(np.log(low), np.log(high), GRID))
    return np.linspace(low, high, GRID)


def _place(value: object, own: Hyperparameter) -> float | None:
    """Return where a value stands among a family's numbers, None where it is no number."""
    if isinstance(value, bool):
        return None
    try:
        number = float(str(value))
    except ValueError:
        return None
    low, high = float(own.low or 0), float(own.high or 0)
    if own.log:
        if number <= 0:
            return -REACH
        number, low, high = np.log(number), np.log(low), np.log(high)
    return float(np.clip((number - low) / (high - low), -REACH, 1 + REACH))


def _nearest(value: float, own: Hyperparameter) -> object | None:
    """Return the choice that is nearest to a number by its ratio, None where none is a number."""
    numbers = {}
    for choice in own.choices:
        try:
            numbers[choice] = float(choice)
        except ValueError:
            continue
    if not numbers or value <= 0:
        return None
    found: object = min(numbers, key=lambda choice: abs(_log(numbers[choice]) - _log(value)))
    return found


def far_side(
    family: SpaceDefinition,
    space: SpaceDefinition,
    among: Partners,
    keys: Sequence[str],
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Return configurations of a family in the terms of a space, one per row, not checked yet.

    Args:
        family: the space of the family.
        space: somebody's.
        among: what `partners` returns for both.
        keys: configurations of the family as JSON, length n.
        rng: draws what the family does not know; default, it stands at the space's default.
    """
    configs = [json.loads(key) for key in keys]
    linked = {partner: name for name, names in among.of.items() for partner in names}
    if rng is None:
        frame = pd.DataFrame([{name: h.default for name, h in space.hyperparameters.items()}
                              for _ in configs])  # fmt: skip
    else:
        frame = to_frame(space, rng.random((len(configs), len(space.hyperparameters))))
    for partner, name in linked.items():
        h = space.hyperparameters.get(partner)
        if h is None or h.kind == "constant":
            continue
        own = family.hyperparameters[name]
        cells = [_back(config.get(name, own.default), own, h) for config in configs]
        kept = frame[partner].tolist()
        column = [old if cell is None else cell for cell, old in zip(cells, kept, strict=True)]
        frame[partner] = pd.Series(column, dtype=object if h.choices else float)
    return frame


def _back(value: object, own: Hyperparameter, h: Hyperparameter) -> object | None:
    """Return the legal value nearest to a family's, None where nothing is like it."""
    if own.choices:
        if not h.choices:
            return None
        alike = (c for c in h.choices if choice_of(own.name, c, own.choices) == value)
        found: object = next(alike, None)
        return found
    number = float(str(value))
    if h.choices:
        nearest: object = min(h.choices, key=lambda c: abs(_log(float(str(c))) - _log(number)))
        return nearest
    assert h.low is not None
    assert h.high is not None
    near = min(max(number, h.low), h.high)
    if h.step is not None:
        return float(h.on_grid([near])[0])
    return float(round(near)) if h.kind == "int" else near


def _log(number: float) -> float:
    return float(np.log(max(number, 1e-12)))
