"""What others say is judged by what they say of the same, and bounded where it is used."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from test_standing import BAD, SPACE

from advisor.encoding import Encoder, sample
from advisor.encoding.bridge import partners
from advisor.meta import Experience, PortfolioLearner, Query
from advisor.meta.kin import kin_by, kin_weights
from advisor.meta.kin_learner import KinLearner
from advisor.meta.past_task import PastTask, mark
from advisor.meta.scores import normal_scores
from advisor.meta.standing import MAX_OTHERS, MAX_UNCONFIRMED, range_of
from advisor.meta.steadiness import steadiness
from advisor.models import get_family
from knowledge_base.identity import canonical_json
from knowledge_base.space import SpaceDefinition


def truth(config, number):
    at = abs(np.log10(config["rate"]) + 2.8 - 0.4 * (number % 5)) + 0.3 * np.sin(7 * number)
    return 0.9 - 0.1 * at - 0.01 * config["depth"] * (1 + 0.3 * np.cos(number))


def negated(config, number):
    return 1 - truth(config, number)


def corner_is_best(config, number):
    return 0.999 if config["rate"] > 0.1 else truth(config, number)


def told(number, who="", value_of=truth, data=None, task=None, space=SPACE, seed=None):
    """Return a past task of a contributor, "" for a trusted one."""
    configs = [*sample(space, 25, seed=number if seed is None else seed)]
    configs += [BAD] if space is SPACE else []
    values = np.array([value_of(config, number) for config in configs])
    shares = (values[:, None] > values).mean(1)
    keys = [canonical_json(config) for config in configs]
    n, name = len(configs), data or f"data {who} {number}"
    return PastTask(
        task_id=task or f"{who} {number} {name}",
        name=name,
        dataset_id=name,
        target="y",
        digest="",
        n_trials=n,
        referenced=True,
        metafeatures=None,
        best=tuple(keys[place] for place in np.argsort(-shares)[:20]),
        known=np.ones(len(Encoder(space).columns), dtype=bool),
        inputs=Encoder(space).encode(configs),
        scores=normal_scores(shares),
        marks=np.array([mark(key) for key in keys], dtype=np.uint64),
        shares=shares,
        values=values,
        durations=np.full(n, np.nan),
        failures=np.zeros(n, dtype=np.uint8),
        contributors=(who or "me",),
        trusted=not who,
    )


@pytest.fixture(scope="module")
def own():
    return Experience.learn([told(number) for number in range(12)], SPACE)


def with_others(own, *tasks):
    found = Experience.learn(tasks, SPACE, own)
    of = {}
    for place, task in enumerate(found.tasks):
        of.setdefault(task.contributors[0], []).append(place)
    return found, of


def test_what_all_share_is_taken_over_where_only_others_are_new(own, monkeypatch):
    def never(*_):
        raise AssertionError("learned again")

    for name in ("trust_in", "calibrate", "learn_agreement", "shared_lengthscales"):
        monkeypatch.setattr(f"advisor.meta.experience.{name}", never)
    found, _ = with_others(own, told(20, "bob"))
    assert found.calibration is own.calibration
    with pytest.raises(AssertionError, match="learned again"):
        Experience.learn([told(30)], SPACE, own)
    with pytest.raises(AssertionError, match="learned again"):
        Experience.learn([], SPACE, own.subset(range(8)))


def test_a_search_is_not_told_that_a_bad_configuration_is_best(own):
    lies = [told(number, "mallory", corner_is_best) for number in range(20, 25)]
    found, of = with_others(own, *lies)
    point = Encoder(SPACE).encode([BAD])
    _, most = range_of(own.models.predict(point))
    said, believed = (m.predict(point) for m in (found.models, found.sound(range(len(found)))))
    assert (said[of["mallory"]] > most + 0.5).all()
    assert (believed[of["mallory"]] < most + 0.3).all()
    assert np.array_equal(said[of["me"]], believed[of["me"]])
    prior = PortfolioLearner(found, SPACE).prior(Query())
    before = PortfolioLearner(own, SPACE).prior(Query())
    moved = prior.weights @ prior.predict(point) - before.weights @ before.predict(point)
    assert moved < 0.05


def test_one_lying_task_of_an_honest_contributor_counts_for_nothing(own):
    honest = [told(number, "bob") for number in range(20, 26)]
    found, of = with_others(own, told(27, "bob", negated, "data of a victim"), *honest)
    lying = [place for place in of["bob"] if found.tasks[place].name == "data of a victim"]
    assert (found.standing.factor[lying] == 0).all()
    assert not found.standing.vouched[lying].any()
    assert found.standing.confirmed[[place for place in of["bob"] if place not in lying]].all()


def test_copies_of_what_is_trusted_confirm_nobody(own):
    copies = [replace(told(n, "mallory"), dataset_id=own.tasks[n].dataset_id) for n in range(6)]
    found, of = with_others(own, *copies)
    assert not found.standing.confirmed.any()
    assert (found.standing.factor[of["mallory"]] <= 0.5).all()
    again, _ = with_others(own, *[told(number, "mallory") for number in range(20, 26)])
    assert again.standing.confirmed.any()


def test_who_contradicts_what_others_found_of_the_same_counts_less(own):
    """Bob and Carol tried the same on one task, and Dora says something else."""
    same = [told(40, who, task="shared", data="shared", seed=1) for who in ("bob", "carol")]
    other = told(40, "dora", negated, task="shared", data="shared", seed=1)
    own_tasks = [told(n, "dora") for n in range(20, 26)]
    found, of = with_others(own, *same, other, *own_tasks)
    (dora,) = [place for place in of["dora"] if found.tasks[place].task_id == "shared"]
    assert found.standing.factor[dora] == 0
    trusted = told(40, task="shared", data="shared", seed=1)
    taught = Experience.learn([*(told(n) for n in range(12)), trusted], SPACE)
    found, of = with_others(taught, *same, other)
    assert (found.standing.factor[[*of["bob"], *of["carol"]]] > 0).all()
    assert (found.standing.factor[of["dora"]] == 0).all()


def test_who_contradicts_himself_counts_less():
    rng, configs = np.random.default_rng(0), pd.Series(np.repeat([f"c{n}" for n in range(30)], 2))
    level = np.repeat(np.arange(30.0), 2)
    assert steadiness(configs, level + 0.1 * rng.standard_normal(60)) == 1.0
    assert steadiness(configs, rng.standard_normal(60)) < 0.5
    assert steadiness(configs, -level) == 1.0
    assert steadiness(pd.Series([f"c{n}" for n in range(60)]), rng.standard_normal(60)) == 1.0
    assert steadiness(configs, np.full(60, -np.inf)) == 1.0


def test_a_task_that_is_not_steady_weighs_less(own):
    found, of = with_others(own, replace(told(20, "bob"), steady=0.25), told(21, "carol"))
    assert found.standing.factor[of["bob"]] == 0.25 * found.standing.factor[of["carol"]]
    again = Experience.from_arrays(found.to_arrays())
    assert [task.steady for task in again.tasks] == [task.steady for task in found.tasks]


def test_where_nothing_is_trusted_the_median_over_contributors_decides():
    honest = [told(4 * n + k, f"honest {n}") for n in range(4) for k in range(3)]
    lies = [told(30 + n, "mallory", negated) for n in range(30)]
    found = Experience.learn([*honest, *lies], SPACE)
    names = np.array([task.contributors[0] for task in found.tasks])
    assert (found.standing.factor[names == "mallory"] == 0).all()
    assert (found.standing.factor[names != "mallory"] > 0).all()
    first = PortfolioLearner(found, SPACE).recommend(Query(), 1)[0]
    assert first.confidence == "low"
    assert truth(first.config, 2) > 0.7


def test_where_nothing_is_trusted_no_contributor_weighs_more_than_a_third():
    tasks = [told(n, "much", data=f"d{n}") for n in range(20)]
    tasks += [told(20 + n, f"some {n}") for n in range(3)]
    found = Experience.learn(tasks, SPACE)
    names = np.array([task.contributors[0] for task in found.tasks])
    weights = found.standing.bounded(np.full(len(names), 1 / len(names)))
    assert weights.sum() == pytest.approx(1)
    assert weights[names == "much"].sum() == pytest.approx(1 / 3)
    two = Experience.learn([*tasks[:6], tasks[-1]], SPACE).standing
    weights = two.bounded(np.full(7, 1 / 7))
    assert np.bincount(two.owners, weights=weights).max() == pytest.approx(0.5)


MINE = SpaceDefinition.from_dict(
    {
        "name": "mine",
        "hyperparameters": {
            "lr": {"type": "float", "low": 1e-6, "high": 10.0, "log": True},
            "bs": {"type": "int", "low": 16, "high": 256, "log": True},
            "drop_rate": {"type": "float", "low": 0.0, "high": 0.5},
        },
    }
)


def test_a_space_of_ones_own_is_guarded_in_the_same_way():
    """Most of what a family says of another's space may be lies."""
    family = get_family("mlp")
    space = family.space()

    def true(config, number):
        return -abs(np.log10(config["learning_rate"]) + 3.0 - 0.1 * (number % 5))

    def lie(config, number):
        return -true(config, number)

    taught = Experience.learn([told(n, value_of=true, space=space) for n in range(12)], space)
    lies = [told(n, f"mallory {n % 10}", lie, space=space) for n in range(40, 80)]
    known = Experience.learn(lies, space, taught)
    shared = partners(MINE, space)
    plain, poisoned = (kin_by(family, one, MINE, shared) for one in (taught, known))
    weights, vouched = kin_weights([poisoned], None), poisoned.vouched
    assert weights.sum() == pytest.approx(1)
    assert weights[~vouched].sum() <= MAX_UNCONFIRMED + 1e-9 < MAX_OTHERS
    first, after = (KinLearner([one], MINE).recommend(Query(), 1)[0] for one in (plain, poisoned))
    assert abs(np.log10(after.config["lr"]) - np.log10(first.config["lr"])) < 0.7
    assert after.confidence == first.confidence
    nobody = [replace(task, trusted=False, contributors=("bob",)) for task in taught.tasks]
    alone = kin_by(family, Experience.learn(nobody, space), MINE, shared)
    assert KinLearner([alone], MINE).recommend(Query(), 1)[0].confidence == "low"
