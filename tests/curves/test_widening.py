"""Forecasts are as wide as left-out tasks say that they have to be."""

from dataclasses import replace

import numpy as np
import pytest
from curve_tasks import past, task

from advisor.curves import LAST, SHARES, CurveGP, PastCurves, learn_curves, quantiles
from advisor.curves.widening import learned_widening


def held(learned, tasks, seen):
    """Return how many ends lie in their intervals of 80%, a share."""
    inside = []
    for left_out in tasks:
        shown = left_out.values.copy()
        shown[5:, seen:] = np.nan
        model = CurveGP(learned, left_out.inputs, shown)
        running = np.arange(5, len(shown))
        forecasts = model.forecasts(left_out.inputs[5:], running, [LAST])
        low, high = quantiles(forecasts, [0.1, 0.9]).T
        ends = left_out.values[5:, LAST]
        inside += ((low <= ends) & (ends <= high)).tolist()
    return np.mean(inside)


def test_intervals_that_are_too_narrow_are_widened():
    tasks = [task(seed) for seed in range(12)]
    learned = PastCurves.learn(tasks)
    own, shared, level = (
        part / 9
        for part in (learned.deviations.own, learned.deviations.shared, learned.deviations.level)
    )
    assert learned_widening(learned, tasks)[1] < 1.1
    learned.deviations = replace(learned.deviations, own=own, shared=shared, level=level)
    others = [task(seed, n=25) for seed in range(50, 66)]
    before = held(learned, others, 3)
    learned.widening = learned_widening(learned, tasks)
    assert (learned.widening[:4] > 1.1).all()
    assert before + 0.05 < held(learned, others, 3) < 0.9


def test_standard_deviations_are_multiplied_by_what_was_seen_and_nothing_else_changes():
    learned, new = past(), task(40, n=4)
    shown = new.values.copy()
    for row, seen in enumerate((LAST + 1, 3, 1)):
        shown[row, seen:] = np.nan
    places, points = np.array([1, 2, -1]), new.inputs[1:]
    asked = [4, LAST]
    plain = CurveGP(learned, new.inputs[:3], shown[:3]).forecasts(points, places, asked)
    factors = np.ones(len(SHARES))
    factors[[0, 1, 3]] = 2.0, 1.5, 1.25
    learned.widening = factors
    wider = CurveGP(learned, new.inputs[:3], shown[:3]).forecasts(points, places, asked)
    by = np.array([1.25, 1.5, 2.0])[:, None, None] ** 2
    for one, other in zip(plain, wider, strict=True):
        assert (one.weight, one.scale) == (other.weight, other.scale)
        np.testing.assert_allclose(other.mean, one.mean)
        np.testing.assert_allclose(other.covariance, by * one.covariance)


def test_it_is_kept_and_what_older_versions_kept_is_not_widened():
    learned = learn_curves([task(seed) for seed in range(6)])
    arrays = learned.to_arrays()
    np.testing.assert_array_equal(PastCurves.from_arrays(arrays).widening, learned.widening)
    del arrays["widening"]
    assert (PastCurves.from_arrays(arrays).widening == 1).all()


@pytest.mark.parametrize("options", [{"trust": 0.0}, {"weights": np.array([1.0, 0.0, 0.0, 0.0])}])
def test_where_no_other_task_says_anything_nothing_is_widened(options):
    assert (learn_curves([task(seed) for seed in range(4)], **options).widening == 1).all()


def test_two_tasks_are_too_few():
    assert (learn_curves([task(1), task(2)]).widening == 1).all()


def test_tasks_with_few_trainings_or_without_first_rungs_are_learned_from():
    tasks = [task(seed, n=9) for seed in range(4)]
    assert (learn_curves(tasks).widening >= 1).all()
    for one in tasks:
        one.values[:, :2] = np.nan
    assert np.isfinite(learn_curves(tasks).widening).all()
