"""The search space of a study of Optuna: the user's, or what its trials asked for so far."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType, SimpleNamespace
from typing import cast

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial

from knowledge_base.importers.optuna_space import StudySpace, space_of
from knowledge_base.space import SpaceDefinition
from knowledge_base.space.hyperparameter import choice_key
from knowledge_base.types import Config, ConfigDict


@dataclass(frozen=True)
class HostSpace:
    """A space, and how parameters of Optuna become its configurations and back.

    Attributes:
        definition: the space.
        grown: how it was made of trials, None where the user gave it.
    """

    definition: SpaceDefinition
    grown: StudySpace | None = None

    @classmethod
    def of_trials(
        cls,
        name: str,
        trials: Sequence[FrozenTrial],
        more: Mapping[str, BaseDistribution] = MappingProxyType({}),
    ) -> "HostSpace | None":
        """Return the space that holds all that trials asked for; None where that is nothing.

        When a parameter is there is found from the trials that have it. A range that changed is
        widened to hold all.

        Args:
            name: of the space.
            trials: of the study, in any state.
            more: further parameters that are asked for.

        Raises:
            SpaceError: a parameter has no legal definition.
        """
        known = [trial for trial in trials if trial.distributions]
        if more:
            asked = SimpleNamespace(
                distributions=dict(more), params={}, state=SimpleNamespace(name="RUNNING")
            )
            known.append(cast(FrozenTrial, asked))
        if not known:
            return None
        grown = space_of(name, known)
        return cls(grown.definition, grown)

    def configs(self, params: Sequence[Mapping[str, object]]) -> list[ConfigDict | None]:
        """Return the configurations of trials; None for one that is outside of the space.

        A trial that lacks a parameter that should be there is one where it was inactive, so that
        it stands at its default.

        Args:
            params: of n trials, as Optuna has them.
        """
        if not params:
            return []
        defaults = {name: h.default for name, h in self.definition.hyperparameters.items()}
        full = [{**defaults, **self._ours(given)} for given in params]
        clean, reasons = self.definition.check(self.definition.frame(full))
        legal = (reasons == "").to_numpy()
        records = iter(self.definition.records(clean[legal]))
        return [next(records) if there else None for there in legal]

    def _ours(self, params: Mapping[str, object]) -> ConfigDict:
        if self.grown is not None:
            return self.grown.config(params)
        return {name: _plain(value) for name, value in params.items()}

    def value(self, name: str, config: Config, asked: BaseDistribution) -> "Found | None":
        """Return a parameter of a configuration as Optuna has it.

        Args:
            name: of the parameter.
            config: of the space.
            asked: what the trial asks for.

        Returns:
            None where the configuration has no such value, or what is asked for does not hold it.
        """
        if name not in config:
            return None
        if isinstance(asked, CategoricalDistribution):
            wanted = choice_key(config[name])
            ours = [(choice, self._ours({name: choice})[name]) for choice in asked.choices]
            chosen = [Found(choice) for choice, own in ours if choice_key(own) == wanted]
            return chosen[0] if chosen else None
        value = config[name]
        if isinstance(value, bool | str):
            return None
        number = fitting(asked, float(value))
        return None if number is None else Found(number)


@dataclass(frozen=True)
class Found:
    """A value of a parameter of Optuna, which may be None itself."""

    value: object


def fitting(asked: BaseDistribution, value: float) -> float | int | None:
    """Return a number as a distribution has it, on its steps; None where it lies outside."""
    if isinstance(asked, IntDistribution):
        whole = asked.low + round((value - asked.low) / asked.step) * asked.step
        return int(whole) if asked.low <= whole <= asked.high else None
    assert isinstance(asked, FloatDistribution)
    slack = 1e-9 * max(abs(asked.low), abs(asked.high))
    if not asked.low - slack <= value <= asked.high + slack:
        return None
    value = min(max(value, asked.low), asked.high)
    if asked.step is None:
        return value
    return min(asked.low + round((value - asked.low) / asked.step) * asked.step, asked.high)


def middle(asked: BaseDistribution) -> object:
    """Return what stands for a parameter of which nothing is known: its middle, or first choice."""
    if isinstance(asked, CategoricalDistribution):
        return asked.choices[0]
    assert isinstance(asked, FloatDistribution | IntDistribution)
    if asked.log:
        return fitting(asked, math.sqrt(asked.low * asked.high))
    return fitting(asked, asked.low + (asked.high - asked.low) / 2)


def drawn(asked: BaseDistribution, rng: np.random.Generator) -> object:
    """Return an even draw, on a logarithmic scale where the distribution has one."""
    if isinstance(asked, CategoricalDistribution):
        return asked.choices[int(rng.integers(len(asked.choices)))]
    assert isinstance(asked, FloatDistribution | IntDistribution)
    share = float(rng.random())
    half = 0.5 if isinstance(asked, IntDistribution) and asked.log else 0.0
    if asked.log:
        low, high = math.log(asked.low - half), math.log(asked.high + half)
        value = min(max(math.exp(low + share * (high - low)), asked.low), asked.high)
        return fitting(asked, value)
    if asked.step is not None:
        steps = math.floor((asked.high - asked.low) / asked.step + 1e-9)
        return fitting(asked, asked.low + int(rng.integers(steps + 1)) * asked.step)
    return asked.low + share * (asked.high - asked.low)


def _plain(value: object) -> object:
    """Return a choice as a space file has it: what is no text, number or truth is its text."""
    if isinstance(value, bool | int | float | str):
        return value
    return json.dumps(value, default=str) if isinstance(value, list | tuple) else str(value)
