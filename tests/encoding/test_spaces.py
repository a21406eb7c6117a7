import numpy as np
import pandas as pd
import pytest

from advisor.encoding import (
    Encoder,
    allowed,
    from_configspace,
    neighbours,
    sample,
    sobol,
    to_configspace,
)
from advisor.encoding.cube import to_points
from advisor.models import get_family
from knowledge_base import SpaceDefinition, SpaceError
from knowledge_base.space import restricted

MLP = get_family("mlp").space()


def space(**changes):
    body = {"lr": {"type": "float", "low": 1e-4, "high": 1.0, "log": True}, **changes}
    return SpaceDefinition.from_dict({"hyperparameters": body}, where="s.yaml")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"type": "flaot", "low": 0, "high": 1}, "did you mean 'float'"),
        ({"type": "float", "low": 2, "high": 1}, "low 2 is greater than high 1"),
        ({"type": "float", "low": 0, "high": 1, "log": True}, "low > 0"),
        ({"type": "float", "low": 0, "hihg": 1}, "did you mean 'high'"),
        ({"type": "float", "low": 0, "high": 1, "default": 3}, "outside"),
        ({"type": "int", "low": 0.5, "high": 3}, "whole number"),
        ({"type": "categorical", "choices": []}, "at least one"),
        ({"type": "categorical", "choices": ["a", "a"]}, "twice"),
        ({"type": "categorical", "choices": ["a"], "default": "b"}, "not one of"),
    ],
)
def test_mistakes_are_named(body, says):
    with pytest.raises(SpaceError, match=says) as error:
        space(x=body)
    assert "s.yaml: x" in str(error.value)


def test_conditions_on_unknown_parents_and_cycles_are_refused():
    both = {n: {"type": "categorical", "choices": ["u", "v"]} for n in ("alpha", "beta")}
    one = {"type": "EQ", "child": "alpha", "parent": "beta", "value": "u"}
    with pytest.raises(SpaceError, match="Did you mean 'beta'"):
        SpaceDefinition.from_dict(
            {"hyperparameters": both, "conditions": [{**one, "parent": "beta1"}]}
        )
    two = {"type": "EQ", "child": "beta", "parent": "alpha", "value": "u"}
    with pytest.raises(SpaceError, match="cycle"):
        SpaceDefinition.from_dict({"hyperparameters": both, "conditions": [one, two]})


def test_configspace_agrees_on_what_is_legal():
    configs = [dict(c) for c in to_configspace(MLP, 1).sample_configuration(200)]
    assert (MLP.validate(pd.DataFrame(configs)) == "").all()
    worse = pd.DataFrame(configs)
    worse.loc[::2, "learning_rate"] = 5.0
    worse.loc[1::2, "activation"] = "swish"
    assert (MLP.validate(worse) != "").all()


def test_round_trips(tmp_path):
    assert from_configspace(to_configspace(MLP)).space_id == MLP.space_id
    for name in ("s.json", "s.yaml"):
        MLP.write(tmp_path / name)
        again = SpaceDefinition.read(tmp_path / name)
        assert (again.space_id, again.version, again.name) == (MLP.space_id, MLP.version, "mlp")


def test_identity_ignores_order_and_spelling():
    ours = {
        "a": {"type": "float", "low": 0, "high": 1},
        "b": {"type": "int", "low": 1, "high": 4},
    }
    theirs = [
        {"name": "b", "type": "uniform_int", "upper": 4, "lower": 1},
        {"name": "a", "type": "uniform_float", "upper": 1.0, "lower": 0.0},
    ]
    first = SpaceDefinition.from_dict({"hyperparameters": ours})
    second = SpaceDefinition.from_dict({"name": "other", "hyperparameters": theirs})
    assert first.space_id == second.space_id
    assert first.space_id != space().space_id


def test_completing_drops_inactive_and_coerces():
    texts = {name: str(value) for name, value in MLP.default().items()}
    done = MLP.complete({**texts, "momentum": 0.5})
    assert done == MLP.default()
    assert isinstance(done["units"], int)
    with pytest.raises(SpaceError, match="did you mean 'dropout'"):
        MLP.complete({**MLP.default(), "droput": 0.5})
    with pytest.raises(SpaceError, match="momentum is missing"):
        MLP.complete({**MLP.default(), "optimizer": "sgd"})


