"""A warm start of a part of a space knows what is fixed."""

import numpy as np
import pytest

from advisor import KnowledgeBase, Tuner
from advisor.encoding import Encoder, sobol
from advisor.meta import Query, learner_for
from advisor.surrogates import Prior
from knowledge_base.space import SpaceDefinition, projected, restricted

SPACE = SpaceDefinition.from_dict(
    {
        "name": "net",
        "hyperparameters": {
            "learning_rate": {"type": "float", "low": 1e-5, "high": 1.0, "log": True,
                              "default": 1e-3},
            "optimizer": {"type": "categorical", "choices": ["sgd", "adamw"]},
            "momentum": {"type": "float", "low": 0.0, "high": 0.99, "default": 0.5},
            "units": {"type": "int", "low": 8, "high": 512, "log": True, "default": 64},
        },
        "conditions": [
            {"type": "EQ", "child": "momentum", "parent": "optimizer", "value": "sgd"}
        ],
    }
)  # fmt: skip
BEST = {"sgd": -1.0, "adamw": -3.5}
"""Logarithm of the good learning rate, which depends on the optimiser."""


def value(config):
    return -abs(np.log10(config["learning_rate"]) - BEST[config["optimizer"]])


@pytest.fixture(scope="module")
def kb():
    kb = KnowledgeBase(seed=False)
    for task in range(4):
        tuner = Tuner.create(SPACE, kb=kb, name=f"task {task}", metric="m", direction="maximize",
                             strategy="sobol", n_warm=0)  # fmt: skip
        for config in sobol(SPACE, 48, seed=task):
            tuner.tell(config, value(config))
    return kb


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_what_is_fixed_counts(kb, optimizer):
    part = restricted(SPACE, only=["learning_rate"], fixed={"optimizer": optimizer})
    found = learner_for(kb, part).recommend(Query(), 3)
    for item in found:
        assert part.complete(item.config) == item.config
        assert item.config["optimizer"] == optimizer
        assert item.config["units"] == 64
    assert value(found[0].config) > -0.7
    past = learner_for(kb, part).prior(Query())
    grid = projected(part, [{"learning_rate": 10.0**e} for e in np.linspace(-5, 0, 41)])
    expected = past.weights @ past.predict(Encoder(part).encode(grid))
    assert value(grid[int(np.argmax(expected))]) > -0.7


def test_the_search_asks_where_the_whole_past_points(kb):
    for optimizer in ("sgd", "adamw"):
        part = restricted(SPACE, only=["learning_rate"], fixed={"optimizer": optimizer})
        tuner = Tuner.create(part, kb=kb, name="new", metric="m", direction="maximize",
                             n_warm=1, contribute=False)  # fmt: skip
        for _ in range(3):
            config = tuner.ask()
            tuner.tell(config, value(config))
        assert tuner.best.value > -0.4


def test_a_stored_past_of_a_part_says_the_same(kb):
    part = restricted(SPACE, only=["learning_rate", "momentum"], fixed={"optimizer": "sgd"})
    past = learner_for(kb, part).prior(Query(), costs=True)
    again = Prior.from_arrays(past.to_arrays())
    points = Encoder(part).encode(sobol(part, 9, seed=5))
    np.testing.assert_allclose(again.predict(points), past.predict(points), rtol=1e-4, atol=1e-5)
    assert again.lengthscales.shape == (points.shape[1],)


def test_the_whole_space_is_asked_as_before(kb):
    part = restricted(SPACE)
    whole = learner_for(kb, SPACE).prior(Query())
    points = Encoder(SPACE).encode(sobol(SPACE, 9, seed=5))
    np.testing.assert_array_equal(
        learner_for(kb, part).prior(Query()).predict(points), whole.predict(points)
    )


def test_projections_fill_in_what_becomes_active():
    part = restricted(SPACE, only=["learning_rate", "momentum"], fixed={"optimizer": "sgd"})
    (found,) = projected(part, [{"learning_rate": 0.02, "optimizer": "adamw", "units": 99}])
    assert found == {"learning_rate": 0.02, "momentum": 0.5, "optimizer": "sgd", "units": 64}
    part = restricted(SPACE, fixed={"optimizer": "adamw"})
    given = {"learning_rate": 0.02, "optimizer": "sgd", "momentum": 0.1, "units": 99}
    assert "momentum" not in projected(part, [given])[0]
