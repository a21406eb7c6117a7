"""What changed nothing is not changed again."""

import pytest

from advisor.encoding import Encoder
from advisor.strategies import Observation, make_strategy
from advisor.strategies.candidates import unlike
from advisor.strategies.repeats import Repeats
from knowledge_base.space import SpaceDefinition

SPACE = SpaceDefinition.from_dict(
    {
        "name": "some",
        "hyperparameters": {
            "rate": {"type": "float", "low": 0.0, "high": 1.0},
            "idle": {"type": "categorical", "choices": ["a", "b", "c", "d", "e", "f"]},
        },
    }
)

IDLE = SpaceDefinition.from_dict(
    {
        "name": "idle",
        "hyperparameters": {
            "rate": {"type": "float", "low": 0.0, "high": 1.0},
            "kind": {"type": "categorical", "choices": ["a", "b"]},
            **{
                f"idle_{number}": {"type": "categorical", "choices": ["a", "b", "c", "d"]}
                for number in range(3)
            },
        },
    }
)


def seen(rate, idle, curve, **more):
    return Observation({"rate": rate, "idle": idle}, curve[-1], curve=curve, **more)


def test_equal_curves_say_what_does_nothing():
    encoder = Encoder(SPACE)
    repeats = Repeats(encoder)
    repeats.hear(seen(0.5, "a", (0.1, 0.2, 0.3)))
    repeats.hear(seen(0.5, "b", (0.1, 0.2, 0.3)))
    (columns,) = repeats.columns
    names = [name.partition("=")[0] for name in encoder.columns]
    assert columns.tolist() == [name == "idle" for name in names]
    taken = encoder.encode([{"rate": 0.5, "idle": "a"}])
    candidates = encoder.encode([{"rate": 0.5, "idle": "f"}, {"rate": 0.6, "idle": "a"}])
    assert unlike(candidates, taken).tolist() == [True, True]
    assert unlike(candidates, taken, repeats.columns).tolist() == [False, True]
    assert unlike(candidates[:1], taken, repeats.columns).tolist() == [True], "nothing else is left"


@pytest.mark.parametrize(
    ("curve", "other", "more"),
    [
        ((0.1, 0.2), (0.1, 0.2), {}),
        ((0.1, 0.1, 0.1), (0.1, 0.1, 0.1), {}),
        ((0.1, 0.2, 0.3), (0.1, 0.2, 0.300001), {}),
        ((0.1, 0.2, 0.3), (0.1, 0.2, 0.3), {"finished": False}),
    ],
    ids=["short", "of one value", "other", "stopped"],
)
def test_nothing_is_learned_where_that_may_be_chance(curve, other, more):
    repeats = Repeats(Encoder(SPACE))
    repeats.hear(seen(0.5, "a", curve))
    repeats.hear(seen(0.5, "b", other, **more))
    assert repeats.columns == []


def test_a_search_changes_what_does_nothing_no_more_than_it_has_to():
    """A model cannot know that a choice does nothing; equal curves tell."""

    def idle_moves(curves):
        strategy = make_strategy("bayesian", IDLE, "maximize", seed=1)
        tried = []
        for _ in range(20):
            (config,) = strategy.suggest()
            value = -((config["rate"] - 0.37) ** 2) + (config["kind"] == "b")
            curve = (value - 2, value - 1, value) if curves else ()
            strategy.update([Observation(config, value, curve=curve)], [])
            tried.append((config["rate"], config["kind"]))
        return len(tried) - len(set(tried))

    assert idle_moves(True) < idle_moves(False), (idle_moves(True), idle_moves(False))
