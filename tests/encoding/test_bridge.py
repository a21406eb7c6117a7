"""Points of one space as points of another, by roles."""

import json

import numpy as np
import pytest

from advisor.encoding import Encoder
from advisor.encoding.bridge import REACH, bridge, far_side, partners
from advisor.models import get_family
from knowledge_base import SpaceDefinition

MLP = get_family("mlp").space()
MINE = SpaceDefinition.from_dict(
    {
        "name": "mine",
        "hyperparameters": {
            "lr": {"type": "float", "low": 1e-3, "high": 100.0 / 10, "log": True},
            "bs": {"type": "categorical", "choices": [16, 512]},
            "optim": {"type": "categorical", "choices": ["SGD", "Adam", "lbfgs"]},
            "units_1": {"type": "int", "low": 16, "high": 512, "log": True},
            "units_2": {"type": "int", "low": 16, "high": 512, "log": True},
            "beam": {"type": "int", "low": 1, "high": 9},
        },
    }
)
START = {"lr": 1e-3, "bs": 16, "optim": "SGD", "units_1": 16, "units_2": 16, "beam": 1}


@pytest.fixture(scope="module")
def crossed():
    made = bridge(MINE, MLP, partners(MINE, MLP), [MLP.default()])
    places = {name: column for column, name in enumerate(Encoder(MLP).columns)}

    def at(column, **config):
        (points,) = made.across(Encoder(MINE).encode([{**START, **config}]))
        return points[0, places[column]]

    return at


def test_partners_are_those_of_one_role():
    found = partners(MINE, MLP)
    assert found.of == {
        "learning_rate": ["lr"],
        "batch_size": ["bs"],
        "optimizer": ["optim"],
        "units": ["units_1", "units_2"],
    }
    assert found.new == ["beam"]


def test_numbers_keep_their_value_in_other_bounds(crossed):
    assert crossed("learning_rate", lr=1e-2) == pytest.approx(0.6, abs=1e-6)  # of 1e-5 to 1
    assert crossed("batch_size", bs=512) == pytest.approx(1.0)


def test_beyond_the_bounds_they_lie_outside_but_not_far(crossed):
    assert 1 < crossed("learning_rate", lr=10.0) <= 1 + REACH


def test_choices_are_what_they_mean(crossed):
    assert crossed("optimizer=adamw", optim="Adam") == pytest.approx(1)
    assert crossed("optimizer=sgd", optim="Adam") == pytest.approx(0)
    assert crossed("optimizer=sgd", optim="lbfgs") == pytest.approx(0.5)  # It is neither.


def test_several_layers_count_by_their_mean(crossed):
    assert crossed("units", units_1=16, units_2=512) == pytest.approx(0.5, abs=1e-6)


def test_what_has_no_partner_moves_nothing_and_is_searched_evenly():
    made = bridge(MINE, MLP, partners(MINE, MLP), [MLP.default()])
    points = Encoder(MINE).encode([START, {**START, "beam": 9}])
    assert np.array_equal(made.across(points)[:, 0], made.across(points)[:, 1])
    usual = np.full(points.shape[1], 7.0)
    scales = made.lengthscales(np.ones(len(Encoder(MLP).columns)), usual)
    assert scales[Encoder(MINE).columns.index("beam")] == 7.0
    assert scales[Encoder(MINE).columns.index("lr")] == pytest.approx(1 / 0.8, rel=1e-3)


def test_the_way_back_gives_legal_configurations():
    told = {**MLP.default(), "learning_rate": 1e-5, "batch_size": 64, "units": 100}
    frame = far_side(MLP, MINE, partners(MINE, MLP), [json.dumps(told)], None)
    (config,) = MINE.records(MINE.clean(frame))
    assert config == {"lr": 1e-3, "bs": 16, "optim": "Adam", "units_1": 100, "units_2": 100,
                      "beam": 5}  # fmt: skip
