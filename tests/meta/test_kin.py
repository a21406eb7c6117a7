"""The store speaks for spaces that it has never seen."""

import subprocess
import sys

import numpy as np
import pytest

from advisor import Advisor, KnowledgeBase
from advisor.encoding import Encoder
from advisor.meta import Query
from advisor.meta.kin import kin_of, kin_weights
from advisor.meta.kin_learner import KinLearner, sentence
from advisor.meta.warm_start import warm_start
from advisor.surrogates import Prior
from knowledge_base import SpaceDefinition
from knowledge_base.errors import UserError
from knowledge_base.space import restricted

NUMBER = {"type": "float", "low": 0.0, "high": 1.0}
MINE = SpaceDefinition.from_dict(
    {
        "name": "mine",
        "hyperparameters": {
            "lr": {"type": "float", "low": 1e-6, "high": 10.0, "log": True},
            "bs": {"type": "int", "low": 16, "high": 256, "log": True},
            "drop_rate": {"type": "float", "low": 0.0, "high": 0.5},
            "beta1": {"type": "float", "low": 0.8, "high": 0.99},
        },
    }
)
FOREST = SpaceDefinition.from_dict(
    {
        "name": "forest",
        "hyperparameters": {
            "learning_rate": {"type": "float", "low": 0.01, "high": 0.3, "log": True},
            "max_depth": {"type": "int", "low": 2, "high": 12},
            "batch_size": {"type": "int", "low": 16, "high": 256},
        },
    }
)


@pytest.fixture(scope="module")
def kb(tmp_path_factory):
    return KnowledgeBase(tmp_path_factory.mktemp("kb") / "kb.duckdb")


@pytest.fixture(scope="module")
def learner(kb):
    return KinLearner.of(kb, MINE)


@pytest.fixture(scope="module")
def prior(learner):
    return learner.prior(Query())


def test_it_says_who_speaks_by_what(learner):
    assert learner.families == ["cnn", "forecaster", "mlp", "rnn"]
    assert sentence(learner) == (
        f"starts from {learner.n_tasks} past tasks of cnn, forecaster, mlp and rnn by bs, "
        "drop_rate and lr; beta1 is new."
    )


def test_the_prior_knows_what_a_learning_rate_does(prior):
    rates = np.array([1e-6, 1e-3, 10.0])
    units = (np.log(rates) - np.log(1e-6)) / (np.log(10.0) - np.log(1e-6))
    order = list(MINE.hyperparameters)
    points = np.full((3, 4), 0.3)
    points[:, order.index("lr")] = units
    low, middle, high = prior.weights @ prior.predict(points)
    assert middle > low + 0.5
    assert middle > high + 0.5


def test_what_is_new_changes_nothing(prior):
    points = np.full((2, 4), 0.4)
    points[1, list(MINE.hyperparameters).index("beta1")] = 0.9
    first, second = prior.predict(points).T
    assert np.allclose(first, second, atol=1e-6)


def test_it_is_stored_with_a_study(prior):
    again = Prior.from_arrays(prior.to_arrays())
    points = np.random.default_rng(0).random((5, 4))
    assert np.allclose(again.predict(points), prior.predict(points), atol=1e-3)
    assert (again.trust, again.configs) == (prior.trust, prior.configs)
    assert again.names == prior.names


def test_it_names_who_speaks_and_through_what(prior):
    assert len(prior.names) == len(prior.weights) == len(set(prior.names))
    assert any(name.endswith(("(mlp)", "(mlp, sgd)", "(mlp, adamw)")) for name in prior.names)


def test_recommendations_are_legal_and_distinct(learner):
    found = learner.recommend(Query(), 4)
    assert [item.rank for item in found] == [1, 2, 3, 4]
    assert len({str(MINE.complete(item.config)) for item in found}) == 4
    assert 1e-4 < found[0].config["lr"] < 0.3
    assert all(0 <= item.interval[0] <= item.expected <= item.interval[1] <= 1 for item in found)


def test_a_part_of_a_space_keeps_what_is_fixed(kb):
    part = restricted(MINE, only=["lr", "beta1"], fixed={"bs": 32})
    learner = KinLearner.of(kb, part)
    assert learner.spoken_of == ["lr"]
    assert {item.config["bs"] for item in learner.recommend(Query(), 2)} == {32}
    assert learner.prior(Query()).predict(np.zeros((1, 2))).shape[1] == 1


