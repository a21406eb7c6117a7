"""What is tried together with a configuration differs from it only in what may differ."""

import numpy as np
import pytest

from advisor.encoding import sample
from advisor.models import get_family
from advisor.strategies import STRATEGIES, Observation, make_strategy
from advisor.strategies.companions import FAINT, spread_out

FAMILY = get_family("mlp")
SPACE = FAMILY.space()


def searched(trials=8, name="bayesian"):
    strategy = make_strategy(name, SPACE, "maximize", seed=2)
    for config in sample(SPACE, trials, seed=0):
        value = -abs(np.log10(config["learning_rate"]) + 2.5)
        strategy.update([Observation(config, value, seconds=1.0)], [])
    (lead,) = strategy.suggest()
    return strategy, lead


def test_companions_have_the_shape_of_what_they_go_with_and_are_new():
    strategy, lead = searched()
    before = strategy.taken()
    found = strategy.companions(lead, 7, FAMILY.shapeless)
    assert 2 <= len(found) <= 7
    for place, config in enumerate(found):
        assert SPACE.complete(config) == config
        assert config not in before
        assert config not in found[:place]
        differing = {name for name in {*lead, *config} if lead.get(name) != config.get(name)}
        assert differing <= FAMILY.shapeless
    assert strategy.taken() == [*before, *found], "they count as being tried"


def test_companions_are_those_of_which_most_is_expected():
    strategy, lead = searched(20)
    found = strategy.companions(lead, 4, FAMILY.shapeless)
    off = [abs(np.log10(config["learning_rate"]) + 2.5) for config in found]
    assert np.mean(off) < 0.4


def test_too_little_is_known_at_first():
    strategy, lead = searched(3)
    assert strategy.companions(lead, 7, FAMILY.shapeless) == []


@pytest.mark.parametrize("name", [name for name in STRATEGIES if name not in ("gradient",)])
def test_any_strategy_may_be_asked(name):
    strategy, lead = searched(8, name)
    found = strategy.companions(lead, 2, FAMILY.shapeless)
    assert len(found) <= 2
    assert bool(found) == (name == "bayesian")


def test_of_two_that_say_the_same_one_is_chosen():
    scores = np.array([0.0, -0.1, -1.0, -FAINT - 1])
    alike = np.eye(4)
    alike[0, 1] = alike[1, 0] = 0.99999
    assert spread_out(scores, alike, 4) == [0, 2], "the last one is expected to bring too little"
    assert spread_out(scores, np.eye(4), 2) == [0, 1]
    assert spread_out(np.empty(0), np.empty((0, 0)), 3) == []
