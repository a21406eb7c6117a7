"""What training shows besides losses."""

import numpy as np
import pytest
import torch
from torch import nn

from advisor.data import load_dataset, prepare
from advisor.models import MLP, get_family
from advisor.training import train
from advisor.training.objective import FunctionObjective
from advisor.training.signals import Signals, loss_spread

SIGNALS = ("gradient_max", "gradient_ratio", "dead_units", "loss_spread")


def curve_of(family, config, data, **more):
    settings = {"metric": "accuracy", "seed": 0, "device": "cpu", "max_epochs": 3, **more}
    return train(family, config, data, **settings).curve


def test_signals_change_nothing_that_training_does(family, config, classes, monkeypatch):
    """Neither weights nor random state: dropout and the order of rows stay what they were."""
    chosen = config(dropout=0.3, normalisation="batch")
    seen = curve_of(family, chosen, classes)
    for name in ("see_gradients", "_see_units"):
        monkeypatch.setattr(Signals, name, lambda self, *given: None)
    unseen = curve_of(family, chosen, classes)
    for one, other in zip(seen, unseen, strict=True):
        assert other.gradient_ratio is None
        assert other.dead_units is None
        assert one.gradient_ratio > 0
        for name in ("train_loss", "val_loss", "val_metric", "gradient_norm"):
            assert getattr(one, name) == getattr(other, name)


def test_the_largest_gradient_is_at_least_the_mean(family, config, classes):
    for epoch in curve_of(family, config(), classes):
        assert epoch.gradient_max >= epoch.gradient_norm > 0


def test_gradients_of_a_deep_saturating_network_fade(config, classes):
    class Deep(MLP):
        def build(self, config, data):
            hidden = [layer for _ in range(8) for layer in (nn.Linear(16, 16), nn.Tanh())]
            layers = [nn.Linear(data.n_inputs, 16), *hidden, nn.Linear(16, data.n_outputs)]
            network = nn.Sequential(*layers)
            for weight in network.parameters():
                nn.init.normal_(weight, std=0.02)
            return network

    shallow = curve_of(MLP(), config(n_layers=1), classes)
    deep = curve_of(Deep(), config(), classes)
    assert deep[0].gradient_ratio < 1e-4 < 1e-2 < shallow[0].gradient_ratio


def test_units_that_are_never_active_are_counted(config, classes):
    class Shifted(MLP):
        def build(self, config, data):
            network = super().build(config, data)
            with torch.no_grad():
                network[0].bias[:8] = -1e3
            return network

    chosen = config(n_layers=1, units=16, learning_rate=1e-5)
    assert curve_of(Shifted(), chosen, classes)[0].dead_units == pytest.approx(0.5)
    assert curve_of(MLP(), chosen, classes)[0].dead_units < 0.2
    without = curve_of(MLP(), config(n_layers=1, activation="tanh"), classes)
    assert [epoch.dead_units for epoch in without] == [None] * 3


def test_units_of_images_are_channels():
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2))
    with torch.no_grad():
        network[0].bias[:] = torch.tensor([-1e3, 1e3, 1e3, 1e3])
    signals = Signals(network)
    with signals.watching_units():
        network(torch.rand(5, 1, 4, 4))
    assert signals.dead_units() == pytest.approx(0.25)


def test_a_single_layer_has_no_ratio():
    signals = Signals(nn.Linear(3, 2))
    signals.see_gradients()
    assert np.isnan(signals.gradient_ratio())


def test_the_spread_of_losses_is_relative():
    assert loss_spread(np.array([1.0, 3.0])) == pytest.approx(0.5)
    assert loss_spread(np.array([10.0, 30.0])) == pytest.approx(0.5)
    assert np.isnan(loss_spread(np.array([1.0])))


def test_other_families_bring_signals_too(tmp_path):
    images = get_family("cnn")
    pixels = np.random.default_rng(0).integers(0, 255, (60, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", x=pixels, y=np.arange(60) % 2)
    data = prepare(load_dataset(tmp_path / "images.npz", modality="image"), 0)
    (epoch,) = curve_of(images, {**images.default(), "batch_size": 16}, data, max_epochs=1)
    assert all(getattr(epoch, name) is not None for name in SIGNALS)


def test_a_training_function_reports_its_own_signals():
    def function(config, report):
        report(0.5, train_loss=1.0, dead_units=0.25, gradient_max=3.0, gradient_ratio=0.1)
        return 0.5

    outcome = FunctionObjective(function, "maximize").evaluate({}, lambda epoch: None)
    assert outcome.curve[0].dead_units == 0.25
    assert outcome.curve[0].gradient_max == 3.0
