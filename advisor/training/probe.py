"""Probing: a handful of cheap, short trainings that say which past tasks are alike."""

import time
from collections.abc import Sequence
from typing import TypeAlias

from advisor.training.objective import Objective
from advisor.training.report import StopTrial, as_report
from knowledge_base.records import EpochRecord
from knowledge_base.types import Config

PROBE_EPOCHS = 5
"""Enough to tell good configurations from bad ones on the shipped data sets (docs/method.md)."""

PROBE_CONFIGS = 8
"""How many configurations are tried shortly."""

ProbeOutcome: TypeAlias = tuple[Config, float | None]
"""A configuration with its value, of which larger is better; None where training failed."""


def probe(
    objective: Objective, configs: Sequence[Config], direction: str, seconds: float
) -> list[ProbeOutcome]:
    """Train configurations shortly, within a time limit, and return how good they were.

    Args:
        objective: limited to few epochs.
        configs: what to try, best first.
        direction: that of the objective, "minimize" or "maximize".
        seconds: for all of them; no configuration gets more than twice its equal share.

    Returns:
        Configurations with a value of which larger is better, None where training failed;
        fewer than given when the time was up.
    """
    sign = 1.0 if direction == "maximize" else -1.0
    end = time.monotonic() + seconds
    found: list[ProbeOutcome] = []
    for config in configs:
        if time.monotonic() >= end:
            break
        found.append((config, _try(objective, config, min(end, _share(seconds, configs)), sign)))
    return found


def _share(seconds: float, configs: Sequence[Config]) -> float:
    return time.monotonic() + 2 * seconds / len(configs)


def _try(objective: Objective, config: Config, end: float, sign: float) -> float | None:
    def report(epoch: EpochRecord) -> None:
        if time.monotonic() >= end:
            raise StopTrial("the time of this probe is over")

    try:
        value = objective.evaluate(config, as_report(report)).value
    except Exception:
        return None  # a configuration that fails is a bad one, that is all a probe asks
    return None if value is None else sign * value