def test_trees_start_cold_and_are_told_why(kb):
    start = warm_start(kb, FOREST, "forest", Query(), 3)
    assert (start.warm, start.prior) == ([], None)
    assert start.told.startswith("starts cold")


def test_without_shipped_trials_a_search_starts_cold(tmp_path):
    start = warm_start(KnowledgeBase(tmp_path / "kb.duckdb", seed=False), MINE, "mine", Query(), 3)
    assert start.prior is None
    assert start.told.startswith("starts cold")


def test_a_search_starts_from_the_store(kb, learner):
    start = warm_start(kb, MINE, "mine", Query(), 3)
    assert start.told == sentence(learner)
    assert start.prior is not None
    assert [dict(item.config) for item in learner.recommend(Query(), 1)] == list(start.warm)


def test_a_cold_search_is_told_nothing(kb):
    assert warm_start(kb, MINE, "mine", Query(), 0).told == ""


def test_the_users_own_past_comes_first(tmp_path):
    advisor = Advisor(tmp_path / "kb.duckdb")

    def train(config, report):
        return abs(np.log10(config["lr"]) + 5)  # where no network of the store would learn

    for name in ("first", "second"):
        advisor.tune(
            objective=train,
            space=MINE,
            trials=8,
            name=name,
            strategy="random",
            direction="minimize",
        )  # fmt: skip
    start = warm_start(advisor.kb, MINE, "mine", Query(), 3)
    assert start.told.startswith("starts from 1 past task of this space")
    assert start.prior is not None
    assert start.warm[0]["lr"] < 1e-3


def test_advice_for_a_space_needs_no_data(kb):
    advice = Advisor(kb).recommend(space=MINE, n=2)
    assert len(advice.recommendations) == 2
    assert advice.about == "the space mine"
    assert advice.told == sentence(KinLearner.of(kb, MINE))


def test_with_data_the_family_of_their_kind_counts_for_more(kb):
    advice = Advisor(kb).recommend("sklearn:iris", space=MINE, n=1)
    assert advice.metric == "accuracy"
    kin = kin_of(kb, MINE)
    rows = np.repeat(
        [one.family.name for one in kin], [len(k.experience) * k.n_groups for k in kin]
    )
    weights = kin_weights(kin, Advisor().problem("sklearn:iris").metafeatures)
    even = kin_weights(kin, None)
    assert weights[rows == "mlp"].sum() > even[rows == "mlp"].sum() == pytest.approx(1 / 4)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "Give a data set"),
        ({"space": MINE, "target": "y"}, "`target` is about a data set"),
        ({"space": MINE, "probe": 3.0}, "`probe`"),
    ],
)
def test_what_does_not_go_together_is_refused(kb, given, says):
    with pytest.raises(UserError, match=says):
        Advisor(kb).recommend(**given)


def test_it_loads_no_heavy_library(kb, tmp_path):
    MINE.write(tmp_path / "space.yaml")
    code = (
        "import sys; from advisor import Advisor\n"
        f"Advisor({str(kb.path)!r}).recommend(space={str(tmp_path / 'space.yaml')!r})\n"
        "print([m for m in ('torch', 'scipy', 'sklearn', 'ConfigSpace') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_weights_that_shrink_too_fast_cost_something(kb):
    space = SpaceDefinition.from_dict(
        {
            "name": "decayed",
            "hyperparameters": {
                "lr": {"type": "float", "low": 1e-5, "high": 1.0, "log": True},
                "wd": {"type": "float", "low": 1e-6, "high": 0.1, "log": True},
                "momentum": {"type": "float", "low": 0.0, "high": 0.99},
            },
        }
    )
    configs = [{"lr": 0.1, "wd": wd, "momentum": 0.5} for wd in (1e-5, 1e-3, 0.1)]
    points = Encoder(space).encode(configs)
    for one in kin_of(kb, space):
        beyond = one.shrinking(one.bridge.across(points)[0])
        assert np.allclose(beyond, [0.0, 0.0, 2.0], atol=0.05)  # lr * wd of 1e-6, 1e-4 and 1e-2
    for one in kin_of(kb, MINE):  # a space without a weight decay
        assert not one.shrinking(one.bridge.across(np.full((2, 4), 0.9))[0]).any()
