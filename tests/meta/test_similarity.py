import numpy as np
import pytest

from advisor.meta.similarity import Alike, learn_agreement, task_weights, with_outcomes


def store(n_tasks=14, n_candidates=60, seed=0):
    """Tasks whose optimum moves with the metafeature "a"; "b" is noise."""
    rng = np.random.default_rng(seed)
    a, b = rng.random(n_tasks), rng.random(n_tasks)
    points = rng.random(n_candidates)
    scores = -np.abs(points - a[:, None]) + 0.02 * rng.normal(size=(n_tasks, n_candidates))
    features = [{"a": x, "b": y} for x, y in zip(a, b, strict=True)]
    return a, points, scores, features


def test_it_learns_which_metafeature_matters():
    _, _, scores, features = store()
    agreement = learn_agreement(features, scores)
    slopes = dict(zip(agreement.names, agreement.slopes, strict=True))
    assert slopes["a"] > 5 * slopes["b"] >= 0


def test_it_predicts_agreement_better_than_plain_distance_does():
    a, _, scores, features = store()
    held, others = 0, range(1, len(features))
    agreement = learn_agreement(features[1:], scores[1:])
    predicted = agreement.predict(features[held], features[1:])
    actual = [np.corrcoef(scores[held], scores[t])[0, 1] for t in others]
    plain = [-np.hypot(*(features[held][k] - features[t][k] for k in "ab")) for t in others]
    learned = np.corrcoef(predicted, actual)[0, 1]
    assert learned > 0.8
    assert learned > np.corrcoef(plain, actual)[0, 1]
    assert a[held] == features[held]["a"]


@pytest.mark.parametrize("query", [None, {}])
def test_without_metafeatures_all_tasks_count_the_same(query):
    _, _, scores, features = store()
    expected = learn_agreement(features, scores).predict(query, features)
    weights = task_weights(expected, 15.0, np.zeros(14, bool), np.ones(14))
    assert weights == pytest.approx(np.full(14, 1 / 14))


def test_past_tasks_without_metafeatures_are_typical():
    _, _, scores, features = store()
    agreement = learn_agreement([None, *features[1:]], scores)
    predicted = agreement.predict(features[3], [None, *features[1:]])
    assert predicted[0] == pytest.approx(agreement.typical)
    assert predicted[3] == max(predicted)


def test_what_is_expected_without_a_task_is_what_the_others_alone_teach():
    _, _, scores, features = store()
    some = [{**f, "a": np.nan} if t % 3 == 0 else f for t, f in enumerate(features)]
    some[4], some[5] = None, {**some[5], "own": 1.0}
    alike = Alike(some, scores)
    for place in range(len(some)):
        others = np.array([t for t in range(len(some)) if t not in (place, (place + 7) % 14)])
        left = [some[t] for t in others]
        alone = learn_agreement(left, scores[others])
        assert alike.agreement(others).names == alone.names
        assert (alike.expected(place, others) == alone.predict(some[place], left)).all()


def test_undefined_metafeatures_do_not_spread():
    _, _, scores, features = store()
    holes = [{**f, "a": np.nan} if t % 3 == 0 else f for t, f in enumerate(features)]
    agreement = learn_agreement(holes, scores)
    assert np.isfinite(agreement.predict({"a": np.nan, "b": 0.5, "new": 1.0}, holes)).all()


def test_few_tasks_teach_nothing_about_metafeatures():
    _, _, scores, features = store(4)
    assert learn_agreement(features, scores).predict(features[0], features).tolist() == [0.0] * 4


def test_outcomes_on_the_task_take_over():
    a, points, scores, features = store()
    expected = learn_agreement(features, scores).predict(None, features)
    order = np.argsort(a)
    like = order[0]
    chosen = np.arange(30)
    after = with_outcomes(expected, scores[:, chosen], -np.abs(points[chosen] - a[like]))
    assert after[like] > after.max() - 0.01
    assert np.corrcoef(after, -np.abs(a - a[like]))[0, 1] > 0.8


def test_one_outcome_or_equal_outcomes_say_nothing():
    _, _, scores, features = store()
    expected = learn_agreement(features, scores).predict(features[0], features)
    assert with_outcomes(expected, scores[:, :1], np.array([0.3])) is expected
    assert with_outcomes(expected, scores[:, :3], np.array([0.3, 0.3, 0.3])) is expected


def test_failed_outcomes_are_the_worst():
    scores = np.array([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]])
    after = with_outcomes(np.zeros(2), scores, np.array([0.9, 0.8, -np.inf]))
    assert after[0] > 0 > after[1]


def test_the_same_data_take_over_with_their_trials():
    same = np.arange(10) == 7
    few = task_weights(np.zeros(10), 7.0, same, np.full(10, 4.0))
    many = task_weights(np.zeros(10), 7.0, same, np.full(10, 200.0))
    assert [few.sum(), many.sum()] == pytest.approx([1, 1])
    assert 0.2 < few[7] < 0.5
    assert many[7] > 0.9
