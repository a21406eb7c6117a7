"""Search spaces of Ray Tune as ours, and configurations back."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any  # Choices of Ray are of any kind.

from ray.tune.search.sample import (
    Categorical,
    Domain,
    Float,
    Integer,
    LogUniform,
    Quantized,
    Uniform,
)
from ray.tune.search.variant_generator import parse_spec_vars
from ray.tune.utils.util import flatten_dict

from knowledge_base.errors import UserError
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import Config, JsonObject


@dataclass(frozen=True)
class RaySpace:
    """A space, and how its configurations are parameters of Ray.

    Attributes:
        definition: the space.
        choices: what choices of a parameter stand for, by their texts, where those are no texts,
            numbers or truth values themselves.
        fixed: parameters that are not searched; those of a nested space have names with "/".
    """

    definition: SpaceDefinition
    choices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "RaySpace":
        """Return the `param_space` of Ray's tuner as a space.

        Raises:
            UserError: it holds a grid, a distribution that has no bounds, or nothing to search.
        """
        _, domains, grids = parse_spec_vars(dict(config))
        if grids:
            raise UserError(f"AdvisorSearch searches no grid: give '{_name(grids[0][0])}' as "
                            "tune.choice.")  # fmt: skip
        choices: dict[str, dict[str, Any]] = {}
        entries = [_entry(_name(path), domain, choices) for path, domain in domains]
        if not entries:
            raise UserError("The `param_space` of Ray's tuner holds nothing to search.")
        definition = SpaceDefinition.from_dict(
            {"name": "ray", "hyperparameters": entries}, where="the `param_space` of Ray's tuner"
        )
        searched = {entry["name"] for entry in entries}
        flat = flatten_dict(dict(config), "/", prevent_delimiter=False)
        return cls(definition, choices, {k: v for k, v in flat.items() if k not in searched})

    def params(self, config: Config) -> dict[str, Any]:
        """Return a configuration as parameters of Ray, flat."""
        found = dict(self.fixed)
        for name, value in config.items():
            meant = self.choices.get(name)
            found[name] = value if meant is None else meant[str(value)]
        return found

    def to_json(self) -> JsonObject:
        """Return it for a file, without objects that no file can hold; see `with_objects_of`."""
        return {"space": self.definition.to_dict()}

    @classmethod
    def from_json(cls, given: JsonObject) -> "RaySpace":
        """Return what `to_json` wrote."""
        return cls(SpaceDefinition.from_dict(given["space"], stored=True))

    def with_objects_of(self, other: "RaySpace") -> "RaySpace":
        """Return this space with the choices and fixed parameters of the same one.

        Raises:
            UserError: the other is another space.
        """
        if self.definition.space_id != other.definition.space_id:
            raise UserError("AdvisorSearch goes on in the space that was saved, not in another.")
        return other


def _name(path: tuple[str, ...]) -> str:
    return "/".join(map(str, path))


def _entry(name: str, domain: Domain, choices: dict[str, dict[str, Any]]) -> JsonObject:
    """Return a parameter as space files have it.

    Args:
        name: of the parameter.
        domain: of Ray.
        choices: where what texts stand for is added.

    Raises:
        UserError: the distribution has no bounds.
    """
    if isinstance(domain, Categorical):
        given = list(domain.categories)
        if all(isinstance(choice, str | bool | int | float) for choice in given):
            return {"name": name, "type": "categorical", "choices": given}
        texts = {json.dumps(choice, default=str): choice for choice in given}
        choices[name] = texts
        return {"name": name, "type": "categorical", "choices": list(texts)}
    sampler = domain.get_sampler()
    step = None
    if isinstance(sampler, Quantized):
        step, sampler = sampler.q, sampler.get_sampler()
    log = isinstance(sampler, LogUniform)
    if not isinstance(domain, Float | Integer) or not isinstance(sampler, LogUniform | Uniform):
        raise UserError(f"AdvisorSearch needs bounds for '{name}': give tune.uniform, loguniform, "
                        "randint or choice.")  # fmt: skip
    low, high = domain.lower, domain.upper
    if step is not None:  # Ray rounds to multiples of it.
        low, high = math.ceil(low / step - 1e-9) * step, math.floor(high / step + 1e-9) * step
    if isinstance(domain, Integer):
        if step is None:  # Then the end is not in it.
            high -= 1
        step = None if step == 1 else step
        entry: JsonObject = {"name": name, "type": "int", "low": int(low), "high": int(high)}
    else:
        entry = {"name": name, "type": "float", "low": float(low), "high": float(high)}
    if log and step is not None:
        raise UserError(f"AdvisorSearch has no steps on a logarithmic scale: give '{name}' as "
                        "tune.loguniform or tune.choice.")  # fmt: skip
    more: JsonObject = {"log": True} if log else {}
    return {**entry, **more} if step is None else {**entry, "step": step}
