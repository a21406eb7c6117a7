"""The search space of an Optuna study, from the distributions of its trials."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from knowledge_base.errors import ContributionError
from knowledge_base.importers.optuna_conditions import find_conditions
from knowledge_base.importers.own_space import lacking, without
from knowledge_base.space import SpaceDefinition
from knowledge_base.space.parsing import MAX_WHOLE
from knowledge_base.types import Config, ConfigDict, JsonObject

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class StudySpace:
    """A space, and how the parameters of trials become its configurations.

    Attributes:
        definition: the space.
        choices: choices of each categorical parameter by their `_key`.
        doubtful: choices that Optuna stores like an equal one (True like 1), as they are shown;
            by parameter and `_key`.
        unexplained: parameters that some trials lack, no other parameter saying when.
        warnings: what is stored in another form.
    """

    definition: SpaceDefinition
    choices: Mapping[str, Mapping[str, object]]
    doubtful: Mapping[str, Mapping[str, str]]
    unexplained: frozenset[str]
    warnings: tuple[str, ...]

    def own(self, config: Config) -> SpaceDefinition:
        """Return the space of a trial: it lacks what the trial lacks without an explanation."""
        absent = frozenset(lacking(self.definition, config) & self.unexplained)
        if not absent:
            return self.definition
        key = absent, frozenset(config)
        if key not in self._own:
            self._own[key] = without(self.definition, config, absent)
        return self._own[key]

    @cached_property
    def _own(self) -> dict[tuple[frozenset[str], frozenset[str]], SpaceDefinition]:
        return {}

    def config(self, params: Mapping[str, object]) -> ConfigDict:
        """Return parameters as values of the space."""
        return {name: self.value(name, value) for name, value in params.items()}

    def value(self, name: str, value: object) -> object:
        """Return one value as it is stored."""
        known = self.choices.get(name)
        return value if known is None else known.get(_key(value), value)

    def doubt(self, params: Mapping[str, object]) -> str:
        """Return why it is not known which configuration a trial had, '' if it is."""
        for name, value in params.items():
            either = self.doubtful.get(name, {}).get(_key(value))
            if either is not None:
                return f"{name} is {either}, between which Optuna does not tell"
            if isinstance(value, int) and abs(value) > MAX_WHOLE and name not in self.choices:
                return f"{name} = {value} is above 2**53, where whole numbers are not exact"
        return ""


def space_of(name: str, trials: Sequence["FrozenTrial"]) -> StudySpace:
    """Return the space that holds all trials of a study.

    Args:
        name: name of the space.
        trials: all finished trials.

    Raises:
        ContributionError: a parameter changed its kind.
        SpaceError: a parameter has no legal definition.
    """
    found: dict[str, list[BaseDistribution]] = {}
    for trial in trials:
        for parameter, distribution in trial.distributions.items():
            found.setdefault(parameter, []).append(distribution)
    choices: dict[str, dict[str, object]] = {}
    doubtful: dict[str, dict[str, str]] = {}
    warnings: list[str] = []
    entries: list[JsonObject] = []
    for parameter, distributions in found.items():
        entry = _hyperparameter(parameter, distributions)
        if "choices" in entry:
            given = entry["choices"]
            choices[parameter] = _plain_choices(given)
            doubtful[parameter] = _doubtful(given)
            kept = [v for k, v in choices[parameter].items() if k not in doubtful[parameter]]
            entry["choices"] = kept or list(choices[parameter].values())[:1]
            warnings += [
                f"{parameter}: {value!r} is stored as the text {choices[parameter][_key(value)]!r}."
                for value in given
                if choices[parameter][_key(value)] is not value
            ]
        entries.append(entry)
    conditions, unexplained = _conditions(found, trials, choices)
    definition = {"name": name, "hyperparameters": entries, "conditions": conditions}
    space = SpaceDefinition.from_dict(definition, where=f"the Optuna study '{name}'", stored=True)
    return StudySpace(space, choices, doubtful, frozenset(unexplained), tuple(warnings))


def _conditions(
    found: Mapping[str, Sequence["BaseDistribution"]],
    trials: Sequence["FrozenTrial"],
    choices: Mapping[str, Mapping[str, object]],
) -> tuple[list[JsonObject], set[str]]:
    from optuna.distributions import IntDistribution

    kinds = {
        name: "choice" if name in choices
        else "int" if isinstance(distributions[0], IntDistribution) else "float"
        for name, distributions in found.items()
    }  # fmt: skip
    # Trials that failed or were pruned may have asked for a part of their parameters only.
    found_by: tuple[list[JsonObject], set[str]] = ([], set(kinds))
    for states in (("COMPLETE", "PRUNED"), ("COMPLETE",), ("COMPLETE", "PRUNED", "FAIL")):
        params = [
            {name: choices.get(name, {}).get(_key(v), v) for name, v in trial.params.items()}
            for trial in trials
            if trial.params and trial.state.name in states
        ]
        if params:
            conditions, unexplained = find_conditions(kinds, params)
            if len(unexplained) < len(found_by[1]):
                found_by = conditions, unexplained
            if not unexplained:
                break
    return found_by


def _hyperparameter(name: str, distributions: Sequence["BaseDistribution"]) -> JsonObject:
    """Return our form of a distribution; ranges that changed are widened to hold all."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if len({type(distribution) for distribution in distributions}) > 1:
        raise ContributionError(f"The Optuna parameter '{name}' changed its kind during the study.")
    categories = [d for d in distributions if isinstance(d, CategoricalDistribution)]
    if categories:
        every = {_key(choice): choice for d in categories for choice in d.choices}
        return {"type": "categorical", "name": name, "choices": list(every.values())}
    ranges = [d for d in distributions if isinstance(d, FloatDistribution | IntDistribution)]
    low, high = min(d.low for d in ranges), max(d.high for d in ranges)
    if low == high:
        return {"type": "constant", "name": name, "value": low}
    kind = "uniform_int" if isinstance(ranges[0], IntDistribution) else "uniform_float"
    log = all(d.log for d in ranges)
    entry = {"type": kind, "name": name, "lower": low, "upper": high, "log": log}
    step = _step([(d.low, d.high, d.step) for d in ranges], low, high)
    return entry if step is None or log else {**entry, "step": step}


