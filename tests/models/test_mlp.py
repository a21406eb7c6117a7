import pytest
import torch
from torch import nn

from advisor.encoding import sobol, to_configspace
from advisor.models import get_family


class Data:
    """What a family needs to know of the data."""

    n_inputs, n_outputs = 7, 3
    categories = ()


@pytest.fixture(scope="module")
def family():
    return get_family("mlp")


def build(family, seed=0, **changes):
    torch.manual_seed(seed)
    return family.build({**family.default(), **changes}, Data())


def layers(network, kind):
    return [layer for layer in network if isinstance(layer, kind)]


def test_the_default_is_legal_and_has_no_inactive_value(family):
    default = family.default()
    assert family.space().complete(default) == default
    assert "momentum" not in default
    assert (default["optimizer"], default["learning_rate"]) == ("adamw", 3e-3)


def test_configspace_reads_the_space_and_has_the_same_default(family):
    space = to_configspace(family.space())
    assert dict(space.get_default_configuration()) == family.default()
    assert list(space.conditional_hyperparameters) == ["momentum"]


def test_momentum_belongs_to_sgd_only(family):
    space = family.space()
    assert "momentum" in space.active({**family.default(), "optimizer": "sgd"})
    assert "momentum" not in space.active({**family.default(), "optimizer": "adamw"})


def test_hidden_layers_have_the_chosen_number_and_width(family):
    network = build(family, n_layers=3, units=20)
    sizes = [(layer.in_features, layer.out_features) for layer in layers(network, nn.Linear)]
    assert sizes == [(7, 20), (20, 20), (20, 20), (20, 3)]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("relu", nn.ReLU), ("leaky_relu", nn.LeakyReLU), ("gelu", nn.GELU), ("tanh", nn.Tanh)],
)
def test_activations(family, name, kind):
    assert len(layers(build(family, activation=name), kind)) == 2


@pytest.mark.parametrize(
    ("name", "batch", "layer"), [("none", 0, 0), ("batch", 2, 0), ("layer", 0, 2)]
)
def test_normalisation(family, name, batch, layer):
    network = build(family, normalisation=name)
    assert len(layers(network, nn.BatchNorm1d)) == batch
    assert len(layers(network, nn.LayerNorm)) == layer


def test_dropout(family):
    assert [layer.p for layer in layers(build(family, dropout=0.3), nn.Dropout)] == [0.3, 0.3]
    assert layers(build(family, dropout=0.0), nn.Dropout) == []


@pytest.mark.parametrize(("name", "gain"), [("he", 2 / 256), ("xavier", 2 / 512)])
def test_initial_weights_have_the_variance_of_their_paper(family, name, gain):
    network = build(family, initialisation=name, n_layers=2, units=256)
    hidden = layers(network, nn.Linear)[1]
    assert hidden.weight.var().item() == pytest.approx(gain, rel=0.05)
    assert (hidden.bias == 0).all()


def test_the_seed_decides_the_initial_weights(family):
    first, again, other = (build(family, seed)[0].weight for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_every_configuration_of_the_space_can_be_built(family):
    inputs = torch.zeros(4, 7)
    for config in sobol(family.space(), 32, seed=1):
        assert family.build(config, Data())(inputs).shape == (4, 3)
