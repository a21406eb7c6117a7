"""Laws are learned from trials of a machine that other work slowed down."""

import numpy as np
import pytest

from scripts.seed.durations import Trainings, learned, positive_slopes


def trainings(load, count=2000):
    rng = np.random.default_rng(0)
    terms = np.column_stack([np.ones(count), rng.lognormal(3, 1, count), rng.lognormal(5, 1, count),
                             1 / rng.integers(1, 30, count)])  # fmt: skip
    slopes = np.array([2e-3, 1e-4, 3e-5, 1e-2])
    seconds = terms @ slopes * np.exp(load(count) + rng.normal(0, 0.05, count))
    reasons = np.column_stack([np.ones(count), rng.normal(size=count)])
    shares = -0.5 - 0.3 * reasons[:, 1]
    datasets = rng.integers(0, 9, count).astype(str)
    names, why = ("epoch", "step", "products", "begin"), ("one", "rate")
    return slopes, Trainings(
        names,
        2,
        terms,
        seconds,
        reasons,
        why,
        shares,
        datasets,
        np.full(count, 30.0),
        datasets,
        terms[:, 1],
    )


def test_slopes_of_an_idle_machine_are_found_in_spite_of_outliers():
    slopes, idle = trainings(np.zeros)
    seconds = idle.seconds.copy()
    seconds[::20] *= 50
    assert positive_slopes(idle.terms, seconds) == pytest.approx(slopes, rel=0.15)


def test_load_that_comes_and_goes_is_not_in_the_law():
    slopes, busy = trainings(lambda n: np.log(np.where(np.arange(n) // 200 % 2, 4.0, 1.0)))
    law, load = learned(busy)
    found = [law.calls["epoch"], law.calls["step"], law.numbers["products"], law.begin]
    assert found == pytest.approx(slopes, rel=0.2)
    assert np.exp(load[300]) == pytest.approx(4.0, rel=0.2)
    assert np.exp(load[100]) == pytest.approx(1.0, rel=0.2)
    assert law.epochs == pytest.approx({"one": -0.5, "rate": -0.3}, rel=0.02)