def _step(
    ranges: Sequence[tuple[float, float, float | None]], low: float, high: float
) -> float | None:
    """Return the step that all ranges have in common, None where they have none."""
    steps = {step for _, _, step in ranges}
    step = steps.pop()
    if steps or step is None or (isinstance(step, int) and step == 1):
        return None
    places = [(bound - low) / step for lowest, highest, _ in ranges for bound in (lowest, highest)]
    common = all(abs(place - round(place)) < 1e-9 * max(1.0, abs(place)) for place in places)
    return step if common else None


def _plain_choices(choices: Sequence[object]) -> dict[str, object]:
    """Return choices by their key; lists and what is no number come as texts.

    So does None where its text is another choice.
    """
    taken = {choice for choice in choices if isinstance(choice, str)}
    found: dict[str, object] = {}
    for choice in choices:
        finite = not isinstance(choice, float) or math.isfinite(choice)
        none = choice is None and str(None) not in taken
        if none or (isinstance(choice, str | int | float) and finite):
            found[_key(choice)] = choice
            continue
        text = json.dumps(choice, default=str) if isinstance(choice, list | tuple) else str(choice)
        while text in taken:
            text = f"({text})"
        taken.add(text)
        found[_key(choice)] = text
    return found


def _doubtful(choices: Sequence[object]) -> dict[str, str]:
    """Return the choices that equal another one; Optuna stores the place of the first."""
    numbers = [choice for choice in choices if isinstance(choice, bool | int | float)]
    found = {}
    for choice in numbers:
        same = [other for other in numbers if other == choice]
        if len(same) > 1:
            found[_key(choice)] = " or ".join(map(repr, same))
    return found


def _key(value: object) -> str:
    """Return what tells choices apart that Optuna read from its storage."""
    return repr(list(value) if isinstance(value, tuple) else value)
