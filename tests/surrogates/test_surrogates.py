import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import spearmanr

from advisor.surrogates import PastModels, PastTrials, Prior, TransferGP
from advisor.surrogates.acquisition import log_expected_improvement
from advisor.surrogates.kernels import matern52
from advisor.surrogates.lengthscales import (
    _gradient,
    _padded,
    default_lengthscales,
    learn_lengthscales,
)
from advisor.surrogates.transfer import Posterior, mean_of


def landscape(points, centre=0.3):
    """Depends on the first column, a little on the second, not at all on the others."""
    return -((points[:, 0] - centre) ** 2) - 0.05 * (points[:, 1] - 0.5) ** 2


def normal_scores(values):
    return ndtri((values.argsort().argsort() + 0.5) / len(values))


def tasks(n_tasks=6, n=60, d=3, seed=0, sign=1.0):
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n_tasks):
        points = rng.random((n, d))
        scores = normal_scores(sign * landscape(points, rng.normal(0.3, 0.05)))
        found.append(PastTrials(points, scores, np.ones(d, dtype=bool)))
    return found


def shuffled(samples, seed=0):
    rng = np.random.default_rng(seed)
    return [PastTrials(s.inputs, rng.permutation(s.scores), s.known) for s in samples]


def test_kernel_is_one_at_no_distance_and_falls_with_it():
    points = np.array([[0.0, 0.0], [0.1, 0.0], [0.9, 0.0], [0.9, 0.9]])
    row = matern52(points[:1], points, np.array([0.5, 1.0]))[0]
    assert row[0] == pytest.approx(1)
    assert (np.diff(row) < 0).all()


def test_gradient_of_the_lengthscales_is_that_of_the_likelihood():
    samples = tasks(3, 25)
    x, z, mask = _padded([s.inputs for s in samples], [s.scores[:20] for s in samples], 3)

    def likelihood(parameters):
        total = 0.0
        for t in range(len(x)):
            rows = mask[t] > 0
            points, targets = x[t][rows], z[t][rows]
            kernel = matern52(points, points, np.exp(parameters[:3]))
            kernel += (np.exp(parameters[3 + t]) + 1e-6) * np.eye(len(points))
            signal = targets @ np.linalg.solve(kernel, targets) / len(targets)
            total -= 0.5 * (len(targets) * np.log(signal) + np.linalg.slogdet(kernel)[1])
        return total

    parameters = np.array([-0.3, 0.1, 0.4, -3.0, -2.0, -4.0])
    numeric = [
        (likelihood(parameters + h) - likelihood(parameters - h)) / 2e-5
        for h in 1e-5 * np.eye(len(parameters))
    ]
    assert _gradient(parameters, x, z, mask) == pytest.approx(numeric, rel=1e-3, abs=1e-3)


def test_what_does_not_matter_gets_a_long_lengthscale():
    samples = tasks()
    found = learn_lengthscales(
        [s.inputs for s in samples], [s.scores for s in samples], default_lengthscales(3)
    )
    assert found[0] < found[1]
    assert found[0] < 0.5 * found[2]


def test_models_of_past_tasks_predict_what_they_did_not_see():
    models = Prior.learn(tasks()).models
    points = np.random.default_rng(9).random((200, 3))
    expected = models.predict(points)
    assert expected.shape == (6, 200)
    for row in expected:
        assert spearmanr(row, landscape(points)).statistic > 0.9


def test_a_task_says_nothing_about_a_column_that_it_lacks():
    full = tasks(3)
    lacking = [
        PastTrials(s.inputs * [1, 1, 0], s.scores, np.array([True, True, False])) for s in full
    ]
    models = Prior.learn(full[:1] + lacking).models
    points = np.random.default_rng(1).random((50, 3))
    moved = points.copy()
    moved[:, 2] = 1 - moved[:, 2]
    assert models.predict(points)[1:] == pytest.approx(models.predict(moved)[1:])


def test_past_tasks_survive_a_file(tmp_path):
    past = Prior.learn(tasks())
    np.savez(tmp_path / "past.npz", **past.to_arrays())
    with np.load(tmp_path / "past.npz", allow_pickle=False) as arrays:
        again = Prior.from_arrays(dict(arrays))
    points = np.random.default_rng(1).random((20, 3))
    assert again.predict(points) == pytest.approx(past.predict(points), abs=1e-3)
    assert again.trust == past.trust


def test_trust_is_earned():
    assert Prior.learn(tasks()).trust > 0.9
    assert Prior.learn(shuffled(tasks(12))).trust < 0.3


def fitted(past, n=6, seed=5):
    points = np.random.default_rng(seed).random((n, 3))
    model = TransferGP(
        points, 10 * landscape(points), past.predict(points), past.weights,
        informed=[past.lengthscales, 0.4 * past.lengthscales], trust=past.trust,
    )  # fmt: skip
    return model, points


def evidence_of_past(model):
    """Return the posterior probability that the past says something, in [0, 1]."""
    return sum(share for solved, share in model._weighted if solved.hypothesis.past)


def test_few_trials_and_related_tasks_predict_better_than_few_trials_alone():
    past = Prior.learn(tasks())
    model, points = fitted(past)
    alone = TransferGP(points, 10 * landscape(points))
    test = np.random.default_rng(8).random((300, 3))
    truth = 10 * landscape(test)
    informed = np.abs(mean_of(model.posteriors(test, past.predict(test))) - truth).mean()
    plain = np.abs(mean_of(alone.posteriors(test, np.zeros((0, 300)))) - truth).mean()
    assert informed < 0.8 * plain


