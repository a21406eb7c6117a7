import numpy as np
import pytest
import torch
from torch import nn

from advisor.encoding import sobol, to_configspace
from advisor.models import get_family
from advisor.models.tables import MIXED, SPREAD, WAVES, Periodic


class Data:
    """What a family needs to know of the data."""

    n_inputs, n_outputs = 7, 3
    categories = ()


class Mixed(Data):
    """Numbers in the columns 0, 1 and 5; two groups of indicators, one of a single column."""

    categories = ((2, 3), (6, 1))


class Categories(Data):
    """No numbers at all."""

    categories = ((0, 4), (4, 1), (5, 2))


@pytest.fixture(scope="module")
def family():
    return get_family("mlp")


def build(family, seed=0, data=Data, **changes):
    torch.manual_seed(seed)
    return family.build({**family.default(), **changes}, data())


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


# Numeric columns.


def test_a_configuration_of_version_3_gives_the_network_that_it_gave(family):
    old = {n: value for n, value in family.default().items() if n != "numeric"}
    assert family.space_in(3).complete(old) == old
    torch.manual_seed(4)
    before = family.build(old, Mixed()).state_dict()
    now = build(family, 4, Mixed, numeric="plain").state_dict()
    assert list(before) == ["0.weight", "0.bias", "3.weight", "3.bias", "6.weight", "6.bias"]
    assert all(torch.equal(before[name], now[name]) for name in before)
    assert before.keys() == now.keys()


def test_version_3_is_the_space_without_it(family):
    now, before = family.space(), family.space_in(3)
    assert set(now.hyperparameters) - set(before.hyperparameters) == {"numeric"}
    assert {**before.default(), "numeric": "plain"} == family.default()
    assert (before.version, now.version) == (3, family.version)
    with pytest.raises(KeyError):
        family.space_in(2)


@pytest.mark.parametrize(("data", "numeric"), [(Data, range(7)), (Mixed, (0, 1, 5))])
def test_waves_of_numeric_columns_come_behind_all_columns(family, data, numeric):
    layer = build(family, data=data, numeric="periodic")[0]
    assert isinstance(layer, Periodic)
    assert layer.numeric.tolist() == list(numeric)
    x = torch.randn(5, 7) * 4
    with torch.no_grad():
        found = layer(x)
    assert found.shape == (5, layer.n_outputs) == (5, 7 + MIXED * len(numeric))
    others = sorted(set(range(7)) - set(numeric))
    assert torch.equal(found[:, others], x[:, others])


def test_they_are_those_of_the_papers(family):
    """In plain NumPy, number by number."""
    layer = build(family, data=Mixed, numeric="periodic")[0]
    x = np.random.default_rng(0).normal(size=(4, 7)).astype(np.float32) * 5
    with torch.no_grad():
        found = layer(torch.from_numpy(x)).numpy()
    f, b = (p.detach().numpy() for p in (layer.waves.frequencies, layer.waves.phases))
    weight, bias = (p.detach().numpy() for p in (layer.mix.weight, layer.mix.bias))
    for place, column in enumerate((0, 1, 5)):
        clipped = x[:, column] / np.sqrt(1 + (x[:, column] / 3) ** 2)
        assert found[:, column] == pytest.approx(clipped, rel=1e-5)
        for row in range(4):
            cosines = np.cos(2 * np.pi * f[place] * clipped[row] + b[place])
            made = [sum(cosines * weight[place, :, k]) + bias[place, k] for k in range(MIXED)]
            start = 7 + MIXED * place
            assert found[row, start : start + MIXED] == pytest.approx(made, rel=1e-4, abs=1e-5)


def test_far_values_are_clipped_smoothly_and_stay_apart(family):
    layer = build(family, numeric="periodic")[0]
    x = torch.tensor([[0.01], [5.0], [9.0], [-10.0]]).expand(4, 7)
    with torch.no_grad():
        near, five, nine, far = layer(x)[:, 0].tolist()
    assert near == pytest.approx(0.01, rel=1e-4)
    assert 2.5 < five < nine < 3
    assert far == pytest.approx(-10 / (1 + 100 / 9) ** 0.5, rel=1e-5)


def test_initial_waves_are_slow_and_start_anywhere(family):
    class Many(Data):
        n_inputs = 500

    layer = build(family, data=Many, numeric="periodic")[0]
    assert layer.waves.frequencies.shape == (500, WAVES)
    assert layer.waves.frequencies.std().item() == pytest.approx(SPREAD, rel=0.05)
    assert layer.waves.phases.abs().max().item() == pytest.approx(np.pi, rel=0.01)
    assert layer.waves.phases.mean().item() == pytest.approx(0, abs=0.1)


def test_without_numeric_columns_nothing_is_added(family):
    plain, periodic = (build(family, data=Categories, numeric=n) for n in ("plain", "periodic"))
    assert [type(layer) for layer in plain] == [type(layer) for layer in periodic]
    assert torch.equal(plain[0].weight, periodic[0].weight)


def test_indicators_beside_waves_become_vectors(family):
    network = build(family, data=Mixed, numeric="periodic", embedding="4")
    assert network[1].n_outputs == 3 + 3 * MIXED + 3 + 1
    x = torch.randn(2, 7)
    x[1] = x[0]
    x[1, 2:5] = 1 - x[0, 2:5]  # another category
    with torch.no_grad():
        first, second = network[1](network[0](x))
        assert network(x).shape == (2, 3)
    same = 3 + 3 * MIXED
    assert torch.equal(first[:same], second[:same])
    assert not torch.equal(first[same : same + 3], second[same : same + 3])
    assert first[-1] == second[-1]


def test_every_configuration_builds_whatever_the_columns(family):
    for data in (Mixed, Categories):
        for config in sobol(family.space(), 16, seed=2):
            assert family.build(config, data())(torch.zeros(4, 7)).shape == (4, 3)


@pytest.mark.parametrize(
    ("data", "expected"),
    [(Data, {"block", "embedding"}), (Mixed, {"block"}), (Categories, {"block", "numeric"})],
)
def test_what_does_nothing_is_what_makes_the_same_network(family, data, expected):
    """Every choice of it is tried, and one that is not called inert makes another network."""
    rules = {rule.hyperparameter: rule for rule in family.inert(data())}
    assert set(rules) == expected

    def weights(**changes):
        network = build(family, data=data, **{"n_layers": 1, **changes})
        return [(type(m).__name__, [p.tolist() for p in m.parameters(recurse=False)])
                for m in network.modules()]  # fmt: skip

    space = family.space()
    for name in ("block", "embedding", "numeric"):
        made = [weights(**{name: choice}) for choice in space.hyperparameters[name].choices]
        assert all(one == made[0] for one in made) == (name in rules), name
    deep = [weights(n_layers=2, block=block) for block in ("plain", "residual")]
    assert deep[0] != deep[1]
