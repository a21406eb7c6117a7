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
import yaml

from knowledge_base.errors import SpaceError
from knowledge_base.identity import canonical_json, digest
from knowledge_base.space.conditions import Clause, Rows, holds, is_forbidden, parents_of
from knowledge_base.space.hyperparameter import Hyperparameter
from knowledge_base.space.parsing import (
    TOP_KEYS,
    check_keys,
    parse_conditions,
    parse_forbiddens,
    parse_hyperparameters,
)
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

    @classmethod
    def from_dict(cls, given: object, where: str = "the space") -> "SpaceDefinition":
        """Read ConfigSpace's serialised form, or the lenient form that people write.

        Args:
            given: dictionary with `hyperparameters`, a list or a mapping by name.
            where: name of the space in errors, such as its file.

        Raises:
            SpaceError: a key is mistyped, low > high, a parent is unknown, and so on.
        """
        if not isinstance(given, Mapping):
            raise SpaceError(f"{where} holds no search space: expected keys such as "
                             "'hyperparameters'.")  # fmt: skip
        check_keys(given, TOP_KEYS, where)
        hyperparameters = parse_hyperparameters(given.get("hyperparameters"), where)
        conditions = parse_conditions(given.get("conditions"), hyperparameters, where)
        forbiddens = parse_forbiddens(given.get("forbiddens"), hyperparameters, where)
        meta = given.get("meta") or {}
        version = given.get("version", meta.get("version", 1))
        if not isinstance(version, int) or isinstance(version, bool):
            raise SpaceError(f"{where}: version must be a whole number, not {version!r}.")
        name = str(given.get("name") or "space")
        return cls(name, version, hyperparameters, conditions, forbiddens)

    @classmethod
    def from_json(cls, text: str, where: str = "the space") -> "SpaceDefinition":
        """Read JSON text; see `from_dict`."""
        return cls.from_dict(json.loads(text), where)

    @classmethod
    def read(cls, path: str | Path) -> "SpaceDefinition":
        """Read a .json, .yaml or .yml file.

        Raises:
            SpaceError: the file is missing, unreadable or wrong.
        """
        path = Path(path)
        if not path.is_file():
            raise SpaceError(f"The space file {path} does not exist.")
        try:
            given = yaml.safe_load(path.read_text(encoding="utf-8"))  # YAML includes JSON.
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            reason = " ".join(str(error).split())
            raise SpaceError(f"{path} is neither YAML nor JSON: {reason}") from error
        if isinstance(given, Mapping):
            given = {"name": path.stem, **given}
        return cls.from_dict(given, str(path))

    def write(self, path: str | Path) -> None:
        """Write JSON or, for .yaml and .yml, YAML; ConfigSpace reads both."""
        path = Path(path)
        plain = self.to_dict()
        as_yaml = path.suffix in (".yaml", ".yml")
        text = yaml.safe_dump(plain, sort_keys=False) if as_yaml else json.dumps(plain, indent=2)
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
        """Digest of which configurations are legal; name and version do not matter."""
        parts = [h.to_dict() for h in self.hyperparameters.values()]
        for part in parts:
            for bound in ("lower", "upper", "default_value"):
                if isinstance(part.get(bound), int | float) and part["type"] == "uniform_float":
                    part[bound] = float(part[bound])
        return digest("space", parts, list(self.conditions), list(self.forbiddens))

    def default(self) -> ConfigDict:
        """Return the default configuration, active hyperparameters only."""
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
        reasons = pd.Series("", index=frame.index, dtype=object)
        for name, hyperparameter in self.hyperparameters.items():
            absent = active[name] & frame[name].isna().to_numpy() & (reasons == "").to_numpy()
            reasons[absent] = f"{name} is missing"
            wrong = active[name] & illegal[name] & (reasons == "").to_numpy()
            if wrong.any():
                legal = hyperparameter.describe()
                cells = [f"{name} = {cell} is outside {legal}" for cell in frame.loc[wrong, name]]
                reasons[wrong] = np.array(cells, dtype=object)
        for clause in self.forbiddens:
            excluded = is_forbidden(clause, clean) & (reasons == "").to_numpy()
            reasons[excluded] = f"the combination {canonical_json(clause)} is forbidden"
        for name, rows in active.items():
            if not rows.all():
                clean[name] = clean[name].where(rows)
        return clean, reasons

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
            if kind is not None:
                cells = [kind(c) if p else c for c, p in zip(cells, present, strict=True)]
            columns.append((name, cells, present))
        return [
            {name: cells[row] for name, cells, present in columns if present[row]}
            for row in range(len(clean))
        ]

    def frame(self, configs: Sequence[Config]) -> pd.DataFrame:
        """Return configurations as rows, one column per hyperparameter, None where one lacks it."""
        names = list(self.hyperparameters)
        rows = [[config.get(name) for name in names] for config in configs]
        return pd.DataFrame(rows, columns=names, dtype=object)

    def _coerced(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Rows]]:
        clean, illegal = {}, {}
        for name, hyperparameter in self.hyperparameters.items():
            clean[name], wrong = hyperparameter.coerce(frame[name])
            illegal[name] = wrong.to_numpy(dtype=bool)
        return pd.DataFrame(clean, index=frame.index), illegal

    def _active(self, frame: pd.DataFrame) -> dict[str, Rows]:
        everywhere = np.ones(len(frame), dtype=bool)
        conditions = {condition["child"]: condition for condition in self.conditions}
        active: dict[str, Rows] = {}
        waiting = list(self.hyperparameters)
        while waiting:
            name = waiting.pop(0)
            condition = conditions.get(name)
            if condition is None:
                active[name] = everywhere
            elif parents_of(condition) <= active.keys():
                active[name] = holds(condition, frame, active)
            else:
                waiting.append(name)
        return {name: active[name] for name in self.hyperparameters}
