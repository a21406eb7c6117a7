"""What the trials of a study of Optuna say to a search: what ended, and what is being tried."""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TypedDict

from optuna.trial import FrozenTrial, TrialState

from advisor.integrations.optuna.spaces import HostSpace
from advisor.strategies import Observation
from knowledge_base.types import Config, ConfigDict

PLAN, FAILED = "advisor:plan", "advisor:failed"
"""System attributes of trials: what is planned for one, and that its objective failed."""

YOUNG = 60.0
"""Seconds within which another process plans what it has begun; later it is not waited for."""

MOST_BORN = 8
"""Trials of other processes that are thought to be planned at the same moment, at most."""


class Plan(TypedDict):
    """What is kept with a trial.

    Attributes:
        config: the configuration that it is to try, by the names of our space.
        host, process: who runs it, where that is known to be who asked for it; else None.
    """

    config: ConfigDict
    host: str | None
    process: int | None


def plan_of(trial: FrozenTrial) -> Plan | None:
    """Return what is planned for a trial, None where nothing is yet."""
    found: Plan | None = trial.system_attrs.get(PLAN)
    return found


def made_plan(config: Config, running_here: bool) -> Plan:
    """Return the plan for a trial.

    Args:
        config: that it is to try.
        running_here: whether this process runs it, too.
    """
    if not running_here:
        return {"config": dict(config), "host": None, "process": None}
    return {"config": dict(config), "host": platform.node(), "process": os.getpid()}


def is_dead(trial: FrozenTrial) -> bool:
    """Return whether the process that ran a trial is known to be gone."""
    plan = plan_of(trial)
    if plan is None or plan["process"] is None or plan["host"] != platform.node():
        return False
    try:
        os.kill(plan["process"], 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OSError):
        return False
    return False


def curve_of(trial: FrozenTrial, epochs: int | None = None) -> tuple[float | None, ...]:
    """Return what a trial reported, in the order of its steps.

    Args:
        trial: of Optuna.
        epochs: that a whole training reports. Hosts such as Ray report all but the last, which is
            the value; then it belongs to the curve.
    """
    reports = sorted(trial.intermediate_values.items())
    values = [value for _, value in reports]
    if epochs is not None and trial.state == TrialState.COMPLETE and len(values) < epochs:
        last = values[-1:]
        values += [trial.value] if trial.value is not None and [trial.value] != last else []
    return tuple(value if isfinite(value) else None for value in values)


def is_infeasible(trial: FrozenTrial) -> bool:
    """Return whether a trial violates a constraint, in whichever way its version keeps them."""
    given: list[object] = list(trial.system_attrs.get("constraints") or ())
    given += [v for k, v in trial.system_attrs.items() if k.startswith("constraints:")]
    return any(isinstance(c, int | float) and not c <= 0 for c in given)


def is_stopped(trial: FrozenTrial, epochs: int | None) -> bool:
    """Return whether a trial was ended before it was done.

    Args:
        trial: that ended.
        epochs: that a whole training reports; hosts such as Ray say of a trial that their
            scheduler stopped that it is complete, after a single epoch without any report.
    """
    if trial.state == TrialState.PRUNED:
        return True
    # The value may stand for the last report.
    return epochs is not None and len(trial.intermediate_values) + 1 < epochs


def is_over(trial: FrozenTrial) -> bool:
    """Return whether a trial ended and says something; one whose process died says nothing."""
    if trial.state == TrialState.FAIL:
        return bool(trial.params) and FAILED in trial.system_attrs
    return trial.state in (TrialState.COMPLETE, TrialState.PRUNED) and bool(trial.params)


def reached(trial: FrozenTrial) -> float | None:
    """Return what a trial reached, None where it failed."""
    if trial.state == TrialState.FAIL or is_infeasible(trial):
        return None
    if trial.state == TrialState.COMPLETE:
        return trial.value
    values = [value for value in curve_of(trial) if value is not None]
    return values[-1] if values else None


def observation(trial: FrozenTrial, config: Config, epochs: int | None) -> Observation:
    """Return a trial that is over as strategies see it."""
    seconds = trial.duration.total_seconds() if trial.duration else None
    stopped = is_stopped(trial, epochs)
    curve = curve_of(trial, epochs)
    return Observation(config, reached(trial), seconds, curve, finished=not stopped)


@dataclass(frozen=True)
class Elsewhere:
    """What other trials are doing while one is planned.

    Attributes:
        configs: being tried, or about to be.
        born: trials that began just before this one, and whose plans are not known yet.
    """

    configs: list[ConfigDict]
    born: int


def elsewhere(trials: Sequence[FrozenTrial], own: FrozenTrial, space: HostSpace) -> Elsewhere:
    """Return what other trials do.

    Args:
        trials: of the study.
        own: that is planned.
        space: of the study.
    """
    tried: list[Mapping[str, object]] = []
    born = 0
    for trial in trials:
        if trial.number == own.number or is_dead(trial):
            continue
        fixed = trial.system_attrs.get("fixed_params", {})
        plan = plan_of(trial)
        if trial.state == TrialState.WAITING:
            tried += [fixed] if fixed else []
        elif trial.state != TrialState.RUNNING:
            continue
        elif trial.params or fixed or (plan is not None and plan["config"]):
            # What it asked for counts more than what was planned, and a later plan than none.
            tried.append({**(plan["config"] if plan else {}), **fixed, **trial.params})
        elif plan is None:
            born += trial.number < own.number and _young(trial, own)
    names = set(space.definition.hyperparameters)
    found = space.configs([_of(names, given) for given in tried])
    return Elsewhere([config for config in found if config is not None], min(born, MOST_BORN))


def _of(names: Iterable[str], given: Mapping[str, object]) -> dict[str, object]:
    wanted = set(names)
    return {name: value for name, value in given.items() if name in wanted}


def _young(trial: FrozenTrial, own: FrozenTrial) -> bool:
    if trial.datetime_start is None or own.datetime_start is None:
        return False
    return abs((own.datetime_start - trial.datetime_start).total_seconds()) <= YOUNG
