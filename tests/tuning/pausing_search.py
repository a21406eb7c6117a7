"""A strategy that puts trials aside in a fixed pattern, and something for it to train."""

import numpy as np

from advisor.strategies import STRATEGIES
from advisor.strategies.random import RandomSearch
from advisor.training.base import Objective
from advisor.training.outcome import Outcome
from advisor.training.paused import Paused, curve_as_json, curve_of_json
from advisor.training.report import PauseTrial, StopTrial
from knowledge_base import SpaceDefinition
from knowledge_base.records import EpochRecord

SPACE = SpaceDefinition.from_dict(
    {"name": "line", "hyperparameters": {"x": {"type": "float", "low": -1, "high": 1}}}
)
EPOCHS = 6
AT_ONCE = 3
"""Trials that stand paused before one of them goes on."""

ENOUGH = 2
"""Trials that are trained to their end."""


class PausingSearch(RandomSearch):
    """Pauses every second epoch; of three that stand paused, the best goes on."""

    name = "pausing"
    adaptive = True
    pauses = True
    most = ENOUGH

    def should_pause(self, config, curve, seconds):
        assert seconds >= 0
        return len(curve) % 2 == 0

    def take_up(self):
        finished = sum(observation.finished for observation in self.observations)
        if finished >= self.most or (self.room != 0 and len(self.paused) < AT_ONCE):
            return None
        if not self.paused:
            return None
        return max(self.paused, key=lambda trial: self.sign * trial.value).config


def register(patch):
    """Let the strategy be called by its name."""
    places = {**STRATEGIES._places, "pausing": "pausing_search:PausingSearch"}
    patch.setattr(STRATEGIES, "_places", places)


def value_of(config, epoch):
    return (config["x"] - 0.3) ** 2 + 1 / epoch


class Walk(Objective):
    """Adds up something that only a whole training in its order comes to."""

    brief = True
    pausable = True

    def __init__(self, seen=None, before_epoch=lambda seen: None):
        self.seen, self.before_epoch = [] if seen is None else seen, before_epoch

    def evaluate(self, config, report):
        return self._walk(config, report, [], np.zeros(3))

    def go_on(self, config, report, paused):
        curve = curve_of_json(paused.facts["curve"])
        return self._walk(config, report, curve, np.array(paused.arrays["sum"]))

    def conclude(self, config, paused, reason):
        curve = curve_of_json(paused.facts["curve"])
        return self._outcome("stopped", curve, paused.arrays["sum"], reason)

    def _walk(self, config, report, curve, total):
        for number in range(len(curve) + 1, EPOCHS + 1):
            self.before_epoch(self.seen)
            self.seen.append((round(config["x"], 6), number))
            total = total * 1.1 + config["x"] * np.arange(3)
            curve = [*curve, EpochRecord(number, val_metric=value_of(config, number))]
            try:
                report(curve[-1])
            except PauseTrial as pause:
                if number == EPOCHS:
                    break
                found = self._outcome("stopped", curve, total, str(pause))
                facts = {"curve": curve_as_json(curve)}
                object.__setattr__(found, "paused", Paused(facts, {"sum": total}))
                return found
            except StopTrial as stop:
                return self._outcome("stopped", curve, total, str(stop))
        return self._outcome("complete", curve, total)

    def _outcome(self, state, curve, total, error=None):
        best = min(epoch.val_metric for epoch in curve)
        return Outcome(
            state, value=best, curve=tuple(curve), epochs=len(curve), error=error,
            duration=0.1 * len(curve), metrics={"sum": float(total.sum())},
        )  # fmt: skip
