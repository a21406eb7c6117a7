"""Search spaces as they are stored, validated and identified.

The format is ConfigSpace's (Lindauer et al. 2019), read and written by its own
`from_serialized_dict` and `to_serialized_dict` in `advisor.encoding`. The library itself is
not used here: importing it takes half of what a whole recommendation may take (it imports
SciPy's distributions), and it validates one configuration at a time, where contributions
have 100,000 rows.
"""

import copy
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from knowledge_base.errors import SpaceError
from knowledge_base.identity import canonical_json, digest
from knowledge_base.space.clauses import parse_conditions, parse_forbiddens
from knowledge_base.space.conditions import (
    Clause,
    Rows,
    holds,
    is_forbidden,
    parents_of,
)
from knowledge_base.space.entries import SHOWN, check_keys, plain, shown
from knowledge_base.space.enumeration import ENUMERABLE, every, some_legal
from knowledge_base.space.hyperparameter import Hyperparameter
from knowledge_base.space.parsing import TOP_KEYS, check_text, parse_hyperparameters
from knowledge_base.space.reading import check_size, parse_json, read_file, yaml_text
from knowledge_base.types import Config, ConfigDict, JsonObject


class SpaceDefinition:
    """A search space: hyperparameters, conditions and forbidden combinations.

    Attributes:
        whole: the space that this one is a part of (see `restriction`), None for one that is
            whole. It does not enter the identity and is not stored.
    """

    def __init__(
        self,
        name: str,
        version: int,
        hyperparameters: Mapping[str, Hyperparameter],
        conditions: tuple[Clause, ...],
        forbiddens: tuple[Clause, ...],
    ) -> None:
        """Take checked parts; use `from_dict` or `read` to make one."""
        self.name, self.version = name, version
        self.whole: SpaceDefinition | None = None
        self.hyperparameters = MappingProxyType(dict(hyperparameters))
        self.conditions, self.forbiddens = conditions, forbiddens

    def __getstate__(self) -> dict[str, object]:
        """Return what is pickled: views of dictionaries cannot be."""
        return {**self.__dict__, "hyperparameters": dict(self.hyperparameters)}

    def __setstate__(self, state: Mapping[str, object]) -> None:
        """Take what was pickled."""
        self.__dict__.update(state)
        self.hyperparameters = MappingProxyType(dict(self.hyperparameters))

    @classmethod
    def from_dict(
        cls, given: object, where: str = "the space", stored: bool = False
    ) -> "SpaceDefinition":
        """Read ConfigSpace's serialised form, or the lenient form that people write.

        Args:
            given: dictionary with `hyperparameters`, a list or a mapping by name.
            where: name of the space in errors, such as its file.
            stored: whether it was accepted before and stored, maybe by an older version, which
                refused less: what only cannot be searched well is not refused again, so that
                trials of such a space stay readable.

        Raises:
            SpaceError: a key is mistyped, low > high, a parent is unknown, and so on.
        """
        if not isinstance(given, Mapping):
            raise SpaceError(f"{where} holds no search space: expected keys such as "
                             "'hyperparameters'.")  # fmt: skip
        check_size(given, where)
        check_keys(given, TOP_KEYS, where)
        hyperparameters = parse_hyperparameters(given.get("hyperparameters"), where, stored)
        conditions = parse_conditions(given.get("conditions"), hyperparameters, where, stored)
        forbiddens = parse_forbiddens(given.get("forbiddens"), hyperparameters, where, stored)
        name, version = _name(given, where, stored), _version(given, where)
        found = cls(name, version, hyperparameters, conditions, forbiddens)
        try:
            found.to_json()
        except (ValueError, TypeError) as error:
            raise SpaceError(f"{where} holds a value that no file can: {error}.") from None
        if not stored:
            found.refuse_forbidden_default(where)
        return found

    @classmethod
    def from_json(cls, text: str, where: str = "the space") -> "SpaceDefinition":
        """Read the JSON text of a space that was stored; see `from_dict`.

        Raises:
            SpaceError: it is no JSON, or no search space.
        """
        try:
            given = parse_json(text)
        except (ValueError, TypeError, RecursionError) as error:
            raise SpaceError(f"{where} is no JSON: {error}.") from error
        return cls.from_dict(given, where, stored=True)

    @classmethod
    def read(cls, path: str | Path) -> "SpaceDefinition":
        """Read a .json, .yaml or .yml file.

        Raises:
            SpaceError: the file is missing, unreadable or wrong.
        """
        path = Path(path)
        given = read_file(path)
        if isinstance(given, Mapping):
            given = {"name": path.stem, **given}
        return cls.from_dict(given, str(path))

    def write(self, path: str | Path) -> None:
        """Write JSON or, for .yaml and .yml, YAML; ConfigSpace reads both."""
        path = Path(path)
        given = self.to_dict()
        as_yaml = path.suffix in (".yaml", ".yml")
        text = yaml_text(given) if as_yaml else json.dumps(given, indent=2)
        path.write_text(text, encoding="utf-8")

    def to_dict(self) -> JsonObject:
        """Return ConfigSpace's serialised form (format version 0.4)."""
        return {
            "name": self.name,
            "meta": {"version": self.version},
            "hyperparameters": [h.to_dict() for h in self.hyperparameters.values()],
            "conditions": copy.deepcopy(list(self.conditions)),
            "forbiddens": copy.deepcopy(list(self.forbiddens)),
            "python_module_version": "1.2.0",
            "format_version": 0.4,
        }

    def to_json(self) -> str:
        """Return the canonical JSON text."""
        return canonical_json(self.to_dict())

    @cached_property
    def space_id(self) -> str:
        """Digest of which configurations are legal; name, version and roles do not matter."""
        parts = [h.to_dict() for h in self.hyperparameters.values()]
        for part in parts:
            part["meta"] = None
            for bound in ("lower", "upper", "default_value", "step"):
                if isinstance(part.get(bound), int | float) and part["type"] == "uniform_float":
                    part[bound] = float(part[bound])
        return digest("space", parts, list(self.conditions), list(self.forbiddens))

    def default(self) -> ConfigDict:
        """Return the default configuration, active hyperparameters only."""
        return dict(self._default)

    @cached_property
    def _default(self) -> ConfigDict:
        return self.complete({name: h.default for name, h in self.hyperparameters.items()})

    def active(self, config: Config) -> set[str]:
        """Return the names that are active in `config`, by its conditions."""
        frame, _ = self._coerced(self.frame([config]))
        return {name for name, rows in self._active(frame).items() if rows[0]}

    def complete(self, config: Config) -> ConfigDict:
        """Return `config` with inactive hyperparameters dropped and types made right.

        Raises:
            SpaceError: a hyperparameter is unknown or missing, or a value is illegal.
        """
        unknown = [name for name in config if name not in self.hyperparameters]
        check_keys(unknown, tuple(self.hyperparameters), f"configuration of space '{self.name}'")
        clean, reasons = self.check(self.frame([config]))
        if reasons.iloc[0]:
            raise SpaceError(
                f"The configuration is not in the space '{self.name}': {reasons.iloc[0]}."
            )
        return self.records(clean)[0]

    def validate(self, frame: pd.DataFrame) -> pd.Series:
        """Return why each row is no legal configuration, '' if it is one; see `check`."""
        return self.check(frame)[1]

    def check(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
        """Return the frame in the right types and why each row is illegal, '' if it is legal.

        Values of inactive hyperparameters are not looked at; their cells come back empty.

        Args:
            frame: one column per hyperparameter (missing columns count as empty), NaN or
                None where a configuration has no value; n rows.
        """
        frame = frame.reindex(columns=list(self.hyperparameters))
        clean, illegal = self._coerced(frame)
        active = self._active(clean)
        for name, rows in active.items():
            if not rows.all():
                clean[name] = clean[name].where(rows)
        reasons = np.full(len(frame), "", dtype=object)
        free = np.ones(len(frame), dtype=bool)  # Rows that nothing was found against.
        for name, hyperparameter in self.hyperparameters.items():
            absent = free & active[name] & frame[name].isna().to_numpy()
            reasons[absent] = f"{name} is missing"
            free &= ~absent
            wrong = free & active[name] & illegal[name]
            if wrong.any():
                legal = hyperparameter.describe()
                reasons[wrong] = [
                    f"{name} = {_cell(cell)} is outside {legal}" for cell in frame[name][wrong]
                ]
                free &= ~wrong
        for clause in self.forbiddens:
            excluded = free & is_forbidden(clause, clean, self.hyperparameters)
            reasons[excluded] = f"the combination {canonical_json(clause)} is forbidden"
            free &= ~excluded
        return clean, pd.Series(reasons, index=frame.index, dtype=object)

    def clean(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame in the right types, inactive cells empty; rows must be legal."""
        return self.check(frame)[0]

    def records(self, clean: pd.DataFrame) -> list[ConfigDict]:
        """Return rows of a clean frame as configurations, active hyperparameters only."""
        columns = []
        for name, hyperparameter in self.hyperparameters.items():
            kind = {"int": int, "float": float}.get(hyperparameter.kind)
            present = clean[name].notna().to_numpy()
            cells = clean[name].tolist()
            if hyperparameter.offers_none:
                cells = [hyperparameter.value(cell) for cell in cells]
            if kind is not None:
                cells = [kind(c) if p else c for c, p in zip(cells, present, strict=True)]
            columns.append((name, cells, present))
        return [
            {name: cells[row] for name, cells, present in columns if present[row]}
            for row in range(len(clean))
        ]

    def frame(self, configs: Sequence[Config]) -> pd.DataFrame:
        """Return configurations as rows, one column per hyperparameter, None where one lacks it.

        The choice None stands there as `knowledge_base.space.hyperparameter.NONE`.
        """
        names = list(self.hyperparameters)
        rows = [[config.get(name) for name in names] for config in configs]
        for column, h in enumerate(self.hyperparameters.values()):
            for row, config in zip(rows, configs, strict=True) if h.offers_none else ():
                row[column] = h.cell(config[h.name]) if h.name in config else None
        return pd.DataFrame(rows, columns=names, dtype=object)

    def _coerced(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Rows]]:
        clean, illegal = {}, {}
        for name, hyperparameter in self.hyperparameters.items():
            clean[name], wrong = hyperparameter.coerce(frame[name])
            illegal[name] = wrong.to_numpy(dtype=bool)
        return pd.DataFrame(clean, index=frame.index), illegal

    def _active(self, frame: pd.DataFrame) -> dict[str, Rows]:
        active: dict[str, Rows] = {}
        for name in self.order:
            active[name] = self.active_rows(name, frame, active)
        return {name: active[name] for name in self.hyperparameters}

    def active_rows(self, name: str, frame: pd.DataFrame, active: Mapping[str, Rows]) -> Rows:
        """Return in which rows a hyperparameter is active, shape (n,).

        Args:
            name: the hyperparameter.
            frame: clean values of those that its condition looks at; n rows.
            active: rows in which these are active.
        """
        condition = self._conditions.get(name)
        if condition is None:
            return np.ones(len(frame), dtype=bool)
        return holds(condition, frame, active, self.hyperparameters)

    @cached_property
    def _conditions(self) -> dict[str, Clause]:
        return {condition["child"]: condition for condition in self.conditions}

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The hyperparameters, each after those that its condition looks at."""
        above = {child: parents_of(condition) for child, condition in self._conditions.items()}
        order: dict[str, None] = {}
        waiting = list(self.hyperparameters)
        while waiting:
            name = waiting.pop(0)
            if above.get(name, set()) <= order.keys():
                order[name] = None
            else:
                waiting.append(name)
        return tuple(order)

    def every(self, limit: int = ENUMERABLE) -> pd.DataFrame | None:
        """Return all configurations as a clean frame, one per row; see `check`.

        Args:
            limit: most rows that are looked at, forbidden ones with them.

        Returns:
            None where there are more than `limit`, or infinitely many.
        """
        return every(self, limit)

    @cached_property
    def size(self) -> int | None:
        """How many configurations the space has, None for infinitely or very many.

        Conditions and forbidden combinations are looked at; "very many" is `ENUMERABLE`.
        """
        found = self.every()
        return None if found is None else len(found)

    def refuse_forbidden_default(self, where: str, only_empty: bool = False) -> None:
        """Refuse a space in which the default, or everything, is forbidden.

        Args:
            where: name of the space in errors.
            only_empty: whether a default that is forbidden is let pass.

        Raises:
            SpaceError: it is so.
        """
        if not self.forbiddens:
            return
        default = {name: h.default for name, h in self.hyperparameters.items()}
        _, reasons = self.check(self.frame([default]))
        if not reasons.iloc[0]:
            return
        found, whole = some_legal(self)
        if whole and found is None:
            raise SpaceError(f"{where}: every configuration is forbidden.")
        if only_empty:
            return
        better = "" if found is None else f", such as {canonical_json(found)}"
        raise SpaceError(
            f"{where}: the default configuration is not legal: {reasons.iloc[0]}; give defaults "
            f"that are{better}."
        )


def _name(given: Mapping[str, object], where: str, stored: bool) -> str:
    name = plain(given.get("name")) or "space"
    if stored:
        check_text(str(name), "a name", where, stored)
        return str(name)
    if isinstance(name, bool) or not isinstance(name, str | int | float):
        raise SpaceError(f"{where}: the name must be a text, not {shown(name)}.")
    check_text(str(name), "a name", where)
    return str(name)


def _version(given: Mapping[str, object], where: str) -> int:
    meta = given.get("meta") or {}
    if not isinstance(meta, Mapping):
        raise SpaceError(f"{where}: meta must be keys and values, not {shown(meta)}.")
    version = plain(given.get("version", meta.get("version", 1)))
    if not isinstance(version, int) or isinstance(version, bool):
        raise SpaceError(f"{where}: version must be a whole number, not {shown(version)}.")
    if abs(version) >= 2**63:
        raise SpaceError(f"{where}: version must be a whole number below 2**63.")
    return version


def _cell(cell: object) -> str:
    """Return a wrong cell as a reason shows it."""
    text = str(cell) if isinstance(cell, str) and cell.isprintable() else shown(cell)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
