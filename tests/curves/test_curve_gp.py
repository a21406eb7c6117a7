import numpy as np
import pytest
from curve_tasks import KNOWN, curves, past, task

from advisor.curves import (
    LAST,
    SHARES,
    CurveGP,
    Forecast,
    PastCurves,
    TaskCurves,
    expected_gain,
    gp,
    improvement_rates,
    probability_below,
    quantiles,
)
from advisor.curves.scale import Scale
from advisor.surrogates.kernels import matern52

ALL = range(len(SHARES))


def seen_up_to(values, rungs):
    """Return values with those after each row's number of rungs left out."""
    return np.where(np.arange(len(SHARES)) < np.array(rungs)[:, None], values, np.nan)


def test_a_forecast_is_the_conditional_normal_distribution(monkeypatch):
    """By the textbook, the constant as a normal number of a very large variance."""
    monkeypatch.setattr(gp, "BASIS", (0.4,))
    monkeypatch.setattr(gp, "SHARED", (0.7,))
    monkeypatch.setattr(gp, "OWN", (1.1,))
    learned = past(trust=1.0)
    rng = np.random.default_rng(5)
    inputs = rng.random((4, 2))
    values = seen_up_to(curves(inputs), [7, 3, 2, 1])
    model = CurveGP(learned, inputs, values)
    points = np.vstack([inputs[1:3], rng.random((2, 2))])
    trials = np.array([1, 2, -1, -1])
    found = model.forecasts(points, trials, [3, LAST])[0]

    rows, rungs = np.nonzero(np.isfinite(values))
    keep = [i for i in range(len(rows)) if (np.isfinite(values[rows[i], rungs[i] :])).sum() <= 3]
    rows, rungs = rows[keep], rungs[keep]
    seen = [(inputs[r], e, r) for r, e in zip(rows, rungs, strict=True)]
    asked = [(p, e, t) for p, t in zip(points, trials, strict=True) for e in (3, LAST)]
    everything = [*seen, *[(p, e, t if t >= 0 else 100 + i // 2)
                           for i, (p, e, t) in enumerate(asked)]]  # fmt: skip
    x = np.array([p for p, _, _ in everything])
    at = np.array([e for _, e, _ in everything])
    who = np.array([w for _, _, w in everything])
    expected = learned.expect(x)[:, np.arange(len(x)), at]
    mean = learned.weights @ expected
    basis = np.sqrt(learned.weights)[:, None] * (expected - mean)
    deviations, both = learned.deviations, np.ix_(at, at)
    covariance = (
        1e6
        + 0.25 * np.outer(mean, mean)
        + 0.4**2 * basis.T @ basis
        + deviations.level[both]
        + 0.7 * deviations.shared[both] * matern52(x, x, learned.lengthscales)
        + 1.1 * deviations.own[both] * (who[:, None] == who)
    )
    n = len(seen)
    inner = covariance[:n, :n] + gp.NOISE * np.eye(n)
    scores = found.scale.scores(values[rows, rungs])
    gain = np.linalg.solve(inner, covariance[:n, n:]).T
    right = mean[n:] + gain @ (scores - mean[:n])
    left = covariance[n:, n:] - gain @ covariance[:n, n:]
    np.testing.assert_allclose(found.mean.ravel(), right, atol=2e-3)
    for place in range(4):
        block = left[2 * place : 2 * place + 2, 2 * place : 2 * place + 2]
        np.testing.assert_allclose(found.covariance[place], block, atol=2e-3)


def test_weights_of_hypotheses_sum_to_one():
    learned, inputs = past(), np.random.default_rng(0).random((3, 2))
    values = seen_up_to(curves(inputs), [3, 2, 2])
    found = CurveGP(learned, inputs, values).forecasts(inputs, np.arange(3), [LAST])
    assert sum(f.weight for f in found) == pytest.approx(1)


def test_more_of_a_curve_says_more_of_its_end():
    learned, inputs = past(), np.random.default_rng(1).random((12, 2))
    values = curves(inputs, rng=np.random.default_rng(2))
    errors, widths = [], []
    for rungs in (2, 4, 6):
        shown = seen_up_to(values, [7] * 4 + [rungs] * 8)
        model = CurveGP(learned, inputs, shown)
        found = quantiles(model.forecasts(inputs[4:], np.arange(4, 12), [LAST]), [0.1, 0.5, 0.9])
        errors.append(np.abs(found[:, 1] - values[4:, LAST]).mean())
        widths.append((found[:, 2] - found[:, 0]).mean())
    assert errors[0] > errors[2]
    assert widths[0] > widths[1] > widths[2]


def test_intervals_of_left_out_tasks_hold_what_they_promise():
    learned, held = past(16), []
    for seed in range(30, 46):
        left_out = task(seed, n=20)
        shown = seen_up_to(left_out.values, [7] * 4 + [3] * 16)
        model = CurveGP(learned, left_out.inputs, shown)
        forecasts = model.forecasts(left_out.inputs[4:], np.arange(4, 20), [LAST])
        below = probability_below(forecasts, left_out.values[4:, [LAST]])
        held.append(((below > 0.1) & (below < 0.9)).mean())
    assert 0.6 < np.mean(held) < 0.95


def test_a_late_bloomer_is_expected_to_pass():
    """The lower its first coordinate the slower a curve, on all tasks."""
    inputs = np.array([[0.05, 0.6], [0.75, 0.6], [0.9, 0.1], [0.5, 0.5]])
    values = curves(inputs)
    assert values[0, 1] < values[1, 1] < values[0, LAST]
    model = CurveGP(past(), inputs, seen_up_to(values, [2, 2, 2, 2]))
    middle = quantiles(model.forecasts(inputs, np.arange(4), [LAST]), [0.5])[:, 0]
    assert middle[0] > middle[1]


def test_quantiles_invert_probabilities():
    scale = Scale(0.5, 0.1)
    forecasts = [
        Forecast(0.3, scale, np.array([[0.2], [1.0]]), np.full((2, 1, 1), 0.04)),
        Forecast(0.7, scale, np.array([[-1.0], [0.5]]), np.full((2, 1, 1), 0.25)),
    ]
    levels = [0.1, 0.5, 0.9]
    found = quantiles(forecasts, levels)
    np.testing.assert_allclose(probability_below(forecasts, found), [levels] * 2, atol=1e-6)
    reached = found[:, 1]
    bounded = quantiles(forecasts, levels, reached)
    np.testing.assert_allclose(bounded, np.maximum(found, reached[:, None]))


def test_without_a_look_it_is_expected_improvement_for_its_cost():
    scale, rng = Scale(0.0, 2.0), np.random.default_rng(0)
    forecast = [Forecast(1.0, scale, np.array([[0.3]]), np.array([[[0.5]]]))]
    drawn = 0.3 + np.sqrt(0.5) * rng.normal(size=400_000)
    right = 2.0 * np.maximum(drawn - 0.2, 0).mean()
    assert expected_gain(forecast, 0.4)[0] == pytest.approx(right, rel=0.01)
    assert improvement_rates(forecast, 0.4, np.array([3.0]))[0] == pytest.approx(
        right / 3, rel=0.01
    )


def test_the_best_plan_looks_in_between_where_that_tells_something():
    """Against all plans of this kind by simulation."""
    scale, rng, cost = Scale(0.0, 1.0), np.random.default_rng(1), np.array([1.0, 10.0])
    covariance = np.array([[0.5, 0.45], [0.45, 0.5]])
    forecast = [Forecast(1.0, scale, np.array([[-3.0, 0.0]]), covariance[None])]
    first, end = rng.multivariate_normal([-3.0, 0.0], covariance, size=300_000).T
    level, rates = 0.5, []
    for share in np.arange(1, 15) / 15:
        on = first > np.quantile(first, 1 - share)
        rates.append(np.maximum(end - level, 0)[on].sum() / len(end) / (1 + share * 9))
    found = improvement_rates(forecast, level, cost)[0]
    assert found == pytest.approx(max(rates), rel=0.1)
    assert found > 1.5 * expected_gain(forecast, level)[0] / 10


def test_what_is_kept_comes_back():
    learned = past(epochs=50)
    back = PastCurves.from_arrays(learned.to_arrays())
    points = np.random.default_rng(3).random((5, 2))
    np.testing.assert_array_equal(back.expect(points), learned.expect(points))
    assert (back.epochs, back.trust) == (50, 0.9)
    assert back.unit_prior == learned.unit_prior


def test_a_part_of_the_space_has_the_rest_fixed():
    learned = past()
    part = PastCurves.from_arrays(
        {**learned.to_arrays(), "free": np.array([1]), "fixed": np.array([0.25, 0.0])}
    )
    points = np.array([[0.2], [0.7]])
    whole = np.array([[0.25, 0.2], [0.25, 0.7]])
    np.testing.assert_array_equal(part.expect(points), learned.expect(whole))
    np.testing.assert_array_equal(part.kernel(points, points), learned.kernel(whole, whole))


def test_curves_of_other_rungs_are_refused():
    arrays = past(2).to_arrays()
    with pytest.raises(ValueError, match="other rungs"):
        PastCurves.from_arrays({**arrays, "shares": np.array([0.5, 1.0])})


def test_one_past_task_is_enough():
    learned = PastCurves.learn([task(1)])
    inputs = np.random.default_rng(0).random((3, 2))
    model = CurveGP(learned, inputs, seen_up_to(curves(inputs), [3, 1, 1]))
    assert np.isfinite(quantiles(model.forecasts(inputs, np.arange(3), [LAST]), [0.5])).all()


def test_trainings_without_the_first_rungs_are_learned_from():
    values = task(1).values.copy()
    values[:10, :3] = np.nan
    learned = PastCurves.learn([TaskCurves(task(1).inputs, values, KNOWN), task(2), task(3)])
    assert np.isfinite(learned.expect(np.array([[0.5, 0.5]]))).all()


def test_forecasts_do_not_depend_on_the_unit_of_the_metric_once_trainings_ended():
    learned, inputs = past(), np.random.default_rng(4).random((10, 2))
    shown = seen_up_to(curves(inputs), [7] * 6 + [3] * 4)
    found = [
        quantiles(
            CurveGP(learned, inputs, factor * shown).forecasts(
                inputs[6:], np.arange(6, 10), [LAST]
            ),
            [0.5],
        )[:, 0]
        / factor
        for factor in (1.0, 20.0)
    ]
    spread = shown[:6, LAST].max() - shown[:6, LAST].min()
    assert np.abs(found[0] - found[1]).max() < 0.15 * spread
