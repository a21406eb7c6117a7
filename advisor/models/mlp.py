"""Multilayer perceptrons for tables."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from advisor.models.base import ModelFamily

if TYPE_CHECKING:
    import torch

    from advisor.data import PreparedData
    from knowledge_base.space import SpaceDefinition

VERSION = 1


def _float(name: str, low: float, high: float, default: float, log: bool = False) -> dict[str, Any]:
    return {"type": "uniform_float", "name": name, "lower": low, "upper": high,
            "default_value": default, "log": log}  # fmt: skip


def _int(name: str, low: int, high: int, default: int, log: bool = False) -> dict[str, Any]:
    return {"type": "uniform_int", "name": name, "lower": low, "upper": high,
            "default_value": default, "log": log}  # fmt: skip


def _choice(name: str, choices: list[str], default: str) -> dict[str, Any]:
    return {"type": "categorical", "name": name, "choices": choices, "default_value": default}


DEFINITION: dict[str, Any] = {
    "name": "mlp",
    "version": VERSION,
    "hyperparameters": [
        _float("learning_rate", 1e-5, 1.0, 1e-3, log=True),
        _int("n_layers", 1, 5, 2),
        _int("units", 16, 512, 128, log=True),
        _int("batch_size", 16, 512, 64, log=True),
        _float("weight_decay", 1e-6, 1e-1, 1e-4, log=True),
        _float("dropout", 0.0, 0.7, 0.1),
        _choice("activation", ["relu", "leaky_relu", "gelu", "tanh"], "relu"),
        _choice("initialisation", ["xavier", "he"], "he"),
        _choice("normalisation", ["none", "batch", "layer"], "none"),
        _choice("gradient_clipping", ["off", "0.1", "1", "10"], "off"),
        _choice("optimizer", ["sgd", "adamw"], "adamw"),
        _float("momentum", 0.0, 0.99, 0.9),
        _choice("schedule", ["constant", "cosine", "step"], "constant"),
    ],
    "conditions": [{"type": "EQ", "child": "momentum", "parent": "optimizer", "value": "sgd"}],
}


@cache
def _space() -> "SpaceDefinition":
    from knowledge_base.space import SpaceDefinition

    return SpaceDefinition.from_dict(DEFINITION, where="the mlp family")


class MLP(ModelFamily):
    """Fully connected layers, each with normalisation, activation and dropout."""

    name = "mlp"
    version = VERSION

    def space(self) -> "SpaceDefinition":
        """Return the search space, version 1."""
        return _space()

    def build(self, config: Mapping[str, Any], data: "PreparedData") -> "torch.nn.Module":
        """Return the network: `n_layers` hidden layers of `units`, then a linear output."""
        from torch import nn

        layers: list[nn.Module] = []
        width = data.n_inputs
        for _ in range(config["n_layers"]):
            layers += _block(config, width)
            width = config["units"]
        layers.append(nn.Linear(width, data.n_outputs))
        network = nn.Sequential(*layers)
        _initialise(network, config)
        return network


def _block(config: Mapping[str, Any], width: int) -> "list[torch.nn.Module]":
    from torch import nn

    activations = {"relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "gelu": nn.GELU, "tanh": nn.Tanh}
    norms = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}
    block: list[nn.Module] = [nn.Linear(width, config["units"])]
    if config["normalisation"] in norms:
        block.append(norms[config["normalisation"]](config["units"]))
    block.append(activations[config["activation"]]())
    if config["dropout"] > 0:
        block.append(nn.Dropout(config["dropout"]))
    return block


def _initialise(network: "torch.nn.Module", config: Mapping[str, Any]) -> None:
    """Xavier (Glorot and Bengio 2010) or He (He et al. 2015) weights, zero biases."""
    from torch import nn

    for module in network.modules():
        if isinstance(module, nn.Linear):
            if config["initialisation"] == "he":
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            else:
                nn.init.xavier_normal_(module.weight)
            nn.init.zeros_(module.bias)
