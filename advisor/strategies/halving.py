"""Successive halving and Hyperband: bad trials are stopped early by their learning curves.

The stopping rule of asynchronous successive halving (Li et al. 2020, "ASHA", its stopping
variant as in Tune and Syne Tune): at 1, 3, 9, ... epochs a trial goes on only if it is among
the best third of those that came so far. Hyperband (Li et al. 2018) lets a part of the trials
run longer before they are judged, for curves that cross.
"""

from collections.abc import Sequence
from math import isfinite
from typing import ClassVar

import numpy as np

from advisor.strategies.sobol import SobolSearch

REDUCTION = 3
"""One trial of this many goes on at each rung, and rungs are this many times apart."""
MAX_RUNG = 3**6
"""The last epoch at which trials are judged."""


class SuccessiveHalving(SobolSearch):
    """Evenly spread configurations, two thirds of which are stopped at each rung."""

    name = "halving"
    adaptive = True
    brackets: ClassVar[int] = 1

    def stops(self, curve: Sequence[float | None]) -> bool:
        """Return whether a trial is not among the best third that came as far."""
        epoch = len(curve)
        if epoch not in self._rungs(len(self.observations)):
            return False
        mine = _best(curve, epoch, self.sign)
        as_far = [o.curve for o in self.observations if len(o.curve) >= epoch]
        others = [_best(other, epoch, self.sign) for other in as_far]
        known = np.array([*others, mine])
        known = known[np.isfinite(known)]
        if len(known) < REDUCTION:
            return False
        return bool(mine < np.quantile(known, 1 - 1 / REDUCTION, method="higher"))

    def _rungs(self, number: int) -> set[int]:
        first = REDUCTION ** (number % self.brackets)
        return {first * REDUCTION**k for k in range(7) if first * REDUCTION**k <= MAX_RUNG}


class Hyperband(SuccessiveHalving):
    """Successive halving in turns of three: judged from epoch 1, from 3, and from 9 on."""

    name = "hyperband"
    brackets = 3


def _best(curve: Sequence[float | None], epochs: int, sign: float) -> float:
    """Return the best of the first epochs, larger is better; -inf if there is none."""
    known = [sign * v for v in curve[:epochs] if v is not None and isfinite(v)]
    return max(known, default=-float("inf"))