@pytest.mark.parametrize("draw", [sample, sobol])
def test_draws_are_legal_distinct_and_seeded(draw):
    first = draw(MLP, 40, seed=1)
    assert len(first) == 40
    assert first == draw(MLP, 40, seed=1) != draw(MLP, 40, seed=2)
    assert all(MLP.complete(config) == config for config in first)
    assert ("momentum" in first[0]) == (first[0]["optimizer"] == "sgd")
    rates = np.log10([config["learning_rate"] for config in first])
    assert rates.min() < -4 < -1 < rates.max()


def test_neighbours_are_near_and_mostly_legal():
    default = MLP.default()
    points = neighbours(MLP, default, 200, np.random.default_rng(0))
    assert points.min() >= 0
    assert points.max() <= 1
    found = MLP.records(allowed(MLP, points))
    assert len(found) > 100
    assert all(MLP.complete(config) == config for config in found)
    changed = [
        sum(c.get(k) != pytest.approx(default.get(k)) for k in {*c, *default}) for c in found[:80]
    ]
    # One hyperparameter, or the optimiser and the momentum that comes with it.
    assert max(changed) <= 2
    rates = np.log10([config["learning_rate"] for config in found])
    assert np.median(np.abs(rates - np.log10(default["learning_rate"]))) < 0.5


def test_a_point_of_the_cube_is_where_its_configuration_is():
    configs = sample(MLP, 30, seed=3)
    points = to_points(MLP, configs, np.random.default_rng(0))
    again = MLP.records(allowed(MLP, points))
    for config, back in zip(configs, again, strict=True):
        assert back == pytest.approx(config)


def test_frames_and_configurations_encode_alike():
    configs = sample(MLP, 30, seed=3)
    frame = allowed(MLP, to_points(MLP, configs, np.random.default_rng(0)))
    assert Encoder(MLP).encode_frame(frame) == pytest.approx(Encoder(MLP).encode(configs))


def test_encoding_is_in_the_unit_cube_and_imputes_inactive():
    encoder = Encoder(MLP)
    encoded = encoder.encode(sample(MLP, 50, seed=0))
    assert encoded.shape == (50, len(encoder.columns))
    assert encoded.min() >= 0
    assert encoded.max() <= 1
    momentum = encoder.columns.index("momentum")
    assert encoder.encode([MLP.default()])[0, momentum] == pytest.approx(0.9 / 0.99)


def test_a_restricted_space_searches_what_was_named_and_keeps_the_rest():
    part = restricted(MLP, ["learning_rate", "dropout"], {"units": "64"})
    free = [h.name for h in part.hyperparameters.values() if h.kind != "constant"]
    assert free == ["dropout", "learning_rate"]
    for config in sample(part, 5, seed=0):
        assert MLP.complete(config) == config
        assert config["units"] == 64
        assert config["optimizer"] == MLP.hyperparameters["optimizer"].default
        assert "momentum" not in config  # belongs to another optimiser


def test_a_restricted_space_decides_the_conditions_it_can():
    part = restricted(MLP, ["momentum"], {"optimizer": "sgd"})
    assert not part.conditions
    assert part.hyperparameters["momentum"].kind == "float"
    kept = restricted(MLP, ["optimizer", "momentum"])
    assert kept.conditions == MLP.conditions
    nested = space(
        a={"type": "categorical", "choices": ["u", "v"]},
        b={"type": "int", "low": 1, "high": 9},
        c={"type": "float", "low": 0, "high": 1},
    ).to_dict()
    parts = [{"type": "EQ", "child": "c", "parent": "a", "value": "v"},
             {"type": "GT", "child": "c", "parent": "b", "value": 4}]  # fmt: skip
    nested["conditions"] = [{"type": "AND", "child": "c", "conditions": parts}]
    nested = SpaceDefinition.from_dict(nested)
    assert restricted(nested, fixed={"a": "v"}).conditions == (parts[1],)
    assert "c" not in restricted(nested, fixed={"a": "u"}).hyperparameters
    assert not restricted(nested, fixed={"a": "v", "b": 5}).conditions


@pytest.mark.parametrize(
    ("only", "fixed", "says"),
    [
        (["learning_rat"], {}, "did you mean 'learning_rate'"),
        (None, {"units": 10_000}, r"units = 10000 is outside whole numbers in \[16, 512\]"),
        (["units"], {"units": 64}, "'units' cannot be fixed and searched at once"),
        (["momentum"], {}, "'momentum' has no effect unless optimizer = sgd"),
    ],
)
def test_what_cannot_be_restricted_is_said(only, fixed, says):
    with pytest.raises(SpaceError, match=says):
        restricted(MLP, only, fixed)
