"""Rungs: the shares of a configured training at which learning curves are compared.

A configuration that is trained for 60 epochs and one that is trained for 10 are alike at the
same share of their way: schedules of the learning rate end with the configured epochs. Rungs
are twice as far apart each time, as in successive halving (Jamieson and Talwalkar 2016).
"""

from collections.abc import Sequence
from math import isfinite

import numpy as np

SHARES = (0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.0)
"""Shares of the configured epochs; the last is the end."""

LAST = len(SHARES) - 1
"""The rung of finished trainings."""


def rung_epochs(epochs: int) -> np.ndarray:
    """Return the epoch of every rung of a training of so many epochs, 0 where it has none.

    Of rungs that fall on the same epoch only the last one counts.

    Args:
        epochs: that are configured, at least 1.
    """
    found = np.floor(np.array(SHARES) * epochs + 0.5).astype(int)
    found[-1] = epochs
    repeated = np.append(found[1:] == found[:-1], False)
    return np.where(repeated, 0, found)


def at_rungs(
    curve: Sequence[float | None], epochs: int, sign: float = 1.0, ended: bool = False
) -> np.ndarray:
    """Return the best value so far at every rung, larger is better, NaN where there is none.

    Args:
        curve: metric after each epoch; None or a number that is not finite counts as nothing.
        epochs: that are configured.
        sign: what values are multiplied with so that larger is better.
        ended: whether nothing follows the curve; then its best value stands at all later rungs.
    """
    values = [sign * v if v is not None and isfinite(v) else -np.inf for v in curve]
    best = np.maximum.accumulate(np.array(values, dtype=float))
    places = rung_epochs(epochs)
    found = np.full(len(SHARES), np.nan)
    if not len(best):
        return found
    reached = (places > 0) & (places <= len(best))
    found[reached] = best[places[reached] - 1]
    if ended:
        found[places > len(best)] = best[-1]
        found[LAST] = best[-1]
    found[~np.isfinite(found)] = np.nan
    return found
