"""Tasks with known curves, for tests: values rise to an end that depends on the configuration."""

import numpy as np

from advisor.curves import SHARES, PastCurves, TaskCurves

KNOWN = np.ones(2, dtype=bool)


def curves(inputs, level=0.2, best=(0.3, 0.6), rng=None):
    """Return values at rungs: the nearer to `best` the better, the lower the first the slower."""
    ends = 0.9 - ((inputs - np.array(best)) ** 2).sum(1)
    pace = 4 + 16 * inputs[:, 0]
    way = 1 - np.exp(-pace[:, None] * np.array(SHARES))
    values = level + (ends - level)[:, None] * way / way[:, -1:]
    if rng is not None:
        values = values + 0.004 * rng.normal(size=values.shape)
    return np.maximum.accumulate(values, 1)


def task(seed, n=40):
    """Return a task with its own level and its own best configuration."""
    rng = np.random.default_rng(seed)
    inputs = rng.random((n, 2)).astype(np.float32).astype(float)
    best = np.array([0.3, 0.6]) + 0.08 * rng.normal(size=2)
    return TaskCurves(inputs, curves(inputs, rng.uniform(0.1, 0.4), best, rng), KNOWN)


def past(count=8, **options):
    """Return what so many tasks teach."""
    return PastCurves.learn([task(seed) for seed in range(count)], **options)
