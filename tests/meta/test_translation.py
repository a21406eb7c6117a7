import json

import numpy as np
import pytest

from advisor.encoding import Encoder, sample
from advisor.encoding.aliases import match_names
from advisor.meta.translation import translate
from knowledge_base.space import SpaceDefinition

TARGET = SpaceDefinition.from_dict(
    {
        "name": "target",
        "hyperparameters": {
            "learning_rate": {"type": "float", "low": 1e-4, "high": 1e-1, "log": True},
            "units": {"type": "int", "low": 16, "high": 256, "log": True, "default": 64},
            "activation": {"type": "categorical", "choices": ["relu", "tanh"]},
            "dropout": {"type": "float", "low": 0.0, "high": 0.5, "default": 0.1},
        },
    }
)
ENCODER = Encoder(TARGET)


def translated(configs):
    (found,) = translate([[json.dumps(config) for config in configs]], TARGET)
    return found


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [
        (["learning_rate"], ["lr"], {"learning_rate": "lr"}),
        (["learning_rate"], ["learning_rate", "lr"], {"learning_rate": "learning_rate"}),
        (["batch_size"], ["batchSize"], {"batch_size": "batchSize"}),
        (["n_layers"], ["num-layers"], {"n_layers": "num-layers"}),
        (["units"], ["n_units", "hidden_size"], {}),  # which of the two is meant?
        (["units"], ["alpha"], {}),
        (["C"], ["C", "c"], {"C": "C"}),
    ],
)
def test_names_that_mean_the_same_are_matched(wanted, found, expected):
    assert match_names(wanted, found) == expected


def test_a_found_name_is_used_once():
    assert match_names(["units", "n_units"], ["hidden_size"]) == {"units": "hidden_size"}


def test_configurations_of_the_space_itself_stay_as_they_are():
    configs = sample(TARGET, 20, seed=0)
    found = translated(configs)
    assert found.exact.all()
    assert list(found.legal) == configs
    assert found.inputs == pytest.approx(ENCODER.encode(configs))
    assert found.known.all()


def test_what_is_missing_says_nothing_and_stands_at_its_default():
    configs = [{"learning_rate": 10.0**-k, "units": 2 ** (4 + k)} for k in (1, 2, 3)]
    found = translated(configs)
    known = dict(zip(ENCODER.columns, found.known, strict=True))
    assert known["learning_rate"]
    assert known["units"]
    assert not known["dropout"]
    assert not known["activation=relu"]
    assert found.legal[0]["dropout"] == 0.1
    assert not found.exact.any()
    assert (found.inputs[:, ~found.known] == 0).all()


def test_what_never_varied_says_nothing():
    configs = [{**config, "dropout": 0.3} for config in sample(TARGET, 10, seed=0)]
    found = translated(configs)
    assert not dict(zip(ENCODER.columns, found.known, strict=True))["dropout"]


def test_other_names_and_surplus_hyperparameters():
    configs = [{"lr": 10.0**-k, "hidden_size": 32, "momentum": 0.9} for k in (1, 2, 3)]
    found = translated(configs)
    assert [config["learning_rate"] for config in found.legal] == pytest.approx([0.1, 0.01, 1e-3])
    assert all(TARGET.complete(config) == config for config in found.legal)
    assert not found.exact.any()


def test_values_beyond_the_bounds_count_where_they_are_and_are_recommended_within():
    configs = [{"learning_rate": rate} for rate in (1.0, 1e-2, 1e-5, 1e-30)]
    found = translated(configs)
    column = found.inputs[:, ENCODER.columns.index("learning_rate")]
    assert column[0] == pytest.approx(4 / 3)
    assert column[2] == pytest.approx(-1 / 3)
    assert column[3] == -1.0
    assert [c["learning_rate"] for c in found.legal] == pytest.approx([0.1, 0.01, 1e-4, 1e-4])


def test_choices_that_the_space_lacks():
    configs = [{"learning_rate": 0.01, "activation": a} for a in ("relu", "swish", "tanh", 7)]
    found = translated(configs)
    assert [config["activation"] for config in found.legal] == ["relu", "relu", "tanh", "relu"]
    assert not found.exact.any()


@pytest.mark.parametrize("cell", ["fast", None, [1], True])
def test_cells_that_are_no_numbers_do_no_harm(cell):
    configs = [{"learning_rate": 0.01, "units": 32}, {"learning_rate": cell, "units": 64}]
    found = translated(configs)
    assert np.isfinite(found.inputs).all()
    assert all(TARGET.complete(config) == config for config in found.legal)


def test_nothing_in_common():
    assert translated([{"n_estimators": 100}, {"n_estimators": 10}]) is None


def test_tasks_are_translated_as_if_each_were_alone():
    first, second = sample(TARGET, 8, seed=0), [{"lr": 0.1 / k} for k in range(1, 5)]
    third = sample(TARGET, 5, seed=1)
    together = translate([[json.dumps(c) for c in t] for t in (first, second, third)], TARGET)
    for configs, found in zip((first, second, third), together, strict=True):
        alone = translated(configs)
        assert found.inputs == pytest.approx(alone.inputs)
        assert list(found.legal) == list(alone.legal)
        assert (found.known == alone.known).all()
        assert (found.exact == alone.exact).all()