def test_trials_refute_hostile_tasks():
    past = Prior.learn(tasks(sign=-1.0))
    model, _ = fitted(past, n=25)
    test = np.random.default_rng(8).random((300, 3))
    predicted = mean_of(model.posteriors(test, past.predict(test)))
    assert np.corrcoef(predicted, landscape(test))[0, 1] > 0.9


def test_evidence_of_the_past_falls_when_it_misleads():
    good, _ = fitted(Prior.learn(tasks()), n=12)
    bad, _ = fitted(Prior.learn(shuffled(tasks())), n=12)
    assert evidence_of_past(good) > 0.9
    assert evidence_of_past(bad) < evidence_of_past(good) - 0.2


def test_predictions_follow_the_scale_and_offset_of_the_metric():
    past = Prior.learn(tasks())
    model, points = fitted(past)
    scaled = TransferGP(
        points, 5 + 1e4 * landscape(points), past.predict(points), past.weights,
        informed=[past.lengthscales, 0.4 * past.lengthscales], trust=past.trust,
    )  # fmt: skip
    test = np.random.default_rng(2).random((40, 3))
    first = mean_of(model.posteriors(test, past.predict(test)))
    second = mean_of(scaled.posteriors(test, past.predict(test)))
    assert second == pytest.approx(5 + 1e3 * first, rel=1e-6, abs=1e-3)


def test_posterior_returns_to_what_was_observed():
    past = Prior.learn(tasks())
    model, points = fitted(past, n=8)
    predicted = mean_of(model.posteriors(points, past.predict(points)))
    assert predicted == pytest.approx(10 * landscape(points), abs=0.3)


def test_log_expected_improvement_is_that_of_a_normal():
    mean, deviation, best = np.array([0.0, 0.5, -3.0, -40.0]), np.array([1.0, 0.2, 0.5, 1.0]), 0.4
    posterior = Posterior(1.0, mean, deviation**2, best)
    draws = np.random.default_rng(0).normal(size=2_000_000)
    sampled = [np.maximum(m + s * draws - best, 0).mean() for m, s in zip(mean, deviation)]  # noqa: B905
    found = log_expected_improvement([posterior])
    assert np.exp(found[:2]) == pytest.approx(sampled[:2], rel=0.01)
    assert np.isfinite(found).all()
    assert found[0] > found[2] > found[3]


def test_one_source_and_one_trial_are_enough():
    past = Prior.learn(tasks(1))
    model, points = fitted(past, n=1)
    assert past.trust == 0.5
    posteriors = model.posteriors(points, past.predict(points))
    assert all(np.isfinite(p.mean).all() and (p.variance > 0).all() for p in posteriors)


def test_many_points_are_thinned_evenly():
    rng = np.random.default_rng(0)
    points = rng.random((1500, 3))
    sample = PastTrials(points, normal_scores(landscape(points)), np.ones(3, dtype=bool))
    models = PastModels.fit([sample], default_lengthscales(3))
    assert models.to_arrays()["sizes"].tolist() == [300]
    test = rng.random((100, 3))
    assert spearmanr(models.predict(test)[0], landscape(test)).statistic > 0.98


def test_hypotheses_without_the_past_are_always_heard():
    model, points = fitted(Prior.learn(tasks()), n=25)
    plain = [p for p, (s, _) in zip(
        model.posteriors(points, np.zeros((6, len(points)))), model._weighted, strict=True
    ) if not s.hypothesis.past]  # fmt: skip
    assert sum(p.weight for p in plain) >= 0.049
    assert evidence_of_past(model) <= 0.951


def line(noise, n=16, seed=4):
    """Return a model of noisy values along the first column, each with its known noise."""
    rng = np.random.default_rng(seed)
    points = rng.random((n, 1))
    values = np.sin(3 * points[:, 0]) + 0.3 * rng.normal(size=n)
    return TransferGP(points, values, noise=noise), points, values


def variances(model, points):
    found = model.posteriors(points, np.zeros((0, len(points))))
    mean = mean_of(found)
    return np.sum([p.weight * (p.variance + (p.mean - mean) ** 2) for p in found], axis=0)


def test_the_posterior_is_wider_where_the_noise_is_larger():
    noise = np.full(16, 0.1)
    even, points, _ = line(noise)
    place = int(points[:, 0].argmax())  # at the edge no neighbour makes up for it
    noise[place] = 1.0
    uneven, _, _ = line(noise)
    here = points[[place]]
    assert variances(uneven, here)[0] > 1.2 * variances(even, here)[0]


def test_greater_known_noise_means_more_noise_in_the_posterior():
    implied = []
    for level in (0.03, 0.3, 0.6):
        model, _, _ = line(np.full(16, level))
        implied.append(sum(w * s.hypothesis.noise * s.scale for s, w in model._weighted))
    assert implied[0] < implied[1] < implied[2]
    assert implied[1] * model._observed.spread == pytest.approx(0.3, rel=0.35)


def test_noise_that_is_known_to_be_none_changes_nothing():
    points = np.random.default_rng(8).random((20, 1))
    none, _, _ = line(None)
    zero, _, _ = line(np.zeros(16))
    for first, second in zip(*(m.posteriors(points, np.zeros((0, 20))) for m in (none, zero)),
                             strict=True):  # fmt: skip
        assert np.array_equal(first.mean, second.mean)
        assert np.array_equal(first.variance, second.variance)


def test_the_best_so_far_is_not_the_luckiest_value():
    model, points, values = line(np.full(16, 0.3))
    found = model.posteriors(points, np.zeros((0, 16)))
    best = sum(p.weight * p.best for p in found)
    assert best < values.max() - 0.1
    assert all(p.best == pytest.approx(p.mean.max(), abs=1e-3) for p in found)
